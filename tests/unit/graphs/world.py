"""What drawn nodes do, as a function of the seed, the node, its scope and its inputs alone: the same activation always
does the same, in whichever process, and what it gives shows what it was given."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson
from triggerflow_adapter_sdk import HandlerError
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.engine_ports import NodeRuntime, Perform, Program
from triggerflow_orchestrator.domain.execution import BlueprintVersion, Failure
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.scopes import Refused
from triggerflow_orchestrator.domain.value import Value

from .drawn import Drawn, drawn

Place = tuple[str, str]
"""A scope, and a node in it."""
Invoked = Callable[[Any], tuple[str, Callable[[], Awaitable[None]]]]
"""Given a handler's context: the scope it runs in, and what it awaits until it may end."""
UNTOLD = ("at", "stack")
"""When, and places of this machine: of no two runs the same."""


class World:
    """The flows of a seed, compiled once, with their handlers. It is the catalogue they are bound by,
    `ports.Blueprints`, and what stands for `CompiledFlows`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.drawn: Drawn = drawn(seed)
        self.invoked: Invoked
        """Set by whoever drives, for each process anew."""
        versions = [
            BlueprintVersion(str(number), flow["name"], "1", "hash", flow)
            for number, flow in enumerate(self.drawn.flows)
        ]
        self._versions = {version.flow_id: version for version in versions}
        closure = {(version.flow_id, "1"): version for version in versions}
        self.compiled = _Compiled(versions[0], self, closure)
        self.nodes = {node.id: node for node in self.compiled.plan.every()}

    def draw(self, *parts: object) -> int:
        """A number from 0 to 99 that these parts always give."""
        return zlib.crc32(repr((self.seed, parts)).encode()) % 100

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        return self._versions[flow_id]

    async def of(self, version: BlueprintVersion, project_id: str) -> CompiledFlow:
        return self.compiled

    def bind(self, node: Mapping[str, Any], key: str = "main") -> Any:
        return _Handler(self, node, key)

    # What whoever answers waits does.

    def answers(self, place: Place, kind: str, name: str | None, expires: bool) -> bool:
        """Whether somebody answers a wait while it is open."""
        if name is not None and name.startswith("never"):
            return False
        if self.drawn.orderly:
            return kind != "timer" and not expires
        return self.draw("answers", place) < {"approval": 70, "timer": 15, "event": 90}[kind] or not expires

    def answer(self, place: Place, kind: str) -> Any:
        """The value of an approval or a timer."""
        if kind != "approval":
            return None
        decision = "approved" if self.draw("decision", place) < 65 else "rejected"
        return {"decision": decision, "data": self.draw("data", place)}

    def signal(self, name: str, key: str) -> Any:
        """The value of an event."""
        return {"n": self.draw("signal", name, key)}


class _Compiled(CompiledFlow):
    """Conditions of loops and sub-flows are drawn, not computed; each process makes its own program."""

    def __init__(self, version: BlueprintVersion, world: World, closure: Any) -> None:
        super().__init__(version, world, closure)
        self._world = world

    def program(self, runtime: NodeRuntime, perform: Perform) -> Program:
        return runtime.compile(self.plan, perform)

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        number = self._world.draw("holds", expression, digest(inputs))
        if number < 2 and not self._world.drawn.orderly:
            raise Refused(Failure("ExpressionFailed", "no answer"))
        return number < 50

    def fired(self, plan: Plan, inputs: Value) -> dict[int, dict[str, Value]]:
        if inputs.plain.get("item") == 3:
            raise Refused(Failure("Invalid", "three is refused"))
        return super().fired(plan, inputs)


class _Handler:
    """`BoundHandler`, as far as the engine asks."""

    def __init__(self, world: World, node: Mapping[str, Any], key: str) -> None:
        self._world = world
        self._id: str = node["id"]
        self._key = key
        self._config: Mapping[str, Any] = node["handlers"][key]["config"]
        self._kind: str = self._config.get("kind", "")
        self._attempts: int = (node["handlers"][key].get("retries") or {}).get("maxAttempts", 1)
        ports = node.get("ports", {}).get("outputs")
        declared = (
            ["true", "false"] if node["type"] == "condition" else [port["key"] for port in ports or ()] or ["out"]
        )
        self._declared: list[str] = declared
        self.pure = self._kind in ("pure", "list", "decides")

    def at_once(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        return self._lit(inputs, "")

    async def settings(self, inputs: Mapping[str, Any]) -> Any:
        if self._config.get("key") == "by":
            return {**self._config, "key": f"by {digest(inputs) % 2}"}
        return self._config

    async def invoke(self, inputs: Mapping[str, Any], ctx: Any) -> dict[str, Any]:
        scope, may_end = self._world.invoked(ctx)
        if self._kind == "stubborn":
            try:
                await may_end()
            except BaseException:  # goes on although it was cancelled; nobody wants that result
                return {"out": "late"}
        elif self._kind == "stuck":
            await _for_ever()
        else:
            await may_end()
        if self._key == "onError":
            inputs = {"type": inputs["error"]["type"], "inputs": inputs["inputs"]}
            if self._world.draw("onError", scope, self._id) < 30:
                raise HandlerError("not handled", type="NotHandled")
        elif self._kind == "fails":
            # It fails so many times; the number is above that of its attempts where it always does.
            times = self._world.draw("fails", scope, self._id) % 5
            if ctx.attempt <= times:
                raise HandlerError(f"{self._id} in {scope}", type="Failed", retryable=True)
        return self._lit(inputs, scope)

    def _lit(self, inputs: Mapping[str, Any], scope: str) -> dict[str, Any]:
        seen = digest(inputs)
        draw = self._world.draw
        if self._kind == "turn":
            iteration = int(scope.rpartition(":")[2])
            around = scope.rpartition(":")[0]
            back = iteration < draw("turns", around) % 4
            return {"true" if back else "false": {"turn": iteration, "saw": seen}}
        if self._kind == "deeper":
            deep = scope.count("/") + 1 < 5 and draw("deeper", scope) < 60
            return {"true" if deep else "false": {"saw": seen}}
        if self._kind in ("decides", "choose"):
            return {"true" if draw("decides", self._id, scope, seen) < 50 else "false": {"saw": seen}}
        if self._kind == "list":
            count = draw("items", self._id, seen) % 5
            # A child refuses the item 3.
            return {"out": [{"n": place, "saw": seen} if place == 1 else place for place in range(count)]}
        lit = {}
        for port in self._declared:
            number = draw("port", self._id, scope, port, seen)
            if len(self._declared) == 1 or number < 75:
                lit[port] = None if number < 3 else {"n": number % 5, "saw": seen}
        return lit


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def told(value: Any) -> Any:
    """A value without what no two runs have in common."""
    if isinstance(value, dict):
        return {key: "…" if key in UNTOLD else told(member) for key, member in value.items()}
    return [told(member) for member in value] if isinstance(value, list) else value


def digest(value: Any) -> int:
    """A number that shows whether two values are the same."""
    return zlib.crc32(orjson.dumps(told(value), option=orjson.OPT_SORT_KEYS))
