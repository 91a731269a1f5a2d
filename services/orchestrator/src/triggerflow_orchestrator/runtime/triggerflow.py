"""Run the nodes of a plan as operators of one TriggerFlow, each started by one small signal.

How, and what was measured: docs/adr/0003-running-nodes-on-triggerflow.md. Only public means of agently are used.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

import structlog

from triggerflow_orchestrator.app.engine_ports import Perform, Program, ProgramRun
from triggerflow_orchestrator.domain.plan import Plan

if TYPE_CHECKING:
    from agently import TriggerFlow

log = structlog.get_logger(__name__)

_DEFAULT_HOOKS: Final = ("RuntimeConsoleSinkHooker", "RuntimeStorageSinkHooker")


class TriggerFlowRuntime:
    """Makes programs of plans. `load` first: importing agently takes 2 to 3 s, so it happens in a thread."""

    def __init__(self) -> None:
        self._flow_type: type[TriggerFlow[Any, Any, Any]] | None = None
        self._loaded = asyncio.Event()

    @property
    def loaded(self) -> asyncio.Event:
        """Set once programs can be made."""
        return self._loaded

    async def load(self) -> None:
        """Import agently without stopping the loop, and take off what would be paid on every node."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[type[TriggerFlow[Any, Any, Any]]] = loop.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, result, error)

        def work() -> None:
            try:
                result = _import_flow_type()
            except BaseException as error:
                tell(None, error)
            else:
                tell(result, None)

        # A thread of our own: a daemon does not hold up a stop that comes while the import still runs.
        threading.Thread(target=work, name="load-triggerflow", daemon=True).start()
        self._flow_type = await done
        self._loaded.set()
        log.info("triggerflow_loaded")

    def compile(self, plan: Plan, perform: Perform) -> Program:
        """Build the flow of a plan: one operator a node of its tree, which performs the activation its signal names."""
        if self._flow_type is None:
            raise RuntimeError("TriggerFlow is not loaded")
        from agently.core.orchestration.TriggerFlow import TriggerFlowBlueprint

        blueprint = TriggerFlowBlueprint(name=plan.name or "flow")
        flow = self._flow_type(blueprint, name=plan.name or "flow")

        async def operator(data: Any) -> None:
            await perform(data.value)

        for node in plan.every():
            event = _event_of(node.number)
            blueprint.definition.add_operator(
                # Two flows of one tree may have nodes of one id.
                id=node.id if node.number < len(plan.nodes) else f"{node.number}:{node.id}",
                kind="chunk",
                name=node.name,
                listen_signals=[blueprint.make_signal("event", event)],
            )
            # Not the operator's id: with it, every signal would pay for TriggerFlow's own chunk events.
            blueprint.add_event_handler(event, operator, id=f"perform:{node.number}")
        return _TriggerFlowProgram(flow)


class _TriggerFlowProgram:
    def __init__(self, flow: TriggerFlow[Any, Any, Any]) -> None:
        self._flow = flow

    def open(self) -> ProgramRun:
        execution = self._flow.create_execution(auto_close=False, record_store=False)
        return _TriggerFlowRun(self._flow, execution)


class _TriggerFlowRun:
    __slots__ = ("_execution", "_flow")

    def __init__(self, flow: TriggerFlow[Any, Any, Any], execution: Any) -> None:
        self._flow = flow
        self._execution = execution

    def emit(self, node_number: int, activation: int) -> None:
        self._execution.emit_nowait(_event_of(node_number), activation)

    def close(self) -> None:
        # Without this the flow would hold every run it ever made.
        self._flow.remove_execution(self._execution)


def _event_of(node_number: int) -> str:
    return f"node-{node_number}"


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _import_flow_type() -> type[TriggerFlow[Any, Any, Any]]:
    from agently import TriggerFlow
    from agently.base import event_center

    for name in _DEFAULT_HOOKS:
        event_center.unregister_hooker_plugin(name)

    def no_config(*_: Any, **__: Any) -> dict[str, Any]:
        return {}

    def no_picture(*_: Any, **__: Any) -> str:
        return ""

    # Does not render its definition in every run: the registry knows it.
    return type("CanvasFlow", (TriggerFlow,), {"get_flow_config": no_config, "to_mermaid": no_picture})
