"""Text from the environment: resolved where a config says `$env`, and kept out of everything that leaves a node."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from triggerflow_adapter_sdk.errors import SecretRefused
from triggerflow_adapter_sdk.settings import AdapterSettings


class Secret(str):
    """Text that came from the environment, prefix included; a plain `str` to use, hidden in `repr`.

    `name` is the variable, `secret` its text without the prefix.
    """

    __slots__ = ("name", "secret")

    name: str
    secret: str

    def __new__(cls, name: str, secret: str, prefix: str = "") -> Secret:
        self = super().__new__(cls, prefix + secret)
        self.name = name
        self.secret = secret
        return self

    def __repr__(self) -> str:
        return f"[secret {self.name}]"


def resolve_secret(name: str, prefix: str, settings: AdapterSettings) -> Secret:
    """Raises SecretRefused where the host does not allow the name, or it is not set."""
    if name not in settings.env_allow:
        raise SecretRefused(f"the environment variable {name} is not in TFCANVAS_ENV_ALLOW")
    text = settings.environ.get(name)
    if text is None:
        raise SecretRefused(f"the environment variable {name}, allowed by TFCANVAS_ENV_ALLOW, is not set")
    return Secret(name, text, prefix)


class Redactor:
    """Replaces the text of secrets by `[secret NAME]`, in the spellings in which text commonly comes back."""

    __slots__ = ("_replacements",)

    def __init__(self, secrets: Iterable[Secret]) -> None:
        spellings: dict[str, str] = {}
        for secret in secrets:
            for spelling in _spellings(secret.secret):
                spellings.setdefault(spelling, f"[secret {secret.name}]")
        # Longest first: one secret may begin another, or be part of its own encoding.
        self._replacements = sorted(spellings.items(), key=lambda pair: -len(pair[0]))

    def text(self, text: str) -> str:
        for spelling, mark in self._replacements:
            if spelling in text:
                text = text.replace(spelling, mark)
        return text

    def begun(self, text: str) -> tuple[str, str]:
        """Redact what is surely over; the rest, which may be the beginning of a secret, as it is."""
        longest = len(self._replacements[0][0]) if self._replacements else 1
        text = self.text(text)
        for length in range(min(len(text), longest - 1), 0, -1):
            end = text[-length:]
            if any(spelling.startswith(end) for spelling, _ in self._replacements):
                return text[:-length], end
        return text, ""

    def value(self, value: Any) -> Any:
        """The same JSON value, redacted; what is no JSON is left for whoever refuses it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if type(value) is tuple:
            return tuple(self.value(item) for item in value)
        return value


def _spellings(secret: str) -> set[str]:
    if not secret:
        return set()
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    found |= {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    # What surrounds a header value is stripped on the wire, so it may come back without.
    if secret.strip():
        found.add(secret.strip())
    return found


class RedactingLog:
    """`ctx.log` of a node whose config holds secrets."""

    __slots__ = ("_log", "_redactor")

    def __init__(self, log: Any, redactor: Redactor) -> None:
        self._log = log
        self._redactor = redactor

    def debug(self, message: Any, *rest: Any, **fields: Any) -> Any:
        return self._log.debug(*self._clean(message, rest), **self._redactor.value(fields))

    def info(self, message: Any, *rest: Any, **fields: Any) -> Any:
        return self._log.info(*self._clean(message, rest), **self._redactor.value(fields))

    def warning(self, message: Any, *rest: Any, **fields: Any) -> Any:
        return self._log.warning(*self._clean(message, rest), **self._redactor.value(fields))

    def error(self, message: Any, *rest: Any, **fields: Any) -> Any:
        return self._log.error(*self._clean(message, rest), **self._redactor.value(fields))

    def _clean(self, message: Any, rest: tuple[Any, ...]) -> list[Any]:
        # Anything that is no JSON is turned to text here: its __str__ would run after the redaction otherwise.
        return [self._redactor.value(_plain(item)) for item in (message, *rest)]


def _plain(item: Any) -> Any:
    return item if isinstance(item, (str, int, float, bool, list, dict, tuple, type(None))) else str(item)
