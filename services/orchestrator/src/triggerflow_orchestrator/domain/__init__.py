"""What a run is and how it proceeds. Pure; no I/O."""
