"""Keep flows in a database. Implements `ports.Store`."""
