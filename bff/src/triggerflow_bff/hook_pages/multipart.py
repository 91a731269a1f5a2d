"""Take a form apart that a browser sent: multipart/form-data (RFC 7578) or application/x-www-form-urlencoded. Pure.

The body is in memory already, below the limit of bodies. What is not exactly of the form is refused.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from triggerflow_chassis.errors import BadParameter, UnsupportedMediaType

_MOST_PARTS: Final = 500
_MOST_HEADERS: Final = 4_096
_BOUNDARY: Final = re.compile(r"""boundary=(?:"([^"]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))(?:\s*;|\s*$)""")
_NAME: Final = re.compile(r';\s*name="([^"]*)"')
_FILENAME: Final = re.compile(r';\s*filename="([^"]*)"')
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}", re.ASCII)
# How browsers write what may not stand in a name.
_ESCAPED: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))


class Part(NamedTuple):
    """A field as it was sent."""

    name: str
    filename: str | None
    """None where it is no file."""
    type: str
    data: bytes

    @property
    def text(self) -> str:
        """Its text, line ends as \\n. Raises BadParameter."""
        try:
            text = self.data.decode("utf-8")
        except UnicodeDecodeError:
            raise BadParameter(self.name[:100], "The form is not UTF-8.") from None
        return text.replace("\r\n", "\n")


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The fields in their order. Raises UnsupportedMediaType, BadParameter."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "application/x-www-form-urlencoded":
        return _urlencoded(body)
    if media != "multipart/form-data":
        raise UnsupportedMediaType("Send a form.")
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _broken()
    return _multipart(b"--" + (found.group(1) or found.group(2)).encode("latin-1"), body)


def _urlencoded(body: bytes) -> list[Part]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARTS)
    except ValueError:
        raise _broken() from None
    return [Part(name, None, "text/plain", value.encode()) for name, value in pairs]


def _multipart(delimiter: bytes, body: bytes) -> list[Part]:
    # What stands before the first delimiter and after the last is of no account.
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--") or len(pieces) - 2 > _MOST_PARTS:
        raise _broken()
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, found, data = piece.partition(b"\r\n\r\n")
    if not found or len(head) > _MOST_HEADERS or not head.lstrip(b" \t").startswith(b"\r\n"):
        raise _broken()
    disposition, kind = "", "text/plain"
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise _broken() from None
    for line in lines:
        key, _, value = line.partition(":")
        match key.strip().lower():
            case "content-disposition":
                disposition = value.strip()
            case "content-type":
                kind = value.partition(";")[0].strip().lower()
    name = _NAME.search(disposition)
    if not disposition.lower().startswith("form-data") or name is None:
        raise _broken()
    filename = _FILENAME.search(disposition)
    return Part(
        _unescaped(name.group(1)),
        None if filename is None else _unescaped(filename.group(1)),
        kind if _TYPE.fullmatch(kind) else "application/octet-stream",
        data,
    )


def _unescaped(text: str) -> str:
    for written, meant in _ESCAPED:
        text = text.replace(written, meant)
    return text


def _broken() -> BadParameter:
    return BadParameter("body", "The form is not as browsers send it.")
