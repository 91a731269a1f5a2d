"""Dotted Python paths as handlers, from modules that the host allows."""

from triggerflow_adapter_python.adapter import PythonAdapter

__all__ = ["PythonAdapter"]
