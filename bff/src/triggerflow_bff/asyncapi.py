"""Write the AsyncAPI 3.0 document: the WebSocket of an execution, and both event streams. Pure."""

from __future__ import annotations

from typing import Any

from triggerflow_bff.components import all_schemas
from triggerflow_bff.live.websocket import BATCH

Json = dict[str, Any]

CLOSE_CODES = {
    1000: "After the last event.",
    1012: "The server restarts. Come back by the cursor.",
    4400: "The cursor is none.",
    4401: "Not signed in.",
    4403: "Not allowed.",
    4404: "No such execution.",
    4410: "The cursor is older than what is kept.",
    4429: "Too slow, or too many readers. Come back by the cursor.",
}


def document() -> Json:
    """The whole document."""
    codes = "\n".join(f"- {code}: {meaning}" for code, meaning in CLOSE_CODES.items())
    event = {"$ref": "#/components/schemas/TriggerFlowExecutionEvent"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TriggerFlow Canvas, live",
            "version": "1.0.0",
            "description": "Host and Origin are checked before the upgrade (403). Other refusals accept, "
            f"then close.\n\nClose codes:\n{codes}",
        },
        "defaultContentType": "application/json",
        "channels": {
            "executionEvents": {
                "address": "/executions/{executionId}/events",
                "title": "The events of an execution",
                "description": "WebSocket. Events after the cursor, each once and in order, history first, then live. "
                f"Who asks for the subprotocol `{BATCH}` gets arrays of events. As an event stream (SSE) too.",
                "parameters": {"executionId": {"description": "The execution."}},
                "messages": {
                    "event": {"$ref": "#/components/messages/executionEvent"},
                    "batch": {"$ref": "#/components/messages/executionEventBatch"},
                },
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "properties": {"after": {"type": "string", "format": "uuid"}},
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            },
            "projectEvents": {
                "address": "/events",
                "title": "What happens in the project",
                "description": "An event stream (SSE), from now on or from a cursor.",
                "messages": {"event": {"$ref": "#/components/messages/projectEvent"}},
                "bindings": {"http": {"bindingVersion": "0.3.0"}},
            },
        },
        "operations": {
            "sendExecutionEvents": {
                "action": "send",
                "summary": "Send every event of an execution, once and in order.",
                "channel": {"$ref": "#/channels/executionEvents"},
            },
            "sendProjectEvents": {
                "action": "send",
                "summary": "Send what happens in the project.",
                "channel": {"$ref": "#/channels/projectEvents"},
            },
        },
        "components": {
            "messages": {
                "executionEvent": _message("One event", event),
                "executionEventBatch": _message(
                    f"Several events, with `{BATCH}`",
                    {
                        "type": "array",
                        "minItems": 1,
                        "items": {"$ref": "#/components/schemas/TriggerFlowExecutionEvent"},
                    },
                ),
                "projectEvent": _message("One event of the project", {"$ref": "#/components/schemas/ProjectEvent"}),
            },
            "schemas": {name: all_schemas()[name] for name in ("TriggerFlowExecutionEvent", "ProjectEvent")},
        },
    }


def _message(title: str, payload: Json) -> Json:
    return {"title": title, "contentType": "application/json", "payload": payload}
