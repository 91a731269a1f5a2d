"""What a watch is about: entries of a log, and where in it a reader stands."""
