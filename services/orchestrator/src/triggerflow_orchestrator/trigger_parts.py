"""Put together what triggers need, alike in local mode and in the mesh."""

from __future__ import annotations

from dataclasses import dataclass

import grpc.aio
from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app.dispatch import CancelRun, Dispatch
from triggerflow_orchestrator.app.fire import Fire
from triggerflow_orchestrator.app.fire_within import FireWithin
from triggerflow_orchestrator.app.hook_desk import HookDesk
from triggerflow_orchestrator.app.hooks import Hooks, SecretOf
from triggerflow_orchestrator.app.keep_triggers import KeepTriggers
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.waiters import EndWaiters
from triggerflow_orchestrator.ports import Reads
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.hooks import SqlHooks
from triggerflow_orchestrator.store.trigger_book import SqlTriggerBook
from triggerflow_orchestrator.transport.env_secrets import env_secrets
from triggerflow_orchestrator.transport.registry_active_flows import RegistryActiveFlows
from triggerflow_orchestrator.transport.registry_drafts import RegistryDrafts
from triggerflow_orchestrator.transport.registry_flow_events import RegistryFlowEvents


@dataclass(frozen=True, slots=True)
class TriggerParts:
    """The trigger book and what fires by it. `keep.run` is to be run."""

    book: SqlTriggerBook
    keep: KeepTriggers
    fire: Fire
    firings: SqlFirings
    dispatch: Dispatch
    """Its `run` is among `firing_parts.FiringParts.tasks`."""
    hooks: Hooks
    hook_desk: HookDesk


def trigger_parts(
    *,
    database: Database,
    channel: grpc.aio.Channel,
    bus: Bus,
    start: StartExecution,
    cancel: CancelRun,
    reads: Reads,
    waiters: EndWaiters,
    adapters: AdapterSettings,
    idle_seconds: float,
    bus_is_sure: bool,
) -> TriggerParts:
    """`channel` leads to the registry. `idle_seconds` and `bus_is_sure` are KeepTriggers'."""
    book = SqlTriggerBook(database)
    keep = KeepTriggers(
        RegistryFlowEvents(channel),
        RegistryActiveFlows(channel),
        book,
        bus,
        idle_seconds=idle_seconds,
        bus_is_sure=bus_is_sure,
    )
    fire = Fire(start, book)
    firings = SqlFirings(database)
    dispatch = Dispatch(firings, book, fire, cancel, bus)
    store = SqlHooks(database)
    secret_of = SecretOf(store, env_secrets(adapters))
    return TriggerParts(
        book=book,
        keep=keep,
        fire=fire,
        firings=firings,
        dispatch=dispatch,
        hooks=Hooks(book, keep.abreast, FireWithin(fire, dispatch), book, firings, reads, waiters, secret_of, now_us),
        hook_desk=HookDesk(book, keep.abreast, RegistryDrafts(channel), store, secret_of, now_us),
    )
