"""Fan-out of executions to many WebSocket clients: the source, the compiled client, and a bare uvicorn beside it."""
