"""What the routes work with, made once by `bootstrap` and handed to every call."""

from __future__ import annotations

from dataclasses import dataclass, field

from triggerflow_bff.clients.health import HealthClient
from triggerflow_bff.clients.hooks import HookClient
from triggerflow_bff.clients.interventions import InterventionClient
from triggerflow_bff.clients.orchestrator import OrchestratorClient
from triggerflow_bff.clients.registry import RegistryClient
from triggerflow_bff.clients.rerun import RerunClient
from triggerflow_bff.clients.schedules import SchedulesClient
from triggerflow_bff.clients.stream import StreamClient
from triggerflow_bff.closing import Closing
from triggerflow_bff.idempotency import Remembered
from triggerflow_bff.live.feeds import Feeds
from triggerflow_bff.sessions.sign_in import SignIn
from triggerflow_bff.settings import BffSettings
from triggerflow_bff.static import StaticFiles


@dataclass(frozen=True, slots=True)
class Parts:
    """The clients of the services, and what this process remembers."""

    settings: BffSettings
    registry: RegistryClient
    orchestrator: OrchestratorClient
    rerun: RerunClient
    interventions: InterventionClient
    schedules: SchedulesClient
    stream: StreamClient
    hooks: HookClient
    health: HealthClient
    feeds: Feeds
    sign_in: SignIn
    files: StaticFiles
    remembered: Remembered = field(default_factory=Remembered)
    closing: Closing = field(default_factory=Closing)
