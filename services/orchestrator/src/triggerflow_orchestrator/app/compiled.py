"""A version made ready to run, once: its plan with those of its sub-flows, its program, its handlers bound to their
nodes, and the answers its rules ask for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from triggerflow_adapter_sdk import BoundHandler, HandlerError
from triggerflow_adapter_sdk.expressions import CelCondition
from triggerflow_chassis import flow_model
from triggerflow_chassis.errors import Invalid, NoVersion, Violation
from triggerflow_chassis.schemas import compile_schema, violations_of

from triggerflow_orchestrator.app.engine_ports import NodeRuntime, Perform, Program
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.execution import BlueprintVersion, Failure
from triggerflow_orchestrator.domain.plan import Plan, PlanNode, PlanRef
from triggerflow_orchestrator.domain.scopes import Refused
from triggerflow_orchestrator.domain.value import Value, encode
from triggerflow_orchestrator.ports import Blueprints

Key = tuple[str, str]
"""Flow id and version."""
Closure = Mapping[Key, BlueprintVersion]
"""Every version that a version's sub-flows run, directly or not."""

# Where a trigger's config has the schema of its inputs.
_INPUT_SCHEMAS: Final[Mapping[str, str]] = {"core:manual": "inputSchema", "core:form": "schema"}


class Binder(Protocol):
    """The catalogue, as far as it is needed here."""

    def bind(self, node: Mapping[str, Any], key: str = "main") -> BoundHandler:
        """The handler of a node. Raises what its first call should fail with."""


class CompiledFlow:
    """Shared by all runs of one version. Not changed but for what is made on first use."""

    def __init__(self, version: BlueprintVersion, catalogue: Binder, closure: Closure | None = None) -> None:
        self.version = version
        self.plan: Plan = _compile(version, closure or {})
        self._catalogue = catalogue
        self._bound: list[BoundHandler | None] = [None] * len(self.plan.every())
        self._on_error: dict[int, BoundHandler] = {}
        self._pure: dict[int, BoundHandler | None] = {}
        self._program: Program | None = None
        self._input_schemas: dict[int, Any] = {}

    def bound(self, node: PlanNode) -> BoundHandler:
        """The node's handler. Raises what binding raised, each time: that attempt fails with it."""
        found = self._bound[node.number]
        if found is None:
            found = self._bound[node.number] = self._catalogue.bind(node.source)
        return found

    def pure(self, node: PlanNode) -> BoundHandler | None:
        """The node's handler where it is pure; None for any other and where there is none to be had."""
        if node.number not in self._pure:
            self._pure[node.number] = self._find_pure(node)
        return self._pure[node.number]

    def _find_pure(self, node: PlanNode) -> BoundHandler | None:
        if node.subflow is not None or node.is_trigger:
            return None
        try:
            bound = self.bound(node)
        except Exception:
            return None  # the attempt fails with it
        return bound if bound.pure else None

    def bound_on_error(self, node: PlanNode) -> BoundHandler:
        """The node's handler for errors. Raises as `bound` does."""
        found = self._on_error.get(node.number)
        if found is None:
            found = self._on_error[node.number] = self._catalogue.bind(node.source, flow_model.ON_ERROR)
        return found

    def program(self, runtime: NodeRuntime, perform: Perform) -> Program:
        """The plan made executable."""
        if self._program is None:
            self._program = runtime.compile(self.plan, perform)
        return self._program

    def fire(self, triggers: tuple[int, ...], inputs: Mapping[str, Any]) -> dict[int, dict[str, Value]]:
        """What each trigger lights: `out` is all of inputs, another declared port k is inputs[k], dead where absent.

        Raises Invalid, each pointer under /inputs, where inputs break a trigger's schema of them.
        """
        found = self._input_problems(self.plan, triggers, inputs)
        if found:
            raise Invalid(found)
        return self._lit(self.plan, triggers, encode(dict(inputs)))

    # domain.scopes.Judge

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        try:
            return CelCondition(expression, keys).decide(inputs)
        except HandlerError as error:
            raise Refused(Failure(type(error).__name__, str(error))) from error

    def fired(self, plan: Plan, inputs: Value) -> dict[int, dict[str, Value]]:
        if not plan.manual_triggers:
            raise Refused(Failure("NoManualTrigger", f"the sub-flow {plan.name!r} has no manual trigger"))
        found = self._input_problems(plan, plan.manual_triggers, inputs.plain)
        if found:
            said = "; ".join(f"{violation.pointer}: {violation.message}" for violation in found[:3])
            raise Refused(Failure("Invalid", f"the sub-flow {plan.name!r} does not take these inputs: {said}"))
        return self._lit(plan, plan.manual_triggers, inputs)

    def _input_problems(self, plan: Plan, triggers: tuple[int, ...], inputs: Any) -> list[Violation]:
        found: list[Violation] = []
        for index in triggers:
            node = plan.nodes[index]
            schema = node.config.get(_INPUT_SCHEMAS.get(node.entrypoint or "", ""))
            if schema is not None:
                found.extend(violations_of(self._validator(node.number, schema), inputs, "/inputs"))
        return list(dict.fromkeys(found))[:100]

    def _lit(self, plan: Plan, triggers: tuple[int, ...], whole: Value) -> dict[int, dict[str, Value]]:
        inputs = whole.plain
        fired: dict[int, dict[str, Value]] = {}
        for index in triggers:
            lit: dict[str, Value] = {}
            for port in plan.nodes[index].declared_outputs:
                if port == "out":
                    lit[port] = whole
                elif port in inputs:
                    lit[port] = encode(inputs[port])
            fired[index] = lit
        return fired

    def _validator(self, number: int, schema: Any) -> Any:
        found = self._input_schemas.get(number)
        if found is None:
            found = self._input_schemas[number] = compile_schema(schema)
        return found


class CompiledFlows:
    """The versions used last, compiled."""

    def __init__(self, catalogue: Binder, blueprints: Blueprints, *, most: int = 256) -> None:
        self._catalogue = catalogue
        self._blueprints = blueprints
        self._most = most
        self._kept: OrderedDict[Key, CompiledFlow] = OrderedDict()

    async def of(self, version: BlueprintVersion, project_id: str) -> CompiledFlow:
        """The version, compiled with all that its sub-flows run. Raises PlanInvalid; Invalid at /blueprintVersion
        where a version that it runs is gone; Unavailable."""
        key = (version.flow_id, version.version)
        found = self._kept.get(key)
        if found is None:
            closure = await self._closure(version, project_id)
            found = self._kept[key] = CompiledFlow(version, self._catalogue, closure)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found

    async def _closure(self, version: BlueprintVersion, project_id: str) -> Closure:
        found: dict[Key, BlueprintVersion] = {(version.flow_id, version.version): version}
        waiting = [version]
        for parent in waiting:  # grows while it is read
            for key in _runs(parent):
                if key in found:
                    continue
                try:
                    found[key] = await self._blueprints.get_version(*key, project_id)
                except (Invalid, NoVersion):
                    message = (
                        f"Flow {parent.flow_name!r} runs version {key[1]} of flow {key[0]}, which is gone. "
                        "Publish it with another one."
                    )
                    raise Invalid([Violation("/blueprintVersion", message)]) from None
                waiting.append(found[key])
        return found


def _runs(version: BlueprintVersion) -> list[Key]:
    """What the version's subflow nodes run."""
    configs = [flow_model.config(node) for node in version.blueprint["nodes"] if node["type"] == "subflow"]
    return [(str(config.get("flowId", "")).lower(), str(config.get("version"))) for config in configs]


def _compile(version: BlueprintVersion, closure: Closure) -> Plan:
    refs: dict[Key, PlanRef] = {}
    waiting = [version]

    def child(flow_id: str, number: str) -> PlanRef:
        key = (flow_id, number)
        if key not in refs:
            refs[key] = PlanRef()
            waiting.append(closure[key])
        return refs[key]

    numbers = 0
    for one in waiting:  # grows while it is read
        # Also for the version itself, where it runs itself.
        ref = refs.setdefault((one.flow_id, one.version), PlanRef())
        ref.plan = compile_plan(one.blueprint, child=child, first_number=numbers)
        numbers += len(one.blueprint["nodes"])
    plan = refs[version.flow_id, version.version].plan
    assert plan is not None
    return plan
