"""The few pages that are ours and not the canvas's: each whole in itself, fetching and running nothing."""

from __future__ import annotations

from html import escape

_STYLE = """
:root{color-scheme:light dark;font:16px/1.55 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:34rem;padding:2rem}h1{font-size:1.4rem;margin:0 0 .6rem}p{margin:.5rem 0}
code{font:0.95em ui-monospace,monospace;padding:.15em .4em;border-radius:.3em;background:rgb(127 127 127/.18)}
"""


def page(title: str, *paragraphs: str) -> str:
    """A page of a heading and paragraphs, which are HTML."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · TriggerFlow Canvas</title><style>{_STYLE}</style>"
        f"<main><h1>{escape(title)}</h1>{text}</main></html>\n"
    )


NOT_BUILT = page(
    "The canvas is not built",
    "The server runs, but there are no files of the canvas to show.",
    "Run <code>make web</code> in the repository, then reload this page.",
)

USED_LINK = page(
    "This link was used before",
    "Each sign-in link works once, and only until the server stops.",
    "Run <code>tfcanvas link</code> for a fresh one. If this browser is signed in already, "
    '<a href="/canvas/">open the canvas</a>.',
)
