"""What a flow is and which rules hold for it. Pure; no I/O."""
