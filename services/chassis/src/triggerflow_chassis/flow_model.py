"""Read a node's ports, join mode and condition cases from its JSON object, as CONTRACT section 3 defines them.

Pure; no I/O. Registry and orchestrator share these rules, so that what was saved is what runs. Every function takes a
node that fits the mission's schema; what the schema leaves free (`annotations`, `config`) may hold anything, and is
read without raising.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeAlias

NodeObject: TypeAlias = Mapping[str, Any]
JoinMode: TypeAlias = Literal["all", "strict", "any"]
Side: TypeAlias = Literal["inputs", "outputs"]


class Missing(Enum):
    """A value of its own for "there is none", because null is a value like any other."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING

MAIN: Final = "main"
ON_ERROR: Final = "onError"
DEFAULT_INPUT: Final = "input"
DEFAULT_OUTPUT: Final = "out"
ERROR_PORT: Final = "error"
DEFAULT_CASE: Final = "default"
BOOLEAN_PORTS: Final = ("true", "false")
# What these have where a node declares none, since nothing else would be of use.
APPROVAL_PORTS: Final = ("approved", "rejected", "timeout")
ITEMS_PORT: Final = "items"
FOR_EACH_PORTS: Final = (DEFAULT_OUTPUT, "errors")
ANY_TYPE: Final = "any"

JOIN_MODES: Final[tuple[JoinMode, ...]] = ("all", "strict", "any")
PORT_TYPES: Final = frozenset({"any", "string", "number", "integer", "boolean", "object", "array"})
TYPES_WITH_ERROR_PORT: Final = frozenset({"action", "subflow"})

PORT_KEY_PATTERN: Final = "^[a-z_][a-zA-Z0-9_]*$"
_PORT_KEY: Final = re.compile(r"[a-z_][a-zA-Z0-9_]*")
# RESERVED of the CEL specification's lexis (langdef.md, "Syntax"): an input port of that name could not be written
# as a CEL variable.
# fmt: off
CEL_RESERVED: Final = frozenset((
    "false", "in", "null", "true",
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
))
# fmt: on
# The CEL variable that holds the whole inputs object.
WHOLE_INPUTS: Final = "inputs"


class InputPort(NamedTuple):
    """One input port. `default` is MISSING where none is given; `type` is one of PORT_TYPES."""

    key: str
    default: Any | Missing
    type: str


class Case(NamedTuple):
    """One case of a condition: the port it lights, and the CEL expression that must be true for it."""

    port: str
    when: str


class PortProblem(NamedTuple):
    """A broken port rule. `pointer` is a JSON pointer inside the node."""

    pointer: str
    message: str


def input_ports(node: NodeObject) -> tuple[InputPort, ...]:
    """The ports edges may end at, in the order declared. A trigger has none; where `inputs` is absent, one: `input`,
    of a sub-flow for each item of a list `items`."""
    if node.get("type") == "trigger":
        return ()
    declared = _listed(node, "inputs")
    if declared is None:
        return (InputPort(ITEMS_PORT if _is_for_each(node) else DEFAULT_INPUT, MISSING, ANY_TYPE),)
    return tuple(InputPort(port["key"], port.get("default", MISSING), _port_type(port)) for port in declared)


def declared_outputs(node: NodeObject) -> tuple[str, ...]:
    """The ports a handler may light, in the order declared: the output ports without the `error` every action has.

    Where `outputs` is absent: `out`; of a condition `true` and `false`, or its cases and `default`; of an approval
    APPROVAL_PORTS; of a sub-flow for each item `out` and `errors`. While a condition's cases are not valid, `default`
    alone, whatever it declares.
    """
    kind = node.get("type")
    if kind == "output":
        return ()
    if kind == "condition" and has_cases(node):
        cases = valid_cases(node)
        if cases is None:
            return (DEFAULT_CASE,)
        return _listed_keys(node) or (*(case.port for case in cases), DEFAULT_CASE)
    declared = _listed_keys(node)
    if declared is not None:
        return declared
    if kind == "condition":
        return BOOLEAN_PORTS
    if kind == "action" and entrypoint(node) == "core:approval":
        return APPROVAL_PORTS
    return FOR_EACH_PORTS if _is_for_each(node) else (DEFAULT_OUTPUT,)


def _is_for_each(node: NodeObject) -> bool:
    return (
        node.get("type") == "subflow" and entrypoint(node) == "core:subflow" and config(node).get("mode") == "forEach"
    )


def output_ports(node: NodeObject) -> tuple[str, ...]:
    """The ports edges may start at: the declared ones, then `error` where the node's type has it."""
    declared = declared_outputs(node)
    return (*declared, ERROR_PORT) if has_error_port(node) else declared


def has_error_port(node: NodeObject) -> bool:
    """Whether a failure of this node can be data: every action and subflow has the port `error`."""
    return node.get("type") in TYPES_WITH_ERROR_PORT


def output_type(node: NodeObject, key: str) -> str:
    """What the node says travels from its output port `key`: one of PORT_TYPES, `any` where it says nothing."""
    if node.get("type") == "output":
        return ANY_TYPE
    return next((_port_type(port) for port in _listed(node, "outputs") or () if port["key"] == key), ANY_TYPE)


def join_mode(node: NodeObject) -> JoinMode | None:
    """How the node waits for its wired inputs: `all` where it does not say, None where it says what nobody knows."""
    annotations = node.get("annotations")
    if not isinstance(annotations, Mapping) or "join" not in annotations:
        return "all"
    said = annotations["join"]
    return next((mode for mode in JOIN_MODES if mode == said), None)


def passes_single_input(node: NodeObject) -> bool:
    """Whether a condition or output passes on the value of its one input port, not the inputs object."""
    return len(input_ports(node)) == 1


def entrypoint(node: NodeObject, key: str = "main") -> str | None:
    """The entrypoint of a handler of the node, None where it has no such handler."""
    handler = node.get("handlers", {}).get(key)
    return None if handler is None else str(handler["entrypoint"])


def config(node: NodeObject, key: str = "main") -> Mapping[str, Any]:
    """The config of a handler of the node, empty where it has none."""
    handler: Mapping[str, Any] = node.get("handlers", {}).get(key) or {}
    found = handler.get("config")
    return found if isinstance(found, Mapping) else {}


# Conditions


def has_cases(node: NodeObject) -> bool:
    """Whether a condition decides by cases: its main handler is `core:condition` and its config names `cases`."""
    return entrypoint(node) == "core:condition" and "cases" in config(node)


def valid_cases(node: NodeObject) -> tuple[Case, ...] | None:
    """The cases of a condition in their order, None while they are not valid.

    Valid means: a list of `{port, when}`, not empty, both text; ports are allowed keys, unique, none is `default`;
    where outputs are declared they name exactly the cases and `default`. Whether `when` compiles is not asked here.
    """
    found = config(node).get("cases")
    if not isinstance(found, list) or not found:
        return None
    cases: list[Case] = []
    for item in found:
        if not isinstance(item, Mapping) or item.keys() != {"port", "when"}:
            return None
        port, when = item["port"], item["when"]
        if not isinstance(port, str) or not isinstance(when, str) or port == DEFAULT_CASE:
            return None
        if port_key_problem(port, "outputs", "condition") is not None:
            return None
        cases.append(Case(port, when))
    ports = [case.port for case in cases]
    if len(set(ports)) != len(ports):
        return None
    declared = _listed_keys(node)
    if declared is not None and (len(declared) != len(ports) + 1 or {*declared} != {*ports, DEFAULT_CASE}):
        return None
    return tuple(cases)


# What may be saved


def port_key_problem(key: str, side: Side, node_type: str) -> str | None:
    """Why a port of a node of this type may not have this key, as a sentence; None where it may."""
    if not _PORT_KEY.fullmatch(key):
        return f"The port key {key!r} must match {PORT_KEY_PATTERN}."
    if key == WHOLE_INPUTS:
        return "The port key 'inputs' is taken: in expressions it names the whole inputs object."
    if key in CEL_RESERVED and not (node_type == "condition" and side == "outputs" and key in BOOLEAN_PORTS):
        return f"The port key {key!r} is a reserved word of CEL."
    if side == "outputs" and key == ERROR_PORT and node_type in TYPES_WITH_ERROR_PORT:
        return f"Every {node_type} has the port 'error' already; it cannot be declared."
    return None


def port_problems(node: NodeObject) -> Iterator[PortProblem]:
    """Every broken rule of the ports a node declares, each of which refuses saving it."""
    kind = str(node.get("type"))
    sides: tuple[tuple[Side, str], ...] = (("inputs", "trigger"), ("outputs", "output"))
    for side, without in sides:
        declared = _listed(node, side)
        if not declared:
            continue
        if kind == without:
            yield PortProblem(f"/ports/{side}", f"A node of type {kind} has no {side[:-1]} ports.")
            continue
        seen: set[str] = set()
        for index, port in enumerate(declared):
            key = port["key"]
            problem = port_key_problem(key, side, kind)
            if problem is None and key in seen:
                problem = f"The port key {key!r} is used twice among the {side}."
            seen.add(key)
            if problem is not None:
                yield PortProblem(f"/ports/{side}/{index}/key", problem)


def _listed(node: NodeObject, side: Side) -> list[Mapping[str, Any]] | None:
    """The ports the node's JSON lists on one side, None where it says nothing: an empty list is not nothing."""
    ports: list[Mapping[str, Any]] | None = (node.get("ports") or {}).get(side)
    return ports


def _listed_keys(node: NodeObject) -> tuple[str, ...] | None:
    listed = _listed(node, "outputs")
    return None if listed is None else tuple(port["key"] for port in listed)


def _port_type(port: Mapping[str, Any]) -> str:
    said = port.get("type", ANY_TYPE)
    return said if said in PORT_TYPES else ANY_TYPE
