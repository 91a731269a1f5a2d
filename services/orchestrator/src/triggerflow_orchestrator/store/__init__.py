"""Where executions are kept: SQLite or PostgreSQL, and large values beside them."""
