"""Find literals in the headers that carry secrets, whatever handler is behind them. Pure; no I/O.

docs/contract.md section 3: the values of these headers refuse literals and `$expr`. The rule holds for handlers that
are not installed here too, or a saved draft would keep the secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from triggerflow_chassis.errors import Violation
from triggerflow_chassis.jsontext import pointer

from triggerflow_registry.domain.flow import NodeObject

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def literal_headers(node: NodeObject) -> Iterator[Violation]:
    """Every header value of the node's handlers that must come from the environment and does not."""
    for key, handler in node["handlers"].items():
        headers = (handler.get("config") or {}).get("headers")
        if not isinstance(headers, Mapping):
            continue
        for name, value in headers.items():
            if name.strip().lower() in SECRET_HEADERS and not _from_environment(value):
                yield Violation(
                    pointer("handlers", key, "config", "headers", name),
                    f"{name} carries a secret and may not stand in a flow. "
                    'Put it into an environment variable and write {"$env": "NAME"}.',
                )


def _from_environment(value: object) -> bool:
    # Whether it is well formed is a question for the handler; it holds no literal that could be sent.
    return isinstance(value, Mapping) and "$env" in value
