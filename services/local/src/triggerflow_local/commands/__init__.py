"""The commands that talk to a running server over HTTP. None imports a service."""
