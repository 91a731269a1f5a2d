"""REST, SSE and WebSocket in front of the gRPC services, sign-in, and the canvas as static files."""
