"""Which port keys may be saved, and where the others are reported."""

from typing import Any

import pytest
from triggerflow_chassis.flow_model import CEL_RESERVED, Side, port_key_problem, port_problems

SIDES: tuple[Side, ...] = ("inputs", "outputs")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("key", ["a", "_", "_a", "aB9_", "input", "out", "default", "true_", "has", "int", "dyn"])
def test_keys_that_fit_the_pattern_are_allowed(key: str, side: Side) -> None:
    assert port_key_problem(key, side, "action") is None


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("key", ["", "A", "1", "a-b", "a.b", "a b", "é", "a\n", "\na", "aé", "²"])
def test_keys_that_do_not_fit_the_pattern_are_refused(key: str, side: Side) -> None:
    assert "must match" in (port_key_problem(key, side, "action") or "")


@pytest.mark.parametrize("side", SIDES)
def test_words_that_cel_reserves_are_refused(side: Side) -> None:
    assert len(CEL_RESERVED) == 21
    for key in CEL_RESERVED:
        assert "reserved" in (port_key_problem(key, side, "action") or ""), key


@pytest.mark.parametrize("kind", ["trigger", "action", "condition", "subflow", "output"])
@pytest.mark.parametrize("side", SIDES)
def test_inputs_is_refused_everywhere(side: Side, kind: str) -> None:
    assert "inputs" in (port_key_problem("inputs", side, kind) or "")


@pytest.mark.parametrize("key", ["true", "false"])
def test_only_the_outputs_of_a_condition_may_be_true_and_false(key: str) -> None:
    assert port_key_problem(key, "outputs", "condition") is None
    assert port_key_problem(key, "inputs", "condition") is not None
    assert port_key_problem(key, "outputs", "action") is not None


def test_error_cannot_be_declared_where_it_exists_already() -> None:
    assert port_key_problem("error", "outputs", "action") is not None
    assert port_key_problem("error", "outputs", "subflow") is not None
    assert port_key_problem("error", "inputs", "action") is None


def declaring(kind: str, side: Side, *keys: str) -> dict[str, Any]:
    return {"type": kind, "name": "n", "handlers": {}, "ports": {side: [{"key": k, "label": k} for k in keys]}}


def test_every_broken_key_is_reported_at_itself() -> None:
    found = list(port_problems(declaring("action", "outputs", "a", "a", "if", "error", "b")))
    assert [problem.pointer for problem in found] == [f"/ports/outputs/{i}/key" for i in (1, 2, 3)]


def test_a_key_may_stand_on_both_sides() -> None:
    both = declaring("action", "inputs", "a") | declaring("action", "outputs", "a")
    assert list(port_problems(both)) == []


@pytest.mark.parametrize(("kind", "side"), [("trigger", "inputs"), ("output", "outputs")])
def test_a_side_that_a_type_does_not_have_must_be_empty(kind: str, side: Side) -> None:
    assert [problem.pointer for problem in port_problems(declaring(kind, side, "a"))] == [f"/ports/{side}"]
    assert list(port_problems(declaring(kind, side))) == []
