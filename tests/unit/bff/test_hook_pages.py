"""Pages of forms and chats: fields of a schema, what was filled in, and nothing that runs."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_bff.hook_pages import page
from triggerflow_bff.hook_pages.fields import FILE_BYTES, fields_of, file_value, filled
from triggerflow_bff.hook_pages.multipart import Part, parts_of
from triggerflow_bff.hook_pages.said import Tokens, answer_text
from triggerflow_chassis.errors import BadParameter, UnsupportedMediaType

ROOT = Path(__file__).parents[3]
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'</textarea></title>"


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def field(**sent: str) -> list[Part]:
    return [Part(f"f.{name}", None, "text/plain", text.encode()) for name, text in sent.items()]


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def harmless(html: str) -> Seen:
    """A page that runs nothing but our own script."""
    seen = Seen(html)
    assert all((each.get("src") or "").startswith("/hooks/-/") for each in seen.of("script")), html
    assert not seen.of("img")
    for tag, attributes in seen.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("href", "src", "action"):
            assert (attributes.get(name) or "/").startswith(("/hooks/", "#", "data:,", "/")), (tag, attributes)
    return seen


@pytest.mark.parametrize(
    ("of", "typed", "value"),
    [
        ({"type": "string"}, "a\r\nb", "a\nb"),
        ({"type": "string"}, " kept ", " kept "),
        ({"type": "string", "format": "date"}, " 2026-01-31 ", "2026-01-31"),
        ({"type": "integer"}, " 7 ", 7),
        ({"type": "integer"}, "-9223372036854775808", -(2**63)),
        ({"type": "number"}, "7", 7),
        ({"type": "number"}, "7.5e1", 75.0),
        ({"enum": ["a", 1, 2.5]}, "1", 1),
        ({"enum": ["a", 1, 2.5]}, "a", "a"),
    ],
)
def test_a_field_holds_what_was_typed(of: dict[str, Any], typed: str, value: Any) -> None:
    found = filled(fields_of(schema(x=of)), field(x=typed))
    assert (found.inputs, found.errors) == ({"x": value}, {})
    assert type(found.inputs["x"]) is type(value)


@pytest.mark.parametrize(
    ("of", "typed"),
    [
        ({"type": "integer"}, "7.5"),
        ({"type": "integer"}, "seven"),
        ({"type": "integer"}, "9223372036854775808"),
        ({"type": "integer"}, "1_000"),
        ({"type": "number"}, "nan"),
        ({"type": "number"}, "1e999"),
        ({"type": "number"}, "1_0"),
        ({"type": "number"}, "7,5"),
        ({"enum": ["a", 1]}, "b"),
        ({"type": "string"}, "a\0b"),
    ],
)
def test_what_cannot_be_a_value_is_told_and_shown_again(of: dict[str, Any], typed: str) -> None:
    found = filled(fields_of(schema(x=of)), field(x=typed))
    assert found.inputs == {}
    assert found.errors["x"].endswith(".")
    assert found.shown["x"] == typed


def test_what_is_left_empty_is_absent_and_what_is_required_says_so() -> None:
    of = {"type": "object", "required": ["must", "file", "one"], "properties": {
        "must": {"type": "string"}, "may": {"type": "string"}, "n": {"type": "integer"},
        "file": {"type": "object", "format": "file"}, "one": {"enum": ["a"]}, "yes": {"type": "boolean"}}}  # fmt: skip
    found = filled(fields_of(of), field(must="", may="", n="  ", one=""))
    assert found.inputs == {"yes": False}
    assert set(found.errors) == {"must", "file", "one"}


def test_a_file_is_given_whole_and_its_name_loses_its_folder() -> None:
    part = Part("f.x", "C:\\fake\\..\\bild\u202e\n.png", "image/png", b"\x89PNG")
    assert file_value(part) == {
        "name": "bild.png",
        "type": "image/png",
        "bytes": 4,
        "content": base64.b64encode(b"\x89PNG").decode(),
    }
    assert file_value(Part("f.x", "../../etc/passwd", "x/y", b""))["name"] == "passwd"


def test_a_file_above_5_mib_is_refused_at_its_field() -> None:
    fields = fields_of(schema(x={"type": "object", "format": "file"}))
    found = filled(fields, [Part("f.x", "a", "text/plain", b"x" * (FILE_BYTES + 1))])
    assert found.inputs == {}
    assert "5 MiB" in found.errors["x"]
    assert filled(fields, [Part("f.x", "a", "text/plain", b"x" * FILE_BYTES)]).inputs["x"]["bytes"] == FILE_BYTES


def test_only_fields_of_the_schema_are_taken() -> None:
    parts = [*field(x="1", y="2"), Part("x", None, "text/plain", b"3"), Part("f.x", None, "text/plain", b"4")]
    assert filled(fields_of(schema(x={"type": "string"})), parts).inputs == {"x": "1"}


def everything(text: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "text": {"type": "string", "default": text},
        "long": {"type": "string", "maxLength": 5_000, "default": text},
        "choice": {"enum": [text, 1]},
        "tick": {"type": "boolean"},
        "file": {"type": "object", "format": "file", "contentMediaType": text},
        "number": {"type": "number", "default": 1},
        "object": {"type": "string", "default": {"a": [text]}},
    }
    return schema(**{name + text: {**of, "title": text, "description": text} for name, of in kinds.items()})


def test_nothing_that_came_from_outside_is_markup() -> None:
    fields = fields_of(everything(EVIL))
    errors = {each.name: EVIL for each in fields}
    shown = {each.name: EVIL for each in fields}
    pages = [
        page.form(EVIL, "/hooks/x", "id", fields, shown, errors, [EVIL]),
        page.form(EVIL, "/hooks/x", "id", fields, {}, {}),
        page.result(EVIL, "/hooks/x", {EVIL: EVIL, "b": {EVIL: [EVIL]}, "c": None}),
        page.result(EVIL, "/hooks/x", {"one": EVIL}),
        page.failed(EVIL, "/hooks/x", EVIL),
        page.thanks(EVIL, "/hooks/x"),
        page.working(EVIL),
        page.missing(EVIL),
        page.chat(EVIL, "/hooks/x", EVIL),
    ]
    for each in pages:
        seen = harmless(each.body.decode())
        assert EVIL in "".join(seen.text), "it is shown as text"


def test_the_policy_allows_nothing_inline_and_no_other_place() -> None:
    headers = dict(page.form("T", "/hooks/x", "id", [], {}, {}).headers)
    policy = headers[b"content-security-policy"].decode()
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert re.findall(r"https?:|\*", policy) == []
    assert headers[b"cache-control"] == b"no-store"


def test_each_field_has_a_label_and_says_what_is_wrong_to_those_who_cannot_see() -> None:
    fields = fields_of(everything(""))
    seen = Seen(page.form("T", "/hooks/x", "id", fields, {}, {each.name: "Wrong." for each in fields}).body.decode())
    controls = [
        each for tag in ("input", "select", "textarea") for each in seen.of(tag) if each.get("type") != "hidden"
    ]
    assert len(controls) == len(fields)
    labels = {each["for"] for each in seen.of("label")}
    ids = {each["id"] for _, each in seen.tags if "id" in each}
    for control in controls:
        assert control["id"] in labels
        assert control["aria-invalid"] == "true"
        assert set((control["aria-describedby"] or "").split()) <= ids


def test_what_was_typed_is_shown_again_and_a_default_only_the_first_time() -> None:
    fields = fields_of(schema(a={"type": "string", "default": "d"}, b={"type": "boolean", "default": True}))
    first = Seen(page.form("T", "/hooks/x", "id", fields, {}, {}).body.decode())
    again = Seen(page.form("T", "/hooks/x", "id", fields, {"a": "", "b": ""}, {"a": "No."}).body.decode())
    assert [each.get("value") for each in first.of("input") if each.get("name") == "f.a"] == ["d"]
    assert [each.get("value") for each in again.of("input") if each.get("name") == "f.a"] == [""]
    assert ["checked" in each for each in first.of("input") if each.get("name") == "f.b"] == [True]
    assert ["checked" in each for each in again.of("input") if each.get("name") == "f.b"] == [False]


def tokens(css: str, head: str) -> dict[str, str]:
    start = css.index("{", css.index(head)) + 1
    return dict(re.findall(r"(--[a-z0-9-]+):\s*([^;]+);", css[start : css.index("\n}", start)]))


def test_the_pages_look_as_the_canvas_does() -> None:
    ours = page.asset("hooks.css").decode()
    theirs = (ROOT / "canvas-web/src/shared/ui/tokens.css").read_text()
    light, dark = tokens(theirs, ":root {"), tokens(theirs, ':root[data-theme="dark"]')
    our_light, our_dark = tokens(ours, ":root {"), tokens(ours, "@media (prefers-color-scheme: dark)")
    assert our_light.items() <= light.items()
    assert our_dark.items() <= dark.items()
    assert {name for name in our_light if name in dark} == set(our_dark)
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", ours))
    assert used <= set(our_light)


def test_assets_are_found_by_their_content_alone() -> None:
    (script,) = [each["src"] for each in Seen(page.chat("T", "/hooks/x", "s").body.decode()).of("script")]
    assert script is not None
    found = page.asset_answer(script.removeprefix("/hooks/-/"))
    assert found is not None and found.body == page.asset("chat.js")
    for path in ("chat.js", "0/chat.js", f"x/{script.removeprefix('/hooks/-/')}", "../page.py", "", "%2e%2e/hooks.css"):
        assert page.asset_answer(path) is None


PIECES = [
    b"--B", b"--", b"\r\n", b"\n", b"\0", b"\xff", b";", b'"', b"Content-Disposition: form-data", b'; name="f.text"',
    b'; name="f.file"', b'; filename="x"', b'; filename=""', b"Content-Type: text/html", b"\r\n\r\n", b"x" * 100,
    b'--B\r\nContent-Disposition: form-data; name="f.tick"\r\n\r\n', b"\r\n--B--\r\n", b"\r\n--B\r\n",
]  # fmt: skip

# What browsers send.
FORM = (
    b'--B\r\nContent-Disposition: form-data; name="f.a"\r\n\r\nx\r\ny\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f.\xc3\xa4 %22"; filename="\xc3\xa4.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x00\xff--B\r\n\r\n"
    b'--B\r\nContent-Disposition: form-data; name="f.none"; filename=""\r\nContent-Type: application/octet-stream\r\n'
    b"\r\n\r\n--B--\r\n"
)


def test_a_form_of_a_browser_is_taken_apart() -> None:
    assert parts_of("multipart/form-data; boundary=B", FORM) == [
        Part("f.a", None, "text/plain", b"x\r\ny"),
        Part('f.ä "', "ä.png", "image/png", b"\x00\xff--B\r\n"),
        Part("f.none", "", "application/octet-stream", b""),
    ]
    assert parts_of('multipart/form-data; boundary="B"', FORM)[0].text == "x\ny"
    assert parts_of("application/x-www-form-urlencoded", b"a=1&a=%C3%A4+b&c=") == [
        Part("a", None, "text/plain", b"1"),
        Part("a", None, "text/plain", "ä b".encode()),
        Part("c", None, "text/plain", b""),
    ]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", FORM),
        ("multipart/form-data; boundary=", FORM),
        ("multipart/form-data; boundary=C", FORM),
        ("multipart/form-data; boundary=B", FORM[:-6]),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"--B\r\n\r\nno name\r\n--B--"),
        ("multipart/form-data; boundary=B", b'--Bx\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--'),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--B--'),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--B--'),
        ("multipart/form-data; boundary=B", b"--B\r\nX: " + b"y" * 5_000 + b"\r\n\r\n1\r\n--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\n\r\n" * 1_000 + b"--B--"),
        ("multipart/form-data; boundary=" + "B" * 71, FORM),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 501)),
        ("application/x-www-form-urlencoded", b"\xff"),
    ],
)
def test_a_form_that_no_browser_sends_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BadParameter):
        parts_of(content_type, body)


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.sampled_from(["B", '"B"', "B; x=y", ""]))
def test_whatever_comes_is_taken_apart_or_refused(pieces: list[bytes], boundary: str) -> None:
    body = b"".join(pieces)
    try:
        found = parts_of(f"multipart/form-data; boundary={boundary}", body)
    except BadParameter:
        return
    for part in found:
        assert part.data in body
        try:
            part.text.encode()
        except BadParameter:
            part.data.hex()
    filled(fields_of(everything("")), found)


def test_what_is_no_form_is_refused() -> None:
    for content_type in ("", "text/plain", "multipart/mixed; boundary=B", "application/json"):
        with pytest.raises(UnsupportedMediaType):
            parts_of(content_type, FORM)


def event(node: str = "n", **data: Any) -> bytes:
    import json

    payload = {"stream": "custom", "data": {"nodeId": node, **data}}
    return json.dumps({"type": "runtime.output", "payload": payload}).encode()


def test_tokens_are_found_in_events_and_nothing_else_is() -> None:
    found = Tokens()
    assert found.text_of(event(kind="token", text="Hel")) == "Hel"
    assert found.text_of(event(kind="token", text="lo")) == "lo"
    assert found.text_of(event("m", kind="token", text="there")) == "\n\nthere"
    for other in (
        event(kind="token", values=[1]),
        event(kind="skip", text="token"),
        b'{"type":"log","payload":{"level":"info","message":"\\"token\\""}}',
        b'{"type":"chunk.completed","payload":{"result":{"kind":"token","text":"x"}}}',
    ):
        assert found.text_of(other) == ""


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({}, ""),
        ({"result": "Hi"}, "Hi"),
        ({"result": None}, ""),
        ({"result": {"a": 1}}, '{\n  "a": 1\n}'),
        ({"debug": 1, "Answer": "Hi"}, "Hi"),
        ({"a": 1, "b": 2}, '{\n  "a": 1,\n  "b": 2\n}'),
    ],
)
def test_a_chat_shows_the_answer_among_the_outputs(outputs: dict[str, Any], text: str) -> None:
    assert answer_text(outputs) == text
