"""Live and historical events with one seam. Holds no data."""
