"""Put together what starts runs by itself: the clock of schedules, what came to triggers, their limits. The same in
local mode and in every replica of the mesh's orchestrator."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app.carry_channels import CarryChannels, LargeValues
from triggerflow_orchestrator.app.dispatch import Dispatch
from triggerflow_orchestrator.app.follow_topics import FollowTopics, OpenTopic
from triggerflow_orchestrator.app.schedule_desk import ScheduleDesk
from triggerflow_orchestrator.app.schedules import KeepTime
from triggerflow_orchestrator.store.channel_values import SqlChannelValues
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.schedules import SqlSchedules
from triggerflow_orchestrator.trigger_parts import TriggerParts


@dataclass(frozen=True, slots=True)
class FiringParts:
    """What starts runs by itself, once its `tasks` are run."""

    firings: SqlFirings
    dispatch: Dispatch
    schedules: ScheduleDesk
    tasks: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    """To be run once what was interrupted is noted: they start new runs."""


def firing_parts(
    database: Database, triggers: TriggerParts, large: LargeValues, bus: Bus, open_topic: OpenTopic | None
) -> FiringParts:
    """`triggers.keep` is run by the caller too."""
    firings, dispatch, schedules = triggers.firings, triggers.dispatch, SqlSchedules(database)
    time = KeepTime(schedules, dispatch.wake)
    triggers.keep.on_change(time.wake)
    desk = ScheduleDesk(schedules, firings, triggers.book, dispatch, now_us, time.wake, triggers.keep.abreast)
    channels = CarryChannels(
        SqlChannelValues(database), large, triggers.book, bus, triggers.keep.abreast, dispatch.wake
    )
    topics = FollowTopics(triggers.book, firings, dispatch, open_topic)
    triggers.keep.on_change(topics.wake)
    tasks = {
        "dispatch": dispatch.run,
        "keep-time": time.run,
        "carry-channels": channels.run,
        "follow-topics": topics.run,
    }
    return FiringParts(firings, dispatch, desk, tasks)
