"""gRPC in, gRPC out, and the bus."""
