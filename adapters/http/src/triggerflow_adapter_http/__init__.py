"""HTTP requests as nodes, through the guarded client."""

from triggerflow_adapter_http.adapter import HttpAdapter

__all__ = ["HttpAdapter"]
