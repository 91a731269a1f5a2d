"""Who calls, and under which request id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from triggerflow_chassis.errors import BadParameter, Forbidden
from triggerflow_chassis.identity import current
from triggerflow_chassis.ids import normalise

from triggerflow_orchestrator.app.commands import RequestKey

_MOST_REQUEST_ID: Final = 255


def project(asked: str) -> str:
    """The caller's project. Raises Forbidden where another one is named."""
    mine = current().project_id
    if asked and normalise(asked) != mine:
        raise Forbidden("You may not act in this project.")
    return mine


def request_key(
    project_id: str, request_id: str, method: str, fingerprint: str, render: Callable[[Any], bytes]
) -> RequestKey:
    """Raises BadParameter where the id is too long."""
    if len(request_id) > _MOST_REQUEST_ID:
        raise BadParameter("request_id", f"A request id has at most {_MOST_REQUEST_ID} characters.")
    return RequestKey(project_id, request_id, method, fingerprint, render)
