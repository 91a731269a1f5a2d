"""Serve the registry over gRPC, and ask other services. The only room that knows generated code."""
