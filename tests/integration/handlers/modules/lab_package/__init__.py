"""A package whose inner module is reached by a longer path."""
