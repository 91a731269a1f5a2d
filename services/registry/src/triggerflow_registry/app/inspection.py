"""Ask the installed adapters about a draft, and remember the answers: a draft is read far more often than changed.

Answers hold for the life of the process, as the set of adapters does.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import structlog
from triggerflow_adapter_sdk.description import ConfigProblem, HandlerDescription
from triggerflow_adapter_sdk.expressions import cel_problem, variable_names
from triggerflow_adapter_sdk.schemas import sentence
from triggerflow_adapter_sdk.urls import url_problem
from triggerflow_chassis.errors import Violation
from triggerflow_chassis.jsontext import canonical, pointer

from triggerflow_registry.domain.flow import Document, NodeObject
from triggerflow_registry.domain.handler_problems import MAIN
from triggerflow_registry.domain.problem import Problem
from triggerflow_registry.domain.problems import problems_of
from triggerflow_registry.ports import HandlerCatalogue

log = structlog.get_logger("triggerflow.registry")

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

_DRAFTS_REMEMBERED = 1_024
_NODES_REMEMBERED = 8_192


class Inspector:
    """What the rules ask of adapters (`HandlerCheck`, `SecretFindings`), and the problems of a whole draft."""

    def __init__(self, catalogue: HandlerCatalogue) -> None:
        self._catalogue = catalogue
        self._drafts: _Memory[str, tuple[Problem, ...]] = _Memory(_DRAFTS_REMEMBERED)
        self._nodes: _Memory[bytes, tuple[ConfigProblem, ...]] = _Memory(_NODES_REMEMBERED)

    def problems(self, etag: str, document: Document) -> tuple[Problem, ...]:
        """The problems of the draft that `etag` names."""
        return self._drafts.get(etag, lambda: problems_of(document, self))

    def known_problems(self, etag: str) -> tuple[Problem, ...] | None:
        """The same without the draft at hand, None where they were not asked for lately."""
        return self._drafts.peek(etag)

    def secrets(self, node: NodeObject) -> Sequence[Violation]:
        """Literals where handlers want a secret; pointers start at the node."""
        return [
            Violation(found.pointer, found.message)
            for key in node["handlers"]
            for found in self._ask(node, key)
            if found.literal_secret
        ]

    def node_type(self, entrypoint: str) -> str | None:
        description = self._catalogue.describe(entrypoint)
        return None if description is None else str(description.node["type"])

    def explain_unknown(self, entrypoint: str) -> str:
        return f"{sentence(self._catalogue.explain_unknown(entrypoint))} Choose another handler, or make it available."

    def condition_problem(self, text: str, keys: Sequence[str]) -> str | None:
        said = cel_problem(text, variable_names(keys))
        return None if said is None else f"This is no condition: {sentence(said)}"

    def url_problem(self, text: str) -> str | None:
        return url_problem(text)

    def config_problems(self, node: NodeObject, key: str = MAIN) -> Sequence[Violation]:
        return [Violation(found.pointer, found.message) for found in self._ask(node, key)]

    def _ask(self, node: NodeObject, key: str) -> Sequence[ConfigProblem]:
        description = self._catalogue.describe(node["handlers"][key]["entrypoint"])
        if description is None:
            return ()
        # Only what a handler's check may look at: moving or renaming a node asks nothing again.
        said = canonical([key, node["type"], node["handlers"][key], node.get("ports"), node.get("annotations")])
        asked = hashlib.sha256(said).digest()
        return self._nodes.get(asked, lambda: _checked(description, node, key))


def _checked(description: HandlerDescription, node: NodeObject, key: str) -> tuple[ConfigProblem, ...]:
    try:
        return tuple(description.check_node(node, key))
    except Exception as broken:
        # An adapter is a stranger's: whatever it does, the draft is saved.
        log.error("config_check_failed", reference=description.reference, exc_info=broken)
        said = f"This config cannot be checked: {description.adapter} failed with {type(broken).__name__}."
        return (ConfigProblem(pointer("handlers", key, "config"), said),)


class _Memory(Generic[_K, _V]):
    """The answers used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._answers: OrderedDict[_K, _V] = OrderedDict()

    def peek(self, key: _K) -> _V | None:
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def get(self, key: _K, ask: Callable[[], _V]) -> _V:
        known = self.peek(key)
        if known is not None:
            return known
        answer = self._answers[key] = ask()
        if len(self._answers) > self._size:
            self._answers.popitem(last=False)
        return answer
