"""What whoever draws a flow does with its hooks: see their secrets, make them anew, listen for one call of a draft."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from triggerflow_chassis.errors import Invalid, NotFound, Violation
from triggerflow_chassis.jsontext import dumps

from triggerflow_orchestrator.app.hook_ports import Drafts, HookStore, Listen
from triggerflow_orchestrator.app.hooks import WEBHOOK, SecretOf
from triggerflow_orchestrator.app.trigger_ports import TriggerBook
from triggerflow_orchestrator.domain import hook_signature
from triggerflow_orchestrator.domain.hook_call import HookCall, inputs_of
from triggerflow_orchestrator.domain.trigger import HOOK_KINDS, Trigger, TriggerNode, is_hook_path

LISTEN_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of a flow."""

    node_id: str
    name: str
    kind: str
    path: str
    secret: str | None
    """None where the environment holds it, and where callers do not sign."""
    active: bool
    """Whether the active version answers at this path."""


class HookDesk:
    """By flow and node, of drafts and of active versions."""

    def __init__(
        self,
        book: TriggerBook,
        abreast: Callable[[], Awaitable[None]],
        drafts: Drafts,
        store: HookStore,
        secret_of: SecretOf,
        now_us: Callable[[], int],
    ) -> None:
        self._book = book
        self._abreast = abreast
        self._drafts = drafts
        self._store = store
        self._secret_of = secret_of
        self._now_us = now_us

    async def hooks(self, project_id: str, flow_id: str) -> list[Hook]:
        """Those of the draft, then those only the active version has. Raises NotFound."""
        drawn = [node for node in await self._drafts.triggers(project_id, flow_id) if node.kind in HOOK_KINDS]
        await self._abreast()
        active = {each.node_id: each for each in await self._book.of_flow(project_id, flow_id)}
        here = {node.node_id for node in drawn}
        nodes = [*drawn, *(_node(each) for id, each in active.items() if id not in here and each.kind in HOOK_KINDS)]
        signed = [node.node_id for node in nodes if _has_made_secret(node)]
        secrets = await self._store.secrets(project_id, flow_id, signed) if signed else {}
        return [
            Hook(
                node.node_id,
                node.name,
                node.kind,
                node.key,
                secrets.get(node.node_id),
                (there := active.get(node.node_id)) is not None and (there.kind, there.key) == (node.kind, node.key),
            )
            for node in nodes
        ]

    async def rotate(self, project_id: str, flow_id: str, node_id: str, request_id: str) -> Hook:
        """Make the secret of a webhook anew. Raises NotFound, Invalid where the environment holds it."""
        node = await self._webhook(project_id, flow_id, node_id)
        if not _has_made_secret(node):
            told = "The environment holds this webhook's secret. Change it there, or take it out of the config."
            raise Invalid([Violation("", told)])
        await self._store.rotate(project_id, flow_id, node_id, request_id)
        return next(hook for hook in await self.hooks(project_id, flow_id) if hook.node_id == node_id)

    async def listen(self, project_id: str, flow_id: str, node_id: str, request_id: str) -> Listen:
        """Listen for one call of the draft's webhook, from now on. Raises NotFound, Invalid."""
        drawn = await self._drafts.triggers(project_id, flow_id)
        node = next((each for each in drawn if each.node_id == node_id and each.kind in WEBHOOK), None)
        if node is None:
            raise _no_webhook(node_id)
        if not is_hook_path(node.key):
            raise Invalid([Violation("", "The webhook's path is not valid. Complete its config, then listen again.")])
        if _has_made_secret(node):
            await self._store.secrets(project_id, flow_id, [node_id])
        until = self._now_us() + LISTEN_SECONDS * 1_000_000
        await self._store.listen(Listen(project_id, flow_id, node_id, node.key, node.config, until, request_id))
        return await self.listening(project_id, flow_id, node_id)

    async def listening(self, project_id: str, flow_id: str, node_id: str) -> Listen:
        """The last listening at this node. Raises NotFound."""
        found = await self._store.listen_of(project_id, flow_id, node_id)
        if found is None:
            raise NotFound("listen", node_id, "Nobody listened at this webhook. POST here to listen.")
        return found

    async def hear(self, project_id: str, path: str, call: HookCall) -> None:
        """Give a signed call to whoever listens at the path. Raises NotFound, Unauthenticated and what is wrong with
        the body; after a refusal it listens on."""
        now = self._now_us()
        listen = await self._store.listening(project_id, path, now) if is_hook_path(path) else None
        if listen is None:
            raise _nobody_listens(path)
        secret = await self._secret_of(listen.flow_id, listen.node_id, listen.config)
        hook_signature.verified(call.header(hook_signature.HEADER), call.body, secret, now // 1_000_000)
        if not await self._store.heard(listen, dumps(inputs_of(call)), now):
            raise _nobody_listens(path)

    async def _webhook(self, project_id: str, flow_id: str, node_id: str) -> TriggerNode:
        drawn = await self._drafts.triggers(project_id, flow_id)
        node = next((each for each in drawn if each.node_id == node_id), None)
        if node is None:
            active = await self._book.trigger(project_id, flow_id, node_id)
            node = _node(active) if active is not None else None
        if node is None or node.kind not in WEBHOOK:
            raise _no_webhook(node_id)
        return node


def _has_made_secret(node: TriggerNode) -> bool:
    return node.kind in WEBHOOK and node.config.get("secret") is None


def _node(trigger: Trigger) -> TriggerNode:
    return TriggerNode(trigger.node_id, trigger.node_name, trigger.kind, trigger.key, trigger.config)


def _no_webhook(node_id: str) -> NotFound:
    return NotFound("webhook", node_id, "The flow has no webhook with this id.")


def _nobody_listens(path: str) -> NotFound:
    return NotFound("hook", path[:100], "Nobody listens at this path now. Press Listen in the editor, then call again.")
