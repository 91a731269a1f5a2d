"""What is wrong with the text of a web address, said where it is written and not where it is called. Pure; no I/O."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# What needs no second look. The rest is for the client's own parser, whose import takes a while.
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?([/?#][\x21-\x7e]{0,2000})?\Z", re.IGNORECASE)


def url_problem(text: str) -> str | None:
    """Why this is no absolute http or https URL that may be called, as a sentence with the remedy; None where it is."""
    try:
        parts = urlsplit(text.strip())
        user, host, _ = parts.username or parts.password, parts.hostname, parts.port
    except ValueError as broken:
        return f"This is no URL: {broken}. Write the whole address, such as https://example.com/path."
    if user is not None:
        return "A URL may not hold a user or password. Give an Authorization header from the environment."
    if parts.scheme not in ("http", "https") or not host:
        return "Write the whole address, beginning with http:// or https://."
    return None if _PLAIN.match(text.strip()) else _refused(text)


def _refused(text: str) -> str | None:
    from triggerflow_adapter_sdk.errors import ConfigInvalid
    from triggerflow_adapter_sdk.http.client import parse_url

    try:
        parse_url(text)
    except ConfigInvalid as broken:
        said = str(broken).removeprefix("config/url: ")
        return f"This URL cannot be called: it {said}. Write the whole address, such as https://example.com/path."
    return None
