"""Watching: history, then live, with one seam. No transport here."""
