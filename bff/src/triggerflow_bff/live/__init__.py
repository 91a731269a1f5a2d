"""Events as they happen: one upstream per execution, fanned out to WebSockets and SSE."""
