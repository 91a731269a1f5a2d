"""A version made ready to run, once: its plan, its program, its handlers bound to their nodes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

from triggerflow_adapter_sdk import BoundHandler
from triggerflow_chassis.errors import Invalid, Violation
from triggerflow_chassis.schemas import compile_schema, violations_of

from triggerflow_orchestrator.app.engine_ports import NodeRuntime, Perform, Program
from triggerflow_orchestrator.domain.execution import BlueprintVersion
from triggerflow_orchestrator.domain.plan import Plan, PlanNode, compile_plan
from triggerflow_orchestrator.domain.value import Value, encode


class Binder(Protocol):
    """The catalogue, as far as it is needed here."""

    def bind(self, node: Mapping[str, Any], key: str = "main") -> BoundHandler:
        """The handler of a node. Raises what its first call should fail with."""


class CompiledFlow:
    """Shared by all runs of one version. Not changed but for what is made on first use."""

    def __init__(self, version: BlueprintVersion, catalogue: Binder) -> None:
        self.version = version
        self.plan: Plan = compile_plan(version.blueprint)
        self._catalogue = catalogue
        self._bound: list[BoundHandler | None] = [None] * len(self.plan.nodes)
        self._program: Program | None = None
        self._input_schemas: dict[int, Any] = {}

    def bound(self, node: PlanNode) -> BoundHandler:
        """The node's handler. Raises what binding raised, each time: that attempt fails with it."""
        found = self._bound[node.index]
        if found is None:
            found = self._bound[node.index] = self._catalogue.bind(node.source)
        return found

    def program(self, runtime: NodeRuntime, perform: Perform) -> Program:
        """The plan made executable."""
        if self._program is None:
            self._program = runtime.compile(self.plan, perform)
        return self._program

    def fire(self, triggers: tuple[int, ...], inputs: Mapping[str, Any]) -> dict[int, dict[str, Value]]:
        """What each trigger lights: `out` is all of inputs, another declared port k is inputs[k], dead where absent.

        Raises Invalid, each pointer under /inputs, where inputs break a trigger's inputSchema.
        """
        found: list[Violation] = []
        for index in triggers:
            schema = self.plan.nodes[index].config.get("inputSchema")
            if schema is not None:
                found.extend(violations_of(self._validator(index, schema), inputs, "/inputs"))
        if found:
            raise Invalid(list(dict.fromkeys(found))[:100])
        whole = encode(dict(inputs))
        fired: dict[int, dict[str, Value]] = {}
        for index in triggers:
            lit: dict[str, Value] = {}
            for port in self.plan.nodes[index].declared_outputs:
                if port == "out":
                    lit[port] = whole
                elif port in inputs:
                    lit[port] = encode(inputs[port])
            fired[index] = lit
        return fired

    def _validator(self, index: int, schema: Any) -> Any:
        found = self._input_schemas.get(index)
        if found is None:
            found = self._input_schemas[index] = compile_schema(schema)
        return found


class CompiledFlows:
    """The versions used last, compiled."""

    def __init__(self, catalogue: Binder, *, most: int = 256) -> None:
        self._catalogue = catalogue
        self._most = most
        self._kept: OrderedDict[tuple[str, str], CompiledFlow] = OrderedDict()

    def of(self, version: BlueprintVersion) -> CompiledFlow:
        """The version, compiled. Raises PlanInvalid."""
        key = (version.flow_id, version.version)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = CompiledFlow(version, self._catalogue)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found
