"""Write the reference page: every route for people to read, made of the same table. Runs and fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files

import orjson

from triggerflow_bff.asyncapi import CLOSE_CODES
from triggerflow_bff.components import all_schemas
from triggerflow_bff.openapi import reasons, shown_path
from triggerflow_bff.problems import KINDS
from triggerflow_bff.table import Operation, Resource

_STYLE = (files(__package__) / "reference.css").read_text("utf-8")
_CODE = re.compile(r"`([^`]+)`")


def render(routes: Sequence[Resource]) -> str:
    """The page."""
    tags = list(dict.fromkeys(resource.tag for resource in routes))
    sections = "".join(_section(tag, [each for each in routes if each.tag == tag]) for tag in tags)
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>API · TriggerFlow Canvas</title><style>{_STYLE}</style>"
        "<h1>TriggerFlow Canvas API</h1>"
        '<p>Also as <a href="/openapi.json">OpenAPI 3.1</a> and <a href="/asyncapi.json">AsyncAPI 3.0</a>. '
        "Send <code>Authorization: Bearer</code> with the text of <code>$TFCANVAS_HOME/token</code>.</p>"
        f'<nav>{links}<a href="#codes">Close codes</a><a href="#schemas">Schemas</a></nav>{sections}'
        f'<h2 id="codes">Close codes of the WebSocket</h2>{_table(("Code", "Meaning"), _codes())}'
        f'<h2 id="schemas">Schemas</h2>{"".join(_schema(name) for name in sorted(all_schemas()))}</html>\n'
    )


def _section(tag: str, resources: Sequence[Resource]) -> str:
    operations = "".join(_operation(each, operation) for each in resources for operation in each.operations)
    return f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{operations}'


def _operation(resource: Resource, operation: Operation) -> str:
    parts = [f"<p>{_text(operation.description)}</p>"] if operation.description else []
    if operation.body is not None:
        parts.append(f"<p>Body: {_link(operation.body)}</p>")
    if operation.parameters:
        rows = [
            (f"<code>{escape(each.name)}</code>", each.where, _text(each.description)) for each in operation.parameters
        ]
        parts.append(_table(("Parameter", "In", ""), rows))
    answers = [
        (str(reply.status), _text(reply.description), _link(reply.schema) if reply.schema else "")
        for reply in operation.replies
    ]
    answers += [
        (str(KINDS[reason].status), f"<code>{reason}</code> {escape(KINDS[reason].title)}", "")
        for reason in reasons(resource, operation)
    ]
    parts.append(_table(("Answer", "", ""), answers))
    return (
        f"<details><summary><b>{operation.method}</b><code>{escape(shown_path(resource))}</code>"
        f'<span class="quiet">{escape(operation.summary)}</span></summary>{"".join(parts)}</details>'
    )


def _schema(name: str) -> str:
    text = orjson.dumps(all_schemas()[name], option=orjson.OPT_INDENT_2).decode()
    head = f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    return f"{head}<pre>{escape(text)}</pre></details>"


def _codes() -> list[tuple[str, ...]]:
    return [(str(code), escape(meaning)) for code, meaning in CLOSE_CODES.items()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>{body}</table>"


def _link(name: str) -> str:
    return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
