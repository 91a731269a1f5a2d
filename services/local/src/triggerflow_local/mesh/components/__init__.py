"""One module for each server that the mesh stands on. Each has `server(folder)`, which starts nothing."""
