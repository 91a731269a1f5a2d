"""What a chat is told of a run: its tokens as they come, then its answer. Nothing else of it. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from triggerflow_bff.live.event import Chunk, LiveEvent

_ANSWERS: Final = ("answer", "reply", "message", "text", "result")


class Said(Chunk):
    """A chunk of events as `triggerflow_bff.live.sse` sends it, in the words of a chat: `event: token` with
    `{text}`, at the end `event: answer` or `event: failed`."""

    def __init__(self, events: list[LiveEvent], lines: bytes) -> None:
        super().__init__(events)
        # Shadows the cached property: these are the bytes that are sent.
        self.event_stream = lines


class Tokens:
    """Finds the text in events of a run. Tokens of another node begin a new paragraph."""

    def __init__(self) -> None:
        self._node: str | None = None

    def text_of(self, body: bytes) -> str:
        """The text that this event adds; empty where it is no token."""
        # Most events are none, and reading each would be most of the work.
        if b'"token"' not in body:
            return ""
        event = orjson.loads(body)
        payload = event.get("payload", {})
        data = payload.get("data")
        if event.get("type") != "runtime.output" or payload.get("stream") != "custom" or not isinstance(data, dict):
            return ""
        text = data.get("text")
        if data.get("kind") != "token" or not isinstance(text, str) or not text:
            return ""
        before, self._node = self._node, data.get("nodeId")
        return text if before in (None, self._node) else f"\n\n{text}"


def line(event: str, id: str, value: Mapping[str, Any]) -> bytes:
    """One event of the stream."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), event.encode(), orjson.dumps(value))


def answer_text(outputs: Mapping[str, Any]) -> str:
    """What a chat shows of a run's outputs: the one there is, else the one that is called like an answer, else all."""
    value: Any = outputs
    if len(outputs) == 1:
        value = next(iter(outputs.values()))
    else:
        named = {name.casefold(): each for name, each in outputs.items()}
        for name in _ANSWERS:
            if name in named:
                value = named[name]
                break
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
