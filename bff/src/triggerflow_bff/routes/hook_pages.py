"""The pages of forms and chats below `/hooks/`: shown, sent, answered."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.types import ASGIApp
from triggerflow_chassis.errors import BadParameter, Invalid, NotFound, ServiceError, TooMany, Violation
from triggerflow_chassis.jsontext import pointer
from triggerflow_chassis.schemas import compile_schema, violations_of

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, empty, encode
from triggerflow_bff.call import Call
from triggerflow_bff.clients.hooks import HookPage
from triggerflow_bff.clients.orchestrator import ENDED
from triggerflow_bff.hook_pages import page as pages
from triggerflow_bff.hook_pages.fields import FILE_BYTES, fields_of, file_value, filled
from triggerflow_bff.hook_pages.multipart import Part, parts_of
from triggerflow_bff.hook_pages.said import Said, Tokens, answer_text, line
from triggerflow_bff.live.event import Chunk, LiveEvent
from triggerflow_bff.live.feeds import Reader
from triggerflow_bff.live.sse import EventStream
from triggerflow_bff.query import cursor
from triggerflow_bff.routes.outputs import outcome, whole

FORM: Final = "core:form"
CHAT: Final = "core:chat"

_SUBMISSION: Final = re.compile(r"[A-Za-z0-9_-]{22,100}", re.ASCII)
# What a program's key names, which may be easy to guess: nobody is shown the outcome by it.
_OF_KEY: Final = "key-"
_WAIT_SECONDS: Final = 20
_LOOK_SECONDS: Final = 1.0
_MOST_LOOKS: Final = 600
_TOO_MANY: Final = "Too much is being worked on. Try again in a moment."
_MOST_MESSAGE: Final = 20_000
_MOST_HISTORY: Final = 100
_MOST_FILES: Final = 10


async def show(call: Call, path: str, at: HookPage) -> ASGIApp:
    """The page, or with `?sent=` what became of what was sent."""
    sent = call.query.text("sent")
    if sent is not None and sent.startswith(_OF_KEY):
        sent = ""
    if at.kind == CHAT:
        if sent is not None:
            return await _stream(call, path, sent)
        return pages.chat(_title(at), _address(path), secrets.token_urlsafe(24))
    if sent is not None:
        return await _outcome(call, path, at, sent)
    return pages.form(_title(at), _address(path), secrets.token_urlsafe(24), fields_of(at.config["schema"]), {}, {})


async def send(call: Call, path: str, at: HookPage) -> Answer:
    """Take what the page sent, or what a program sends as JSON in its place."""
    body = await call.read()
    media = call.header(b"content-type") or ""
    if media.partition(";")[0].strip().lower() == "application/json":
        return await _send_json(call, path, at, body)
    parts = parts_of(media, body)
    if at.kind == CHAT:
        return await _send_message(call, path, parts)
    return await _send_form(call, path, at, parts)


async def _send_form(call: Call, path: str, at: HookPage, parts: list[Part]) -> Answer:
    fields = fields_of(at.config["schema"])
    found = filled(fields, parts)
    submission = next((part.text for part in parts if part.name == "submission"), "")
    if not _SUBMISSION.fullmatch(submission):
        # It came from no page of ours; what is sent is sent all the same, though not known again.
        submission = secrets.token_urlsafe(24)
    wrong: list[str] = []
    if found.errors:
        # All that is wrong at once; nothing is sent, so the schema is asked here.
        judged = violations_of(compile_schema(at.config["schema"]), found.inputs, "/inputs")
        _place(Invalid(judged), found.errors, {each.name for each in fields})
    else:
        try:
            await call.parts.hooks.submit(call.principal, path, found.inputs, submission)
        except Invalid as error:
            wrong = _place(error, found.errors, {each.name for each in fields})
        except TooMany:
            wrong = [_TOO_MANY]
        else:
            to = f"{_address(path)}?sent={submission}".encode()
            return empty(303, (b"location", to), (b"cache-control", b"no-store"))
    return pages.form(_title(at), _address(path), submission, fields, found.shown, found.errors, wrong)


async def _outcome(call: Call, path: str, at: HookPage, sent: str) -> Answer:
    sync = at.config.get("answer") == "sync"
    try:
        execution = await call.parts.hooks.submission(call.principal, path, sent, _WAIT_SECONDS if sync else 0)
    except NotFound:
        return pages.missing("Nothing was sent under this address")
    except TooMany:
        return pages.dropped(_title(at), _address(path))
    if not sync:
        return pages.thanks(_title(at), _address(path))
    if execution is None or execution["status"] not in ENDED:
        return pages.working(_title(at))
    if execution["status"] != "succeeded":
        return pages.failed(_title(at), _address(path), execution["id"])
    return pages.result(_title(at), _address(path), await whole(call, execution["outputs"]))


async def _send_json(call: Call, path: str, at: HookPage, body: bytes) -> Answer:
    """A program's way: the inputs as JSON. Its Idempotency-Key names what it sends."""
    inputs = bodies.parse(body)
    if not isinstance(inputs, dict):
        raise Invalid([Violation("", "Must be an object.")])
    if at.kind == CHAT:
        _check_message(inputs)
    key = idempotency.request_id(call)
    call.parts.remembered.check(key, inputs)
    submission = f"{_OF_KEY}{key}" if key else secrets.token_urlsafe(24)
    try:
        execution = await call.parts.hooks.submit(call.principal, path, inputs, submission)
        if at.config.get("answer") == "sync":
            wait = call.parts.settings.limits.wait_seconds
            execution = await call.parts.hooks.submission(call.principal, path, submission, wait)
    except Invalid as error:
        raise Invalid([Violation(v.pointer.removeprefix("/inputs"), v.message) for v in error.violations]) from None
    call.parts.remembered.keep(key, inputs)
    if execution is None:
        return _json({"received": True}, 202)
    if at.kind == CHAT or at.config.get("answer") != "sync" or execution["status"] not in ENDED:
        return _json({"executionId": execution["id"]}, 202)
    return _json(await outcome(call, execution, why=False), 200)


async def _send_message(call: Call, path: str, parts: list[Part]) -> Answer:
    texts = {part.name: part.text for part in parts if part.filename is None}
    files = [part for part in parts if part.filename is not None and (part.filename or part.data)]
    if len(files) > _MOST_FILES or any(len(part.data) > FILE_BYTES for part in files):
        raise Invalid([Violation("/files", f"At most {_MOST_FILES} files of at most 5 MiB each.")])
    inputs = {
        "message": texts.get("message", ""),
        "history": bodies.parse(texts.get("history", "[]").encode()),
        "sessionId": texts.get("session", ""),
        "files": [file_value(part) for part in files],
    }
    _check_message(inputs)
    submission = texts.get("submission", "")
    if not _SUBMISSION.fullmatch(submission):
        raise BadParameter("submission", "A submission is 22 to 100 letters, digits, - and _.")
    await call.parts.hooks.submit(call.principal, path, inputs, submission)
    return _json({"stream": f"{_address(path)}?sent={submission}"}, 202)


def _check_message(inputs: dict[str, Any]) -> None:
    found: list[Violation] = []
    message = inputs.get("message")
    if not isinstance(message, str) or not message.strip() or len(message) > _MOST_MESSAGE:
        found.append(Violation("/message", f"Write a message of at most {_MOST_MESSAGE} characters."))
    history = inputs.get("history", [])
    if not isinstance(history, list) or len(history) > _MOST_HISTORY or not all(map(_is_turn, history)):
        turn = '{"role": "user" or "assistant", "content": text}'
        found.append(Violation("/history", f"A list of at most {_MOST_HISTORY} of {turn}."))
    if not isinstance(inputs.get("sessionId", ""), str) or len(inputs.get("sessionId", "")) > 100:
        found.append(Violation("/sessionId", "Text of at most 100 characters."))
    known = {"message", "history", "sessionId", "files"}
    found += [Violation(pointer(name), "This member is not known here. Remove it.") for name in inputs.keys() - known]
    if found:
        raise Invalid(found)


def _is_turn(turn: Any) -> bool:
    return (
        isinstance(turn, dict)
        and turn.keys() == {"role", "content"}
        and turn["role"] in ("user", "assistant")
        and isinstance(turn["content"], str)
    )


async def _stream(call: Call, path: str, sent: str) -> ASGIApp:
    """The run of a message as it goes on: its tokens, then its answer."""
    execution = await call.parts.hooks.submission(call.principal, path, sent, 0)
    after = cursor(call.header(b"last-event-id"))
    parts = call.parts
    parts.feeds.admit_stranger()
    reader = None
    try:
        if execution is not None:
            reader = parts.feeds.reader(call.principal, execution["id"], after)
            if not await reader.open():
                parts.feeds.release_stranger()
                return empty(204)
        return EventStream(
            _said(call, path, sent, reader),
            closing=parts.closing.future,
            dropped=None if reader is None else reader.dropped,
            limits=parts.settings.limits,
            release=parts.feeds.release_stranger,
        )
    except BaseException:
        parts.feeds.release_stranger()
        raise


async def _said(call: Call, path: str, sent: str, reader: Reader | None) -> AsyncGenerator[Chunk]:
    if reader is None:
        reader = await _started(call, path, sent)
        if reader is None:
            yield Said([LiveEvent("", b"", True)], line("failed", "", {}))
            return
    tokens = Tokens()
    chunks = reader.chunks()
    try:
        async for chunk in chunks:
            lines = []
            for event in chunk.events:
                if text := tokens.text_of(event.body):
                    lines.append(line("token", event.id, {"text": text}))
                if event.last:
                    lines.append(await _last_line(call, reader.execution_id, event.id))
            if lines:
                yield Said(list(chunk.events), b"".join(lines))
    finally:
        await chunks.aclose()


async def _started(call: Call, path: str, sent: str) -> Reader | None:
    """A reader of a run that waits to start, once it has; None where limits dropped it, or after ten minutes."""
    for _ in range(_MOST_LOOKS):
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            execution = await call.parts.hooks.submission(call.principal, path, sent, 0)
        except TooMany:
            return None
        if execution is not None:
            return call.parts.feeds.reader(call.principal, execution["id"], "")
    return None


async def _last_line(call: Call, execution_id: str, event_id: str) -> bytes:
    try:
        execution = await call.parts.orchestrator.get(call.principal, execution_id)
        if execution["status"] == "succeeded":
            text = answer_text(await whole(call, execution["outputs"]))
            return line("answer", event_id, {"text": text})
    except ServiceError:
        # The end was told; what it gave cannot be read now.
        return line("failed", event_id, {})
    return line("failed", event_id, {})


def _place(error: Invalid, errors: dict[str, str], names: set[str]) -> list[str]:
    """Put what the schema says to the fields; what is of none is given back."""
    rest = []
    for violation in error.violations:
        first = violation.pointer.removeprefix("/inputs/").partition("/")[0].replace("~1", "/").replace("~0", "~")
        if violation.pointer.startswith("/inputs/") and first in names:
            errors.setdefault(first, violation.message)
        else:
            rest.append(violation.message)
    return list(dict.fromkeys(rest))


def _title(at: HookPage) -> str:
    return str(at.config.get("title") or at.flow_name)


def _address(path: str) -> str:
    return f"/hooks/{path}"


def _json(value: Any, status: int) -> Answer:
    return Answer(status, encode(value), [(b"content-type", b"application/json"), (b"cache-control", b"no-store")])
