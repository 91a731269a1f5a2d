"""The hooks of a backend in memory: one webhook of one node, and nothing at any path."""

from __future__ import annotations

from typing import Any

from triggerflow.orchestrator.v1 import hook_pb2 as pb
from triggerflow_chassis.clock import now_us, to_timestamp
from triggerflow_chassis.errors import NotFound


class HookBackend:
    """RPCs of OrchestratorService. `backend.flow(id)` raises NotFound where there is no such flow."""

    backend: Any

    async def CallHook(self, request: Any, context: Any) -> Any:
        self.backend.note("CallHook", request)
        raise NotFound("hook", request.path)

    async def GetHookPage(self, request: Any, context: Any) -> Any:
        self.backend.note("GetHookPage", request)
        raise NotFound("hook", request.path)

    async def ListHooks(self, request: Any, context: Any) -> Any:
        self.backend.note("ListHooks", request)
        self.backend.flow(request.flow_id)
        return pb.ListHooksResponse(hooks=[_hook("01900000-0000-7000-8000-000000000001")])

    async def RotateHookSecret(self, request: Any, context: Any) -> Any:
        self.backend.note("RotateHookSecret", request)
        self.backend.flow(request.flow_id)
        return pb.RotateHookSecretResponse(hook=_hook(request.node_id))

    async def ListenHook(self, request: Any, context: Any) -> Any:
        self.backend.note("ListenHook", request)
        self.backend.flow(request.flow_id)
        return pb.ListenHookResponse(listen=_listen())

    async def GetHookListen(self, request: Any, context: Any) -> Any:
        self.backend.note("GetHookListen", request)
        self.backend.flow(request.flow_id)
        return pb.GetHookListenResponse(listen=_listen())


def _hook(node_id: str) -> Any:
    return pb.Hook(node_id=node_id, name="Hook", kind="core:webhook", path="x", secret="s", active=True)


def _listen() -> Any:
    return pb.HookListen(path="x", until=to_timestamp(now_us()))
