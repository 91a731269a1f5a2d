"""Write the AsyncAPI 3.0 document: WebSockets and event streams of the route table, and the topics of the mesh. Pure.

The channels are made of the same table that the application serves, the payloads of the same schemas, the topics of
what the producer reads. `x-close-codes` and `x-sse` say what AsyncAPI has no word for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from triggerflow_chassis.kafka import published

from triggerflow_bff.components import all_schemas, ref
from triggerflow_bff.live.websocket import BATCH
from triggerflow_bff.openapi import SESSION, TOKEN, path_parameters, shown_path
from triggerflow_bff.settings import Limits
from triggerflow_bff.table import Operation, Resource

Json = dict[str, Any]

CLOSE_CODES: Final = {
    1000: "After the last event.",
    1012: "The server restarts. Come back by the cursor.",
    4400: "The cursor is none.",
    4401: "Not signed in.",
    4403: "Not allowed.",
    4404: "No such execution.",
    4410: "The cursor is older than what is kept.",
    4429: "Too slow, or too many readers. Come back by the cursor.",
}
SSE: Final = "text/event-stream"

_DESCRIPTION = (
    "Follow executions and the project as they happen, each event once and in order, and go on from a cursor after "
    "any interruption. Host and Origin are checked before a WebSocket's upgrade (403); other refusals accept, then "
    "close."
)
# What an event of each schema is called here.
_NAMES: Final = {"TriggerFlowExecutionEvent": "executionEvent", "ProjectEvent": "projectEvent"}
_SSE_FRAME: Json = {
    "id": "The id of the event, which is the cursor: a browser sends it as Last-Event-ID when it comes back.",
    "data": "The payload, as JSON on one line.",
    "event": "Never sent.",
    "comment": f"A line `:` at once, and whenever nothing happened for {Limits().sse_comment_seconds:.0f} s.",
}
# As AsyncAPI calls what OpenAPI calls apiKey.
_SECURITY: Final[Json] = {"session": {"type": "httpApiKey", **SESSION}, "token": TOKEN}
_BINDING: Final = {"ws": "0.1.0", "http": "0.3.0", "kafka": "0.5.0"}


@dataclass(frozen=True, slots=True)
class _Stream:
    """An operation whose answer goes on, and the schema of one event of it."""

    resource: Resource
    operation: Operation
    schema: str

    @property
    def name(self) -> str:
        """What one event of it is called. Raises ValueError where it has no name here."""
        if self.schema not in _NAMES:
            raise ValueError(f"{self.resource.path} streams {self.schema}, which asyncapi.json has no name for")
        return _NAMES[self.schema]


def document(routes: Sequence[Resource]) -> Json:
    """The whole document. Raises ValueError for a stream that nobody named."""
    streams = list(_streams(routes))
    names = {stream.name: stream.schema for stream in streams}
    channels: Json = {}
    operations: Json = {}
    for stream in streams:
        if stream.resource.websocket:
            channels[f"{stream.name}s"] = _socket_channel(stream)
            operations |= _socket_operations(stream)
        channels[f"{stream.name}Stream"] = _stream_channel(stream)
        operations[f"stream{_capital(stream.name)}s"] = _stream_operation(stream)
    for topic in published.TOPICS:
        channels[_record(topic)] = _topic_channel(topic)
        operations[f"publish{_capital(_record(topic))}"] = _topic_operation(topic)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "TriggerFlow Canvas, live", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                **{name: _message(_title(name), ref(schema)) for name, schema in names.items()},
                **{f"{name}Batch": _batch(name, names[name]) for name in sorted(_sockets(streams))},
                **{_record(topic): _topic_message(topic) for topic in published.TOPICS},
            },
            "schemas": {schema: all_schemas()[schema] for schema in names.values()},
            "securitySchemes": _SECURITY,
        },
    }


def _streams(routes: Sequence[Resource]) -> Iterator[_Stream]:
    for resource in routes:
        for operation in resource.operations:
            for reply in operation.replies:
                schema = reply.media_types().get(SSE)
                if schema is not None:
                    yield _Stream(resource, operation, schema)


def _sockets(streams: Sequence[_Stream]) -> set[str]:
    return {stream.name for stream in streams if stream.resource.websocket}


def _servers() -> Json:
    variables = {"address": {"default": "127.0.0.1:8484", "description": "Where the canvas is."}}
    security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]
    reached = {"host": "{address}", "variables": variables, "security": security}
    return {
        "socket": {**reached, "protocol": "ws", "description": "WebSockets."},
        "stream": {**reached, "protocol": "http", "description": "Event streams (SSE)."},
        "broker": {
            "host": "{bootstrap}",
            "protocol": "kafka",
            "description": "Only the mesh has one. It repeats a record now and then, and keeps one hour: who must not "
            "miss anything reads the log, by the streams above.",
            "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "KAFKA_BOOTSTRAP."}},
        },
    }


def _socket_channel(stream: _Stream) -> Json:
    after = _query(stream, "after")
    return {
        **_channel(stream, "socket", "WebSocket"),
        "messages": {
            "event": {"$ref": f"#/components/messages/{stream.name}"},
            "batch": {"$ref": f"#/components/messages/{stream.name}Batch"},
        },
        "bindings": {
            "ws": {
                "method": stream.operation.method,
                "query": after,
                "headers": {
                    "type": "object",
                    "properties": {"Sec-WebSocket-Protocol": {"type": "string", "enum": [BATCH]}},
                },
                "bindingVersion": _BINDING["ws"],
            }
        },
        "x-close-codes": {str(code): meaning for code, meaning in CLOSE_CODES.items()},
    }


def _socket_operations(stream: _Stream) -> Json:
    name = _capital(stream.name)
    channel = f"{stream.name}s"
    return {
        f"send{name}s": _send(channel, "event", "One event a frame, once and in order, history first, then live."),
        f"send{name}Batches": _send(
            channel, "batch", f"The same as arrays of events, for who asks for the subprotocol `{BATCH}`."
        ),
    }


def _stream_channel(stream: _Stream) -> Json:
    return {
        **_channel(stream, "stream", "Event stream"),
        "messages": {"event": {"$ref": f"#/components/messages/{stream.name}"}},
        "x-sse": _SSE_FRAME,
    }


def _stream_operation(stream: _Stream) -> Json:
    headers = ", ".join(each.name for each in stream.operation.parameters if each.where == "header")
    binding = {
        "method": stream.operation.method,
        "query": _query(stream, "after"),
        "bindingVersion": _BINDING["http"],
    }
    return {
        **_send(
            f"{stream.name}Stream",
            "event",
            f"{stream.operation.summary}. Ask with `Accept: {SSE}`; headers: {headers}.",
        ),
        "bindings": {"http": binding},
    }


def _channel(stream: _Stream, server: str, kind: str) -> Json:
    parameters = path_parameters(stream.resource)
    channel: Json = {
        "address": shown_path(stream.resource),
        "title": f"{kind}: {_title(stream.name).lower()}s",
        "servers": [{"$ref": f"#/servers/{server}"}],
    }
    if parameters:
        channel["parameters"] = {name: {"description": "Its id."} for name in parameters}
    return channel


def _query(stream: _Stream, *names: str) -> Json:
    known = {each.name: each for each in stream.operation.parameters if each.where == "query" and each.name in names}
    return {
        "type": "object",
        "properties": {name: {**each.schema, "description": each.description} for name, each in known.items()},
    }


def _topic_channel(topic: published.Topic) -> Json:
    return {
        "address": topic.name,
        "title": f"Topic: {topic.name}",
        "description": topic.avro()["doc"],
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {"record": {"$ref": f"#/components/messages/{_record(topic)}"}},
        "bindings": {"kafka": {"topic": topic.name, "bindingVersion": _BINDING["kafka"]}},
    }


def _topic_operation(topic: published.Topic) -> Json:
    return _send(_record(topic), "record", "Published once it is committed, in the order of its key.")


def _topic_message(topic: published.Topic) -> Json:
    avro = topic.avro()
    return {
        "name": f"{avro['namespace']}.{avro['name']}",
        "title": _title(_record(topic)),
        "summary": "Avro in single-object encoding: C3 01, the schema's CRC-64-AVRO fingerprint, the record.",
        "contentType": "application/vnd.apache.avro",
        "payload": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": avro},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": f"The record's {topic.key}."},
                "bindingVersion": _BINDING["kafka"],
            }
        },
    }


def _record(topic: published.Topic) -> str:
    name = str(topic.avro()["name"])
    return f"{name[0].lower()}{name[1:]}Record"


def _send(channel: str, message: str, summary: str) -> Json:
    return {
        "action": "send",
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }


def _batch(name: str, schema: str) -> Json:
    return _message(f"{_title(name)}s, several at once", {"type": "array", "minItems": 1, "items": ref(schema)})


def _message(title: str, payload: Json) -> Json:
    return {"title": title, "contentType": "application/json", "payload": payload}


def _title(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words[0].upper() + words[1:]


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
