"""Find what is wrong with the handlers of a node. Pure; what adapters say is asked through `HandlerCheck`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from triggerflow_chassis import flow_model
from triggerflow_chassis.errors import Violation
from triggerflow_chassis.jsontext import pointer

from triggerflow_registry.domain.flow import NodeId, NodeObject
from triggerflow_registry.domain.problem import Problem, Reason
from triggerflow_registry.domain.rules import is_undecided

MAIN = flow_model.MAIN
ON_ERROR = flow_model.ON_ERROR

# What is saved, and cannot run yet: nothing now.
LATER: frozenset[str] = frozenset()

# What the engine itself performs: it takes time, and has ports of its own.
ENGINES_OWN = frozenset({"core:approval", "core:event", "core:timer"})

_MEANT = {
    "trigger": "Choose how it starts, such as core:manual.",
    "action": "Choose what it does.",
    "condition": "Add core:condition.",
    "subflow": "Add core:subflow.",
}


class HandlerCheck(Protocol):
    """What the installed adapters say of handlers. Executes nothing."""

    def node_type(self, entrypoint: str) -> str | None:
        """The type of node the handler serves, None where no adapter has such a handler."""
        ...

    def explain_unknown(self, entrypoint: str) -> str:
        """Why there is no such handler, and what to do, in a sentence."""
        ...

    def condition_problem(self, text: str, keys: Sequence[str]) -> str | None:
        """Why a text is no CEL condition over input ports of these keys, None where it is one."""
        ...

    def url_problem(self, text: str) -> str | None:
        """Why a text is no web address that can be called, None where it is one."""
        ...

    def config_problems(self, node: NodeObject, key: str = MAIN) -> Sequence[Violation]:
        """What is wrong with the config of the node's known handler; pointers start at the node."""
        ...


def handler_problems(node: NodeObject, at: str, check: HandlerCheck) -> Iterator[Problem]:
    """Every problem of the handlers of the node that stands at the pointer `at`."""
    node_id = NodeId(node["id"])
    kind = node["type"]
    handlers = node["handlers"]
    for key in handlers:
        here = at + pointer("handlers", key)
        if key == ON_ERROR:
            yield from _of_on_error(node, at, check)
        elif key != MAIN:
            yield Problem(
                Reason.CONFIG_INVALID, here, f"A node runs its handler {MAIN!r} only. Remove {key!r}.", node_id
            )
    if kind == "output":
        if MAIN in handlers:
            yield Problem(
                Reason.CONFIG_INVALID,
                f"{at}/handlers/main",
                "An output hands on what it receives and runs no handler. Remove it.",
                node_id,
            )
    elif MAIN not in handlers:
        yield Problem(
            Reason.UNKNOWN_HANDLER,
            f"{at}/handlers/main",
            f"This {kind} has no handler {MAIN!r}. {_MEANT[kind]}",
            node_id,
        )
    else:
        yield from _of_main(node, at, check)


def _of_main(node: NodeObject, at: str, check: HandlerCheck) -> Iterator[Problem]:
    node_id = NodeId(node["id"])
    entrypoint = node["handlers"][MAIN]["entrypoint"]
    here = f"{at}/handlers/main/entrypoint"
    if entrypoint in LATER:
        yield Problem(Reason.NOT_YET, here, f"{entrypoint} cannot run yet. Choose another handler to publish.", node_id)
        return
    serves = check.node_type(entrypoint)
    if serves is None:
        yield Problem(Reason.UNKNOWN_HANDLER, here, check.explain_unknown(entrypoint), node_id)
        return
    if serves != node["type"]:
        yield Problem(
            Reason.CONFIG_INVALID,
            here,
            f"{entrypoint} serves nodes of type {serves}, and this one is of type {node['type']}. Choose another.",
            node_id,
        )
        return
    found = list(check.config_problems(node))
    for where, message in found:
        yield Problem(Reason.CONFIG_INVALID, at + where, message, node_id)
    # Who lights no port by a rule here must not be published, whatever the handler says of it.
    if not found:
        yield from _of_condition(node, at, node_id)


def _of_on_error(node: NodeObject, at: str, check: HandlerCheck) -> Iterator[Problem]:
    node_id = NodeId(node["id"])
    entrypoint = node["handlers"][ON_ERROR]["entrypoint"]
    here = at + pointer("handlers", ON_ERROR)
    if node["type"] != "action":
        instead = "Remove onError" + (
            ", and connect its error port to an action." if node["type"] == "subflow" else "."
        )
        said = f"Only an action has a handler for errors, and this is a node of type {node['type']}. {instead}"
        yield Problem(Reason.CONFIG_INVALID, here, said, node_id)
        return
    here = f"{here}/entrypoint"
    serves = check.node_type(entrypoint)
    if entrypoint in LATER or entrypoint in ENGINES_OWN:
        said = f"{entrypoint} cannot handle an error. Choose another handler."
        yield Problem(Reason.CONFIG_INVALID, here, said, node_id)
    elif serves is None:
        yield Problem(Reason.UNKNOWN_HANDLER, here, check.explain_unknown(entrypoint), node_id)
    elif serves != "action":
        said = f"{entrypoint} serves nodes of type {serves}, and errors are handled by an action. Choose another."
        yield Problem(Reason.CONFIG_INVALID, here, said, node_id)
    else:
        for where, message in check.config_problems(node, ON_ERROR):
            yield Problem(Reason.CONFIG_INVALID, at + where, message, node_id)


def _of_condition(node: NodeObject, at: str, node_id: NodeId) -> Iterator[Problem]:
    if node["type"] != "condition":
        return
    if is_undecided(node):
        yield Problem(
            Reason.CONFIG_INVALID,
            f"{at}/handlers/main/config/cases",
            "The cases are not valid. Each needs a port of its own, not default, and a CEL expression `when`; "
            "declared outputs name exactly the cases and default.",
            node_id,
        )
    elif not flow_model.has_cases(node) and {*flow_model.declared_outputs(node)} != {*flow_model.BOOLEAN_PORTS}:
        yield Problem(
            Reason.CONFIG_INVALID,
            f"{at}/ports/outputs",
            "A condition with one expression lights true or false. Declare exactly these outputs, or none.",
            node_id,
        )
