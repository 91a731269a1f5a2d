"""Read secrets that a config names by `{"$env": NAME}` outside of nodes."""

from __future__ import annotations

from collections.abc import Callable

from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_adapter_sdk.errors import SecretRefused
from triggerflow_adapter_sdk.secrets import resolve_secret


def env_secrets(settings: AdapterSettings) -> Callable[[str, str], str]:
    """`(name, prefix)` → text. It raises SecretRefused where the host does not allow the name, or it is empty."""

    def read(name: str, prefix: str) -> str:
        found = resolve_secret(name, prefix, settings)
        if not found.secret:
            raise SecretRefused(f"the environment variable {name} is empty")
        return found

    return read
