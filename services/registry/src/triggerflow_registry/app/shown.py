"""What verbs answer with: what is stored, together with what was found about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from triggerflow_registry.domain.flow import Flow, FlowSummary, NodeObject
from triggerflow_registry.domain.problem import Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ShownFlow:
    """A draft and its problems."""

    flow: Flow
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ShownSummary:
    """A draft as lists show it, and its problems."""

    summary: FlowSummary
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ShownNode:
    """A node, the tag of its state, and whether the call made it."""

    node: NodeObject
    etag: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `next_token` is empty at its end."""

    items: tuple[T, ...]
    next_token: str
