"""The schemas of every body, in and out, as OpenAPI and AsyncAPI show them.

The mission's three stand here verbatim, so that whoever compares them finds the same. What the server answers is
closed, like what it takes: a member nobody documented fails the tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from triggerflow_chassis import schemas

from triggerflow_bff.problems import KINDS

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
# By their title; the file's name is the key under /schemas.
MISSION = {
    "TriggerFlowNodeMetadata": "node-metadata",
    "TriggerFlowExecutionRequest": "execution-request",
    "TriggerFlowExecutionEvent": "execution-event",
}

_TEXT: Schema = {"type": "string"}
_UUID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_POINTER: Schema = {"type": "string", "description": "A JSON pointer (RFC 6901)."}
_FREE: Schema = {"type": "object", "additionalProperties": True}


def ref(name: str) -> Schema:
    """A reference to the schema of that name."""
    return {"$ref": _PREFIX + name}


def closed(properties: dict[str, Schema], *, optional: tuple[str, ...] = (), description: str = "") -> Schema:
    """An object of exactly these members; those not optional are always there."""
    schema: Schema = {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"description": description} if description else {})


def page(name: str) -> Schema:
    """A page of a list."""
    return closed(
        {
            "items": {"type": "array", "items": ref(name)},
            "nextPageToken": {"type": ["string", "null"], "description": "null on the last page."},
        }
    )


@cache
def all_schemas() -> dict[str, Schema]:
    """By name. Shared, so do not change it."""
    document = _ours(schemas.load("flow"))
    definitions = document.pop("$defs")
    return {
        **{title: schemas.load(name) for title, name in MISSION.items()},
        "FlowDocument": document,
        "Edge": definitions["edge"],
        "Channel": definitions["channel"],
        "Endpoint": definitions["endpoint"],
        "PublishVersion": _ours(schemas.load("publish-version")),
        "Retry": _ours(schemas.load("retry")),
        "Retries": _ours(schemas.load("retries")),
        "AddIntervention": _ours(schemas.load("intervention")),
        "Intervention": closed({"id": _UUID, "executionId": _UUID, "value": {}, "by": _TEXT, "at": _TIME}),
        "InterventionPage": page("Intervention"),
        "RunNode": _ours(schemas.load("run-node")),
        **_reruns(),
        **_schedules(),
        **_flows(),
        **_executions(),
        **_hooks(),
        **_waits(),
        **_rest(),
    }


def _flows() -> dict[str, Schema]:
    drawing: dict[str, Schema] = {
        "nodes": ref("NodeList"),
        "edges": {"type": "array", "items": ref("Edge")},
        "channels": {"type": "array", "items": ref("Channel")},
    }
    named: dict[str, Schema] = {"name": _TEXT, "description": _TEXT}
    owned: dict[str, Schema] = {
        "id": _UUID,
        "projectId": _UUID,
        **named,
        "settings": ref("FlowSettings"),
        "latestVersion": {"type": ["string", "null"], "pattern": "^[1-9][0-9]*$"},
        "problems": {"type": "array", "items": ref("FlowProblem")},
        "createdAt": _TIME,
        "updatedAt": _TIME,
    }
    version: dict[str, Schema] = {
        "version": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "contentHash": _TEXT,
        "createdAt": _TIME,
        "message": _TEXT,
    }
    return {
        "NodeList": {"type": "array", "items": ref("TriggerFlowNodeMetadata")},
        "FlowSettings": closed(
            {
                "timeoutSeconds": {"type": "integer", "minimum": 1},
                "labels": {"type": "array", "items": _TEXT},
                "concurrency": {"type": "integer", "minimum": 1, "description": "Runs that go on at once, at most."},
                "onFailure": closed({"flowId": _UUID, "url": _TEXT}, optional=("flowId", "url")),
            },
            optional=("timeoutSeconds", "labels", "concurrency", "onFailure"),
        ),
        "FlowProblem": closed(
            {
                "severity": {"type": "string", "enum": ["error", "warning"]},
                "pointer": _POINTER,
                "nodeId": _UUID,
                "reason": _TEXT,
                "message": _TEXT,
            },
            optional=("nodeId",),
            description="What is unfinished in a draft. One of severity `error` refuses publishing.",
        ),
        "Flow": closed({**owned, **drawing}),
        "FlowSummary": closed(owned),
        "FlowPage": page("FlowSummary"),
        "Blueprint": closed({**named, **drawing, "settings": ref("FlowSettings")}),
        "VersionSummary": closed(version),
        "Version": closed({**version, "flow": ref("Blueprint")}),
        "VersionPage": page("VersionSummary"),
    }


def _executions() -> dict[str, Schema]:
    request = schemas.load("execution-request")["properties"]
    error = closed(
        {
            "type": _TEXT,
            "message": _TEXT,
            "nodeId": _UUID,
            "stack": _TEXT,
            "attempt": {"type": "integer", "minimum": 1},
        },
        optional=("nodeId", "stack", "attempt"),
    )
    return {
        "ExecutionError": error,
        "Metrics": {
            "type": "object",
            "additionalProperties": closed(
                {
                    "total": {"type": "number", "description": "All values told, added up."},
                    "count": {"type": "integer", "minimum": 1},
                    "unit": {"type": ["string", "null"]},
                }
            ),
            "description": "What handlers told by `ctx.metric`, by name; only where they did.",
        },
        "Execution": closed(
            {
                "id": _UUID,
                "projectId": _UUID,
                "flowId": _UUID,
                "blueprintVersion": _TEXT,
                "contentHash": _TEXT,
                "status": {
                    "type": "string",
                    "enum": ["queued", "running", "waiting", "succeeded", "failed", "cancelled"],
                },
                "inputs": {**_FREE, "description": "Large members are references; see ValueReference."},
                "outputs": {**_FREE, "description": "What output nodes have received so far, by their name."},
                "error": {"anyOf": [ref("ExecutionError"), {"type": "null"}]},
                "context": request["context"],
                "executionOptions": request["executionOptions"],
                "rerunOf": _UUID,
                "metrics": ref("Metrics"),
                "createdAt": _TIME,
                "startedAt": {"type": ["string", "null"], "format": "date-time"},
                "endedAt": {"type": ["string", "null"], "format": "date-time"},
            },
            optional=("rerunOf", "metrics"),
        ),
        "ExecutionPage": page("Execution"),
        "Activation": closed(
            {
                "id": _UUID,
                "nodeId": _UUID,
                "scope": _TEXT,
                "attempt": {"type": "integer", "minimum": 1},
                "status": {
                    "type": "string",
                    "enum": ["running", "waiting", "succeeded", "failed", "skipped", "cancelled"],
                },
                "inputs": {**_FREE, "description": "Only with `trace`."},
                "ports": {**_FREE, "description": "The value of each lit port."},
                "error": {"anyOf": [ref("ExecutionError"), {"type": "null"}]},
                "metrics": ref("Metrics"),
                "startedAt": _TIME,
                "endedAt": {"type": ["string", "null"], "format": "date-time"},
            },
            optional=("inputs", "metrics"),
            description="One time a node ran, or was skipped.",
        ),
        "ActivationPage": page("Activation"),
        "EventPage": closed(
            {
                "items": {"type": "array", "items": ref("TriggerFlowExecutionEvent")},
                "next": {**_UUID, "description": "Always a cursor: send it as `after`."},
            }
        ),
        "ValueReference": closed(
            {"$value": _TEXT, "bytes": {"type": "integer"}, "preview": _TEXT},
            description="Stands where a value is above 64 KiB; the value itself is at `/values/{ref}`.",
        ),
        "ProjectEvent": closed(
            {
                "id": _UUID,
                "type": {
                    "type": "string",
                    "enum": [
                        "flow.updated",
                        "flow.published",
                        "flow.released",
                        "execution.started",
                        "execution.completed",
                        "execution.failed",
                    ],
                },
                "timestamp": _TIME,
                "flowId": _UUID,
                "executionId": _UUID,
            },
            optional=("executionId",),
        ),
    }


def _schedules() -> dict[str, Schema]:
    time: Schema = {"type": ["string", "null"], "format": "date-time"}
    return {
        "Schedule": closed(
            {
                "flowId": _UUID,
                "flowName": _TEXT,
                "nodeId": _UUID,
                "nodeName": _TEXT,
                "cron": _TEXT,
                "sentence": {"type": "string", "description": "The expression in English."},
                "timeZone": _TEXT,
                "missed": {"type": "string", "enum": ["skip", "once", "all"]},
                "paused": {"type": "boolean"},
                "nextAt": {**time, "description": "null while it is paused, or where it is never due again."},
                "lastAt": {**time, "description": "The due time that last started a run."},
                "lastExecutionId": {"type": ["string", "null"], "format": "uuid"},
            },
            description="A schedule trigger of a flow's active version.",
        ),
        "SchedulePage": page("Schedule"),
        "SchedulePreview": closed({"sentence": _TEXT, "next": {"type": "array", "items": _TIME}}),
        "ScheduleCount": closed({"count": {"type": "integer"}}),
        "Firing": closed(
            {
                "dueAt": _TIME,
                "since": {**time, "description": "Of an entry that stands for several times: the first of them."},
                "status": {"type": "string", "enum": ["upcoming", "held", "ready", "started", "dropped", "missed"]},
                "reason": {"type": ["string", "null"], "description": "Why it waits, was dropped or missed."},
                "executionId": {"type": ["string", "null"], "format": "uuid"},
            },
            description="A due time, and what became of it: held by limits, about to start, started, or not.",
        ),
        "FiringPage": page("Firing"),
    }


def _reruns() -> dict[str, Schema]:
    number: Schema = {"type": ["number", "null"]}
    return {
        "RerunPlan": closed(
            {
                "executionId": _UUID,
                "from": {"type": "string", "description": "failure, start, or a node's id."},
                "blueprintVersion": _TEXT,
                "reused": {
                    "type": "array",
                    "items": closed({"nodeId": _UUID, "scope": _TEXT, "activationId": _UUID}),
                    "description": "Results taken over, by the activations of the old execution, in their order.",
                },
                "repeats": {
                    "type": "array",
                    "items": closed(
                        {
                            "nodeId": _UUID,
                            "name": _TEXT,
                            "effect": {"type": "boolean", "description": "Whether it changes something outside."},
                            "lastSeconds": {**number, "description": "null where it did not run then."},
                            "lastTokens": number,
                            "lastCost": number,
                        }
                    ),
                    "description": "Nodes that run, or may run.",
                },
                "changed": {"type": "array", "items": _UUID, "description": "Nodes that mean something else now."},
                "warnings": {"type": "array", "items": _TEXT},
                "estimate": closed({"seconds": number, "tokens": number, "cost": number}),
            },
            description="What running an execution again would do.",
        ),
        "NodeRun": closed(
            {
                "status": {"type": "string", "enum": ["succeeded", "failed"]},
                "ports": {**_FREE, "description": "The value of each lit port, whole."},
                "error": {"anyOf": [ref("ExecutionError"), {"type": "null"}]},
                "logs": {
                    "type": "array",
                    "maxItems": 1000,
                    "items": closed(
                        {
                            "level": {
                                "type": "string",
                                "enum": ["debug", "info", "warning", "error", "stdout", "stderr"],
                            },
                            "message": _TEXT,
                        }
                    ),
                },
                "seconds": {"type": "number"},
            },
            description="What one node did by itself.",
        ),
        "RetriedExecutions": closed(
            {
                "items": {
                    "type": "array",
                    "items": closed(
                        {
                            "executionId": _UUID,
                            "retriedAs": {"type": ["string", "null"], "format": "uuid"},
                            "problem": {"anyOf": [ref("Problem"), {"type": "null"}]},
                        }
                    ),
                }
            }
        ),
    }


def _hooks() -> dict[str, Schema]:
    return {
        "Hook": closed(
            {
                "nodeId": _UUID,
                "name": _TEXT,
                "kind": {"type": "string", "enum": ["core:webhook", "core:form", "core:chat"]},
                "path": {**_TEXT, "description": "Empty while the draft has none."},
                "url": {"type": ["string", "null"]},
                "secret": {
                    "type": ["string", "null"],
                    "description": "null where the environment holds it, and for forms and chats.",
                },
                "testUrl": {"type": ["string", "null"], "description": "Of webhooks."},
                "active": {"type": "boolean", "description": "Whether the active version answers at the path."},
            }
        ),
        "HookList": {"type": "array", "items": ref("Hook")},
        "HookListen": closed(
            {
                "testUrl": _TEXT,
                "until": _TIME,
                "call": {
                    "anyOf": [_FREE, {"type": "null"}],
                    "description": "What `out` would carry: `{body, headers, query, method}`. null while no call came.",
                },
                "calledAt": {"type": ["string", "null"], "format": "date-time"},
            },
            description="A listening for one call of a draft's webhook.",
        ),
        "HookOutputs": {**_FREE, "description": "The run's outputs by their name, large ones included."},
        "HookAccepted": closed(
            {
                "executionId": _UUID,
                "received": {"type": "boolean", "description": "Of `/hooks/test/`."},
                "stream": {"type": "string", "description": "Of a chat's page: where the answer streams."},
            },
            optional=("executionId", "received", "stream"),
        ),
    }


def _waits() -> dict[str, Schema]:
    answer = closed(
        {
            "decision": {
                "type": "string",
                "enum": ["approved", "rejected", "cancelled"],
                "description": "Of an approval; cancelled where its run ended, or went on without it.",
            },
            "data": {"description": "What was given with it. Large values are references."},
            "by": {"type": "string", "description": "Who; `clock` where its time had come."},
            "at": _TIME,
        },
        optional=("decision", "data"),
    )
    wait = closed(
        {
            "id": {**_UUID, "description": "Its activation's id."},
            "executionId": _UUID,
            "flowId": _UUID,
            "flowName": _TEXT,
            "nodeId": _UUID,
            "nodeName": _TEXT,
            "scope": _TEXT,
            "kind": {"type": "string", "enum": ["approval", "timer", "event"]},
            "status": {"type": "string", "enum": ["open", "answered", "expired", "cancelled"]},
            "schema": {"description": "JSON Schema of an approval's data.", "type": ["object", "boolean", "null"]},
            "assignees": {"type": "array", "items": _TEXT, "description": "Nobody named means anybody."},
            "input": {"description": "What the node was given. Large values are references."},
            "name": {"type": "string", "description": "Of an event."},
            "key": {"type": "string", "description": "Of an event."},
            "createdAt": _TIME,
            "dueAt": {"type": ["string", "null"], "format": "date-time"},
            "answer": {"anyOf": [ref("WaitAnswer"), {"type": "null"}]},
        },
        optional=("name", "key"),
        description="An activation that waits for an answer, an event or the clock.",
    )
    return {
        "WaitAnswer": answer,
        "Wait": wait,
        "WaitPage": page("Wait"),
        "ResumeRequest": closed(
            {
                "waitId": _UUID,
                "value": {
                    "description": "Of an approval `{decision: approved|rejected, data}`; of an event its value."
                },
            },
            optional=("value",),
        ),
        "SignalRequest": closed(
            {
                "name": {"type": "string", "minLength": 1, "maxLength": 1_000},
                "key": {"type": ["string", "integer"], "minLength": 1, "maxLength": 1_000},
                "value": {"description": "Any JSON of at most 65,536 bytes."},
            },
            optional=("value",),
        ),
        "Matched": closed({"matched": {"type": "integer", "minimum": 0}}),
    }


def _rest() -> dict[str, Schema]:
    node = schemas.load("node-metadata")
    return {
        "Handler": closed(
            {
                "reference": _TEXT,
                "adapter": _TEXT,
                "node": {
                    **{key: value for key, value in node.items() if key not in ("$schema", "$id", "title")},
                    "required": [name for name in node["required"] if name not in ("id", "position")],
                    "description": "A TriggerFlowNodeMetadata, complete but for id and position.",
                },
                "configSchema": {**_FREE, "description": "A JSON Schema (2020-12) of the handler's config."},
                "ui": _FREE,
                "pure": {"type": "boolean"},
                "health": closed(
                    {"status": {"type": "string", "enum": ["ok", "degraded", "down"]}, "message": _TEXT},
                    optional=("message",),
                ),
            },
            description="A kind of node that an adapter offers.",
        ),
        "HandlerPage": page("Handler"),
        "Schema": closed(
            {
                "name": _TEXT,
                "title": _TEXT,
                "id": {"type": "string", "format": "uri"},
                "type": {"type": "string", "enum": ["AVRO", "JSON"]},
                "version": _TEXT,
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}([0-9a-f]{48})?$"},
            },
            optional=("type", "version", "fingerprint"),
        ),
        "SchemaPage": page("Schema"),
        "Link": closed({"url": {"type": "string", "format": "uri"}}),
        "Status": closed({"status": _TEXT}),
        "Empty": closed({}),
        "JsonObject": _FREE,
        "Anything": {"description": "Any JSON value."},
        "Problem": closed(
            {
                "type": {"type": "string", "pattern": "^urn:triggerflow:problem:[A-Z_]+$"},
                "title": _TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": _TEXT,
                "reason": {"type": "string", "enum": sorted(KINDS)},
                "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "errors": {
                    "type": "array",
                    "maxItems": 100,
                    "items": closed({"pointer": _POINTER, "message": _TEXT}),
                },
                "currentEtag": {"type": "string", "description": "With 412: the tag the resource has now."},
                "answer": {
                    "anyOf": [ref("WaitAnswer"), {"type": "null"}],
                    "description": "With ALREADY_ANSWERED: the answer that came first.",
                },
                "missing": {
                    "type": "array",
                    "items": {"type": "string", "enum": ["orchestrator", "registry", "stream"]},
                    "description": "With 503 of /readyz: the services that are not up.",
                },
                "executionId": {**_UUID, "description": "With `RUN_FAILED`: the run."},
            },
            optional=("currentEtag", "answer", "missing", "executionId"),
            description="Why a call was refused (RFC 9457).",
        ),
    }


def _ours(schema: Schema) -> Schema:
    """One of our own schema files inside this document: its references point to the components."""
    titles = {schemas.load(name)["$id"]: title for title, name in MISSION.items()}

    def inside(value: Any) -> Any:
        if isinstance(value, list):
            return [inside(each) for each in value]
        if not isinstance(value, dict):
            return value
        target = value.get("$ref")
        if isinstance(target, str):
            if target in titles:
                return ref(titles[target])
            return ref(target.removeprefix("#/$defs/").capitalize())
        return {key: inside(each) for key, each in value.items() if key not in ("$id", "$schema")}

    result: Schema = inside(schema)
    return result
