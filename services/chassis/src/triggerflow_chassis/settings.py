"""Read settings from the environment once, and report everything wrong with them together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """Settings that cannot be used: one line for each, naming the setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Secret:
    """Text that shows itself to nobody who does not ask for it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class Reader:
    """Take settings by name; call `done` before using any."""

    def __init__(self, environ: Mapping[str, str] | None = None, *, prefix: str = "") -> None:
        self._environ = os.environ if environ is None else environ
        self._prefix = prefix
        self._problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The setting's text. Set to nothing is as good as not set."""
        return self._environ.get(self._prefix + name, "") or default

    def is_set(self, name: str) -> bool:
        """Whether it was set, be it to nothing."""
        return self._prefix + name in self._environ

    def secret(self, name: str) -> Secret | None:
        """The setting, kept from logs."""
        value = self.text(name)
        return Secret(value) if value else None

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number between two bounds, both included."""
        text = self.text(name)
        if not text:
            return default
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            self.problem(name, f"must be a whole number from {least} to {most}, not {text!r}")
            return default
        return number

    def path(self, name: str, default: Path) -> Path:
        """A path, with ~ for the home folder; a relative one counts from the working folder."""
        text = self.text(name)
        return (Path(text) if text else default).expanduser().absolute()

    def listening(self, name: str, default: str) -> str:
        """Where to serve: `host:port` of this machine alone, or `unix:/path`. Nothing that others could reach."""
        address = self.text(name, default)
        host, _, port = address.rpartition(":")
        if address.startswith("unix:"):
            return address
        if host not in _LOOPBACK:
            self.problem(
                name,
                f"must be on 127.0.0.1, not {address!r}: until sign-in exists, whoever reaches a listener may do all "
                f"that its owner may. Set it to {default}, or to another port of 127.0.0.1",
            )
        elif not port.isdigit() or not 1 <= int(port) <= 65_535:
            self.problem(name, f"must be host:port with a port from 1 to 65535, not {address!r}")
        return address

    def keep_days(self) -> int | None:
        """KEEP_DAYS: how long what ended is kept; None, where it is not set, for ever."""
        return self.integer("KEEP_DAYS", 0, least=1, most=36_500) or None

    def level(self) -> str:
        """LOG_LEVEL, in lower case."""
        level = self.text("LOG_LEVEL", "info").lower()
        if level not in _LEVELS:
            self.problem("LOG_LEVEL", f"must be debug, info, warning or error, not {level!r}")
        return level

    def switch(self, name: str, default: bool) -> bool:
        """`on` or `off`."""
        text = self.text(name).lower()
        if text not in ("", "on", "off"):
            self.problem(name, f"must be on or off, not {text!r}")
        return default if text == "" else text == "on"

    def names(self, name: str) -> tuple[str, ...]:
        """A comma-separated list, without blanks around its items and without empty ones."""
        return tuple(item.strip() for item in self.text(name).split(",") if item.strip())

    def plain(self) -> Reader:
        """The same without the prefix, for what other programs call so too (DATABASE_URL). Its problems are told
        with these."""
        other = Reader(self._environ)
        other._problems = self._problems
        return other

    def problem(self, name: str, what: str) -> None:
        """Note what is wrong with a setting."""
        self._problems.append(f"{self._prefix}{name} {what}")

    def done(self) -> None:
        """Raises SettingsError with all that is wrong."""
        if self._problems:
            raise SettingsError(self._problems)
