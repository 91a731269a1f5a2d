"""Guarded HTTP for adapters. Import it when a request is due: its libraries take a quarter of a second."""

from triggerflow_adapter_sdk.http.addresses import refusal
from triggerflow_adapter_sdk.http.client import GuardedClient, Request, Response

__all__ = ["GuardedClient", "Request", "Response", "refusal"]
