"""What a failed node shows of its stack: the handler's own frames, not the way to them."""

from __future__ import annotations

from typing import Any

from triggerflow_adapter_sdk import error_fields


def broken() -> None:
    raise ValueError("no good")


def through_the_host(call: Any) -> None:
    """A frame of the host's."""
    code = compile("call()", "host.py", "exec")
    exec(code, {"__name__": "triggerflow_orchestrator.app.attempt", "call": call})


def test_the_stack_begins_at_the_handler() -> None:
    try:
        through_the_host(broken)
    except ValueError as error:
        stack = error_fields(error)["stack"]
    assert "in broken" in stack
    assert "host.py" not in stack
    assert stack.endswith("ValueError: no good\n")


def test_a_failure_of_the_host_itself_keeps_its_stack() -> None:
    def raises() -> None:
        exec(compile("1 / 0", "host.py", "exec"), {"__name__": "triggerflow_adapter_sdk.binding"})

    try:
        raises()
    except ZeroDivisionError as error:
        stack = error_fields(error)["stack"]
    assert "host.py" in stack
