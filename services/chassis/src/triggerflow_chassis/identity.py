"""Say who calls, for the length of a call. Local mode has one principal and one project."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, and in which project."""

    subject: str
    project_id: str


LOCAL = Principal("local", "00000000-0000-7000-8000-000000000001")

_current: ContextVar[Principal | None] = ContextVar("triggerflow_principal", default=None)


def current() -> Principal:
    """The principal of this call. Raises LookupError outside a call: nothing may act as nobody."""
    principal = _current.get()
    if principal is None:
        raise LookupError("no principal: this code runs outside a call")
    return principal


def become(principal: Principal) -> Token[Principal | None]:
    """Make the rest of this context act as the principal. Give the token to `restore` to undo it."""
    return _current.set(principal)


def restore(token: Token[Principal | None]) -> None:
    """Undo a `become` in the same context."""
    _current.reset(token)
