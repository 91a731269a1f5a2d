"""Where executions are kept: SQLite files, and large values beside them."""
