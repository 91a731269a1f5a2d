"""What the catalogue knows of a handler, and the static check of a config against it. Executes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast

import jsonschema_rs

from triggerflow_adapter_sdk.expressions import cel_problem, compile_problem, is_pure, variable_names
from triggerflow_adapter_sdk.markers import Marks, Misplaced
from triggerflow_adapter_sdk.pointers import Path, matches, parse_pattern, to_pointer
from triggerflow_adapter_sdk.ports import input_keys
from triggerflow_adapter_sdk.schemas import BLANK, compile_schema, sentence, violations

Language = Literal["jsonata", "cel"]


class ConfigProblem(NamedTuple):
    """Something wrong with a config. `pointer` starts at the config itself (`check_node`: at the node).

    `literal_secret`: a literal (or `$expr`) stands where a secret belongs, which is refused instead of saved.
    """

    pointer: str
    message: str
    literal_secret: bool = False


# A handler's own rules: the node as far as it is known, its config, and `(path in the node, message)` for each breach.
NodeCheck = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[tuple[Path, str]]]


@dataclass(frozen=True)
class HandlerDescription:
    """A kind of node."""

    # "adapter:handler", or a dotted path.
    reference: str
    adapter: str
    # TriggerFlowNodeMetadata, complete but for id and position.
    node: Mapping[str, Any]
    # JSON Schema 2020-12 of the config.
    config_schema: Mapping[str, Any]
    # Hints for the canvas: group, icon, kind, fields, order, summary.
    ui: Mapping[str, Any]
    # Running it again changes nothing outside, and the same inputs give the same result.
    pure: bool = False
    # {"status": "ok" | "degraded" | "down", "message": text}
    health: Mapping[str, str] = field(default_factory=lambda: {"status": "ok", "message": ""})
    # Pointer patterns (`*` is any member) of fields that are expressions themselves.
    expressions: Mapping[str, Language] = field(default_factory=dict)
    # Pointer patterns of fields that must come from the environment.
    secrets: tuple[str, ...] = ()
    # Pointer patterns of objects that map HTTP header names to values.
    headers: tuple[str, ...] = ()
    check: NodeCheck | None = None

    @cached_property
    def marks(self) -> Marks:
        """Where expressions, secrets and headers stand."""
        return Marks(self.expressions, self.secrets, self.headers)

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        """The config schema, compiled. Raises SchemaRefused."""
        return compile_schema(self.config_schema)

    def check_config(self, config: Mapping[str, Any]) -> list[ConfigProblem]:
        """Everything that can be said of a config without running it, and without knowing its node.

        Schema, expressions (a condition's variables are not known here: `check_node` asks for them), `$env` where it
        may not stand, literal secrets.
        """
        found = [*self._form(config), *self._conditions(config, None)]
        own: list[tuple[Path, str, bool]] = []
        if self.check is not None:
            own = [(path[3:], message, False) for path, message in self.check({}, config) if _in_config(path)]
        return _problems(found, own)

    def check_node(self, node: Mapping[str, Any], key: str = "main") -> list[ConfigProblem]:
        """`check_config`, and what concerns config and ports together; pointers start at the node."""
        config = node["handlers"][key].get("config", {})
        at: Path = ("handlers", key, "config")
        form = [*self._form(config), *self._conditions(config, input_keys(node, key))]
        found = [((*at, *path), message, literal) for path, message, literal in form]
        own: list[tuple[Path, str, bool]] = []
        if self.check is not None:
            own = [((*at, *p[3:]) if _in_config(p) else p, m, False) for p, m in self.check(node, config)]
        return _problems(found, own)

    def expressions_are_pure(self, config: Any) -> bool:
        """Whether no field that is JSONata itself asks for the time or for chance."""
        return all(is_pure(text) for path, text in _texts((), config) if self.marks.language(path) == "jsonata")

    def _form(self, config: Any) -> Iterable[tuple[Path, str, bool]]:
        undecided: list[Path] = []
        for marker in self.marks.scan(config):
            if isinstance(marker, Misplaced):
                yield marker.path, marker.message, marker.literal_secret
                undecided.append(marker.path)
            else:
                undecided.append(marker.path)
        # Where something is wrong with a marker, the schema has nothing to add.
        for path, message in violations(self.validator, config, undecided):
            yield path, message, False

    def _conditions(self, config: Any, keys: tuple[str, ...] | None) -> Iterable[tuple[Path, str, bool]]:
        """What is wrong with fields that are expressions themselves."""
        if not self.expressions:
            return
        for path, text in _texts((), config):
            language = self.marks.language(path)
            if language == "jsonata":
                problem = compile_problem(text)
            elif language == "cel" and keys is not None:
                problem = cel_problem(text, variable_names(keys))
            elif language == "cel":
                problem = _without_variables(cel_problem(text, ("inputs",)))
            else:
                continue
            if problem is not None:
                yield path, problem, False


def _without_variables(problem: str | None) -> str | None:
    return None if problem is not None and "undeclared reference" in problem else problem


def _in_config(path: Path) -> bool:
    return matches(parse_pattern("/handlers/*/config"), path[:3])


def _texts(path: Path, value: Any) -> Iterable[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts((*path, index), item)


def _problems(found: Iterable[tuple[Path, str, bool]], own: Iterable[tuple[Path, str, bool]]) -> list[ConfigProblem]:
    """One problem a place, the one that helps most: an open secret, then what is blank, then the handler's words."""
    best: dict[str, tuple[int, ConfigProblem]] = {}
    for rank, problems in ((3, found), (2, own)):
        for path, message, literal in problems:
            problem = ConfigProblem(to_pointer(path), sentence(message), literal)
            counts = 0 if literal else 1 if message == BLANK else rank
            known = best.get(problem.pointer)
            if known is None or counts < known[0]:
                best[problem.pointer] = (counts, problem)
    return [problem for _, problem in best.values()]


def description_of(adapter: str, entry: Mapping[str, Any], health: Mapping[str, str]) -> HandlerDescription:
    """A description from what an adapter's `describe()` says of one handler. Raises where it is not complete."""
    reference = str(entry["reference"])
    description = HandlerDescription(
        reference=reference,
        adapter=adapter,
        node=dict(entry["node"]),
        config_schema=dict(entry.get("configSchema", {})),
        ui=dict(entry.get("ui", {})),
        pure=bool(entry.get("pure", False)),
        health=entry.get("health", health),
        expressions=cast("Mapping[str, Language]", dict(entry.get("expressions", {}))),
        secrets=tuple(entry.get("secrets", ())),
        headers=tuple(entry.get("headers", ())),
        check=entry.get("check"),
    )
    # Compiled here, so that a broken schema is found at start and by the one who wrote it.
    _ = description.validator, description.marks
    return description
