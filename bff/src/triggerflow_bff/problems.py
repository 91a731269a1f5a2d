"""Turn every refusal into an RFC 9457 problem, in one place. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import MAX_VIOLATIONS, AlreadyAnswered, RunFailed, ServiceError, StaleEtag

from triggerflow_bff.answers import Answer, encode
from triggerflow_bff.preconditions import entity_tag

MEDIA_TYPE = b"application/problem+json"
# In the metadata of an Unavailable: the services that are not up, with commas between.
MISSING = "missing"
# In the metadata of an AlreadyAnswered: the winner's answer, as JSON.
ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a reason is over HTTP: the status, a title for people, and the code a WebSocket is closed with."""

    status: int
    title: str
    # 1012 asks the client to come back by its cursor, which is right for whatever has no code of its own.
    close_code: int = 1012


# By reason, as `triggerflow.errors.v1.ErrorReason` names them.
KINDS: dict[str, Kind] = {
    "BAD_JSON": Kind(400, "The body is not JSON"),
    "BAD_PARAMETER": Kind(400, "A parameter is malformed", 4400),
    "BAD_CURSOR": Kind(400, "The cursor is not ours", 4400),
    "UNAUTHENTICATED": Kind(401, "Not signed in", 4401),
    "FORBIDDEN": Kind(403, "Not allowed", 4403),
    "NOT_FOUND": Kind(404, "Not found", 4404),
    "NO_SUCH_TRIGGER": Kind(404, "No such trigger"),
    "METHOD_NOT_ALLOWED": Kind(405, "Method not allowed"),
    "TOO_SLOW": Kind(408, "Too slow"),
    "RUNNING": Kind(409, "An execution is running"),
    "NO_VERSION": Kind(409, "Nothing is published"),
    "NO_MANUAL_TRIGGER": Kind(409, "No manual trigger"),
    "ALREADY_ENDED": Kind(409, "Already ended"),
    "ALREADY_ANSWERED": Kind(409, "Already answered"),
    "CURSOR_EXPIRED": Kind(410, "The cursor is too old", 4410),
    "STALE_ETAG": Kind(412, "Changed in the meantime"),
    "TOO_LARGE": Kind(413, "Too large"),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "Not application/json"),
    "INVALID": Kind(422, "Not valid"),
    "IDEMPOTENCY_KEY_REUSED": Kind(422, "Idempotency key used before"),
    "HAS_PROBLEMS": Kind(422, "The draft has problems"),
    "PRECONDITION_REQUIRED": Kind(428, "If-Match is missing"),
    "TOO_MANY": Kind(429, "Too many at once", 4429),
    "INTERNAL": Kind(500, "A defect on our side"),
    "RUN_FAILED": Kind(500, "The run failed"),
    "UNAVAILABLE": Kind(503, "Not available now"),
    "DEADLINE": Kind(504, "No answer in time"),
}


def kind_of(error: ServiceError) -> Kind:
    """What the error is over HTTP. A reason of a newer service than this BFF is a defect of ours."""
    return KINDS.get(error.reason, KINDS["INTERNAL"])


def document(error: ServiceError, trace_id: str) -> dict[str, Any]:
    """The problem as JSON."""
    kind = kind_of(error)
    body: dict[str, Any] = {
        "type": f"urn:triggerflow:problem:{error.reason}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail,
        "reason": error.reason,
        "traceId": trace_id,
        "errors": [{"pointer": pointer, "message": message} for pointer, message in error.violations[:MAX_VIOLATIONS]],
    }
    if isinstance(error, StaleEtag):
        body["currentEtag"] = entity_tag(error.current_etag)
    if isinstance(error, AlreadyAnswered) and ANSWER in error.metadata:
        body["answer"] = jsontext.parse(error.metadata[ANSWER])
    if MISSING in error.metadata:
        body["missing"] = error.metadata[MISSING].split(",")
    if isinstance(error, RunFailed):
        body["executionId"] = error.metadata.get("executionId", "")
    return body


def answer(error: ServiceError, trace_id: str, *, allow: str | None = None) -> Answer:
    """The problem as an answer, with the headers its status asks for."""
    body = document(error, trace_id)
    headers = [(b"content-type", MEDIA_TYPE), (b"cache-control", b"no-store")]
    match body["status"]:
        case 401:
            headers.append((b"www-authenticate", b"Bearer"))
        case 408:
            # What is left of the body is not waited for.
            headers.append((b"connection", b"close"))
        case 405 if allow is not None:
            headers.append((b"allow", allow.encode()))
        case 412 if "currentEtag" in body:
            headers.append((b"etag", body["currentEtag"].encode()))
        case 429 | 503:
            headers.append((b"retry-after", b"1"))
    return Answer(body["status"], encode(body), headers)
