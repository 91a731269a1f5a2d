"""gRPC in and out: converts, calls, converts."""
