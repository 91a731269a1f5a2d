"""Write the pages. All that came from outside is escaped; nothing inline runs, since the policy forbids it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Final

import orjson

from triggerflow_bff.answers import Answer
from triggerflow_bff.hook_pages.fields import Field, choice_text

ASSETS: Final = {"hooks.css": b"text/css; charset=utf-8", "chat.js": b"text/javascript; charset=utf-8"}

_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
_INPUT_TYPES: Final = {"text": "text", "date": "date", "email": "email", "url": "url", "file": "file"}


@cache
def asset(name: str) -> bytes:
    """One of ASSETS."""
    return (resources.files("triggerflow_bff.hook_pages") / "assets" / name).read_bytes()


@cache
def _address(name: str) -> str:
    # By its content, so that a browser keeps it for as long as it stays.
    return f"/hooks/-/{hashlib.sha256(asset(name)).hexdigest()[:12]}/{name}"


def asset_answer(path: str) -> Answer | None:
    """What is at /hooks/-/{path}."""
    name = path.rpartition("/")[2]
    if name not in ASSETS or _address(name) != f"/hooks/-/{path}":
        return None
    headers = [
        (b"content-type", ASSETS[name]),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    return Answer(200, asset(name), headers)


def answer(title: str, body: str, status: int = 200, *, script: bool = False, again: int | None = None) -> Answer:
    """A page. With `again` it asks for itself again after so many seconds."""
    head = f'<meta http-equiv="refresh" content="{again}">' if again is not None else ""
    head += f'<script src="{_address("chat.js")}" defer></script>' if script else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="{_address("hooks.css")}">{head}</head>'
        f"<body>{body}</body></html>\n"
    )
    return Answer(
        status,
        text.encode(),
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", _POLICY),
            # With no-referrer a browser would send the form with `Origin: null`, which is no origin of ours.
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ],
    )


def form(
    title: str,
    action: str,
    submission_id: str,
    fields: Sequence[Field],
    shown: Mapping[str, str],
    errors: Mapping[str, str],
    wrong: Sequence[str] = (),
) -> Answer:
    """The form; with errors, 422, and what is wrong stands first and at each field. `wrong` is of no field."""
    found = [(each, errors[each.name]) for each in fields if each.name in errors]
    summary = ""
    if found or wrong:
        items = "".join(f"<li>{escape(text)}</li>" for text in wrong)
        items += "".join(
            f'<li><a href="#{_id(each)}">{escape(each.label)}</a>: {escape(text)}</li>' for each, text in found
        )
        summary = f'<div class="wrong" role="alert"><p>This could not be sent yet.</p><ul>{items}</ul></div>'
    body = "".join(_field(each, shown.get(each.name), errors.get(each.name)) for each in fields)
    return answer(
        title,
        f'<main class="sheet"><h1>{escape(title)}</h1>{summary}'
        f'<form method="post" action="{escape(action)}" enctype="multipart/form-data" novalidate>'
        f'<input type="hidden" name="submission" value="{escape(submission_id)}">{body}'
        '<button class="button" type="submit">Send</button></form></main>',
        422 if summary else 200,
    )


def thanks(title: str, action: str) -> Answer:
    """It was sent, and nobody waits for more."""
    return _told(title, "Thank you. It was sent.", "done", f'<p><a href="{escape(action)}">Send another one</a></p>')


def working(title: str) -> Answer:
    """It was sent, and its outcome is waited for."""
    more = "<p>This page shows the answer as soon as it is there.</p>"
    return _told(title, "It was sent. Working on it …", "running", more, again=2)


def failed(title: str, action: str, execution_id: str) -> Answer:
    """It was sent, and the run failed. Why is the flow's owner's to know."""
    more = (
        "<p>It was received, but it could not be worked on. Whoever gave you this address can look it up as "
        f'<code>{escape(execution_id)}</code>.</p><p><a href="{escape(action)}">Back to the form</a></p>'
    )
    return _told(title, "That did not work.", "failed", more)


def dropped(title: str, action: str) -> Answer:
    """It was sent, and the trigger's limits let no run start."""
    more = f'<p>Too much is being worked on.</p><p><a href="{escape(action)}">Back to the form</a></p>'
    return _told(title, "It was not taken.", "failed", more)


def missing(title: str) -> Answer:
    """There is nothing at this address."""
    return answer(title, f'<main class="sheet"><h1>{escape(title)}</h1><p>Check the address.</p></main>', 404)


def result(title: str, action: str, outputs: Mapping[str, Any]) -> Answer:
    """What the run gave."""
    if len(outputs) == 1:
        shown = _value(next(iter(outputs.values())))
    else:
        shown = "".join(f"<h2>{escape(name)}</h2>{_value(value)}" for name, value in outputs.items())
    more = f'<section class="result">{shown}</section><p><a href="{escape(action)}">Send another one</a></p>'
    return _told(title, "Here is the answer.", "done", more)


def chat(title: str, action: str, session_id: str) -> Answer:
    """The chat. Without scripts it says that it needs them."""
    body = (
        f'<main class="chat" data-action="{escape(action)}" data-session="{escape(session_id)}">'
        f"<header><h1>{escape(title)}</h1></header>"
        '<noscript><p class="wrong">This chat needs JavaScript. Allow it for this page.</p></noscript>'
        '<ol class="messages" aria-live="polite" aria-label="Messages"></ol>'
        '<form class="write"><label class="hidden" for="message">Your message</label>'
        '<textarea id="message" name="message" rows="1" maxlength="20000" placeholder="Write a message" required>'
        '</textarea><label class="attach"><input type="file" name="file" multiple><span>Attach</span></label>'
        '<button class="button" type="submit">Send</button><p class="files" role="status"></p></form></main>'
    )
    return answer(title, body, script=True)


def _told(title: str, text: str, state: str, more: str, again: int | None = None) -> Answer:
    body = (
        f'<main class="sheet"><h1>{escape(title)}</h1><p class="told {state}" role="status">{escape(text)}</p>'
        f"{more}</main>"
    )
    return answer(title, body, again=again)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f'<p class="text">{escape(value)}</p>'
    if value is None:
        return "<p>Nothing.</p>"
    return f"<pre>{escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())}</pre>"


def _field(of: Field, shown: str | None, error: str | None) -> str:
    name, at = escape(of.key), _id(of)
    told = [f"{at}-hint"] if of.hint else []
    told += [f"{at}-error"] if error else []
    marks = f' aria-describedby="{" ".join(told)}"' if told else ""
    marks += ' aria-invalid="true"' if error else ""
    marks += " required" if of.required and of.kind != "boolean" else ""
    hint = f'<p class="hint" id="{at}-hint">{escape(of.hint)}</p>' if of.hint else ""
    problem = f'<p class="error" id="{at}-error">{escape(error)}</p>' if error else ""
    optional = "" if of.required or of.kind == "boolean" else ' <span class="optional">optional</span>'
    label = f'<label for="{at}">{escape(of.label)}{optional}</label>'
    if of.kind == "boolean":
        ticked = of.schema.get("default") is True if shown is None else shown == "on"
        box = f'<input type="checkbox" id="{at}" name="{name}"{" checked" if ticked else ""}{marks}>'
        return f'<div class="field tick">{box}{label}{hint}{problem}</div>'
    default = of.schema.get("default")
    text = shown if shown is not None else "" if default is None else choice_text(default)
    return f'<div class="field">{label}{hint}{_control(of, at, name, marks, text)}{problem}</div>'


def _control(of: Field, at: str, name: str, marks: str, text: str) -> str:
    if of.kind == "choice":
        options = "".join(
            f'<option value="{escape(choice_text(each))}"{" selected" if choice_text(each) == text else ""}>'
            f"{escape(choice_text(each))}</option>"
            for each in of.choices
        )
        return f'<select id="{at}" name="{name}"{marks}><option value="">Choose</option>{options}</select>'
    longest = of.schema.get("maxLength")
    if isinstance(longest, int) and longest >= 0:
        marks += f' maxlength="{longest}"'
    if of.kind == "textarea":
        # The first line break of a text area is not part of it.
        return f'<textarea id="{at}" name="{name}" rows="5"{marks}>\n{escape(text)}</textarea>'
    if of.kind == "file":
        accept = of.schema.get("contentMediaType")
        marks += f' accept="{escape(accept)}"' if isinstance(accept, str) else ""
        return f'<input type="file" id="{at}" name="{name}"{marks}>'
    if of.kind in ("number", "integer"):
        mode = "numeric" if of.kind == "integer" else "decimal"
        return f'<input type="text" inputmode="{mode}" id="{at}" name="{name}" value="{escape(text)}"{marks}>'
    return f'<input type="{_INPUT_TYPES[of.kind]}" id="{at}" name="{name}" value="{escape(text)}"{marks}>'


def _id(of: Field) -> str:
    # A property may be any text, an id may not.
    return "f-" + hashlib.sha256(of.name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
