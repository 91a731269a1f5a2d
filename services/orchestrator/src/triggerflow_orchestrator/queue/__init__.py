"""Kicks: Celery on Redis tells workers that runs wait. The truth is in PostgreSQL; a kick that is lost costs time."""
