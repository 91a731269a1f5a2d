"""Query parameters and headers that several routes document alike."""

from __future__ import annotations

from triggerflow_bff.query import MAX_EVENTS, MAX_PAGE_SIZE
from triggerflow_bff.table import Parameter

_UUID = {"type": "string", "format": "uuid"}

PAGE = (
    Parameter(
        "pageSize",
        "How many items a page holds at most.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 50},
    ),
    Parameter("pageToken", "The `nextPageToken` of the page before. Leave it out for the first page."),
)
EVENT_PAGE = (
    Parameter("after", "The id of the last event seen; compared, not looked up. Absent: from the first on.", _UUID),
    Parameter(
        "limit",
        "How many events a page holds at most.",
        {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS, "default": 500},
    ),
)
LAST_EVENT_ID = Parameter("Last-Event-ID", "Of an event stream: wins over `after`.", _UUID, where="header")
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "For 24 h, the same key with the same request replays the first answer.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    where="header",
)
# Not marked as required: without it the answer is a documented 428.
IF_MATCH = Parameter("If-Match", "The etag that was read, or `*`. Required.", where="header")
IF_NONE_MATCH = Parameter("If-None-Match", "The etag that was read: 304 where it still holds.", where="header")
CREATE_ONLY = Parameter("If-None-Match", "`*` makes the node, and is 412 where it exists.", where="header")
UUID = _UUID
