"""The mesh on one machine: its real servers and our processes, each started, watched and ended by process id."""
