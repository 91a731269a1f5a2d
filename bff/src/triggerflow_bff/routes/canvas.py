"""`/canvas/` and `/`: what browsers reach without a session."""

from __future__ import annotations

from triggerflow_bff.answers import Answer, empty, html
from triggerflow_bff.call import Call
from triggerflow_bff.pages import USED_LINK
from triggerflow_bff.table import Operation, Reply, Resource


async def to_canvas(call: Call) -> Answer:
    return empty(307, (b"location", b"/canvas/"), (b"cache-control", b"no-store"))


async def to_canvas_from_bare(call: Call) -> Answer:
    return await to_canvas(call)


async def serve(call: Call) -> Answer:
    path = call.parameter("path")
    # A look at the headers uses no code up.
    if path == "" and call.method == "GET":
        codes = [value for key, value in call.query.pairs if key == "code"]
        if codes:
            return _sign_in(call, codes[0])
    return await call.parts.files.answer(path, call.header(b"if-none-match"))


def _sign_in(call: Call, code: str) -> Answer:
    cookie = call.parts.sign_in.redeem(code)
    if cookie is None:
        return html(USED_LINK, 410)
    # To the clean address, so that the code stays in no history and no bookmark.
    return empty(
        303,
        (b"location", b"/canvas/"),
        (b"set-cookie", cookie),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
    )


_TO_CANVAS = (Reply(307, "The canvas is at /canvas/.", headers=("Location",)),)

RESOURCES = (
    Resource("/", "Canvas", (Operation("GET", to_canvas, "Go to the canvas", _TO_CANVAS),), open=True),
    Resource("/canvas", "Canvas", (Operation("GET", to_canvas_from_bare, "Go to the canvas", _TO_CANVAS),), open=True),
    Resource(
        "/canvas/{path:path}",
        "Canvas",
        (
            Operation(
                "GET",
                serve,
                "The canvas, its assets and the examples' data",
                (
                    Reply(200, "A file; the page itself for every route of the page.", media_type="text/html"),
                    Reply(303, "Signed in: the clean address.", headers=("Location", "Set-Cookie")),
                    Reply(304, "It is as it was read.", headers=("ETag",)),
                ),
                description="With `?code=` of a fresh link it signs the browser in. Errors here are pages.",
            ),
        ),
        open=True,
    ),
)
