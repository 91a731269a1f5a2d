"""What the orchestrator does when asked: handlers that take commands and know ports, never transports."""
