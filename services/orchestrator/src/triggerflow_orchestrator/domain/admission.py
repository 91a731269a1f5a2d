"""Decide what limits let through: debounce, throttle, rate limit, and so many at once. Pure; no I/O.

Limits are those of a trigger (config `limits`), each value of their key by itself, and the flow's own
(`settings.concurrency`), over all its runs. Whoever asks holds the trigger's flow still while it asks and writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Surplus = Literal["queue", "drop", "cancelOldest"]

MOST_HELD: Final = 10_000
"""Firings that may wait at one trigger. What comes then is dropped."""
LOOK_AGAIN_US: Final = 1_000_000
"""What waits for a run to end is looked at again this often, whoever tells of ends."""

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many starts in so many seconds, whenever they begin."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """None means no such limit."""

    debounce_seconds: int | None = None
    throttle: Rate | None = None
    rate_limit: Rate | None = None
    most_at_once: int | None = None
    surplus: Surplus = "queue"
    most_of_flow: int | None = None
    key: str | None = None

    @property
    def any(self) -> bool:
        """Whether there is something to decide."""
        return self != Limits(key=self.key)

    @property
    def window_us(self) -> int:
        """How far back starts matter."""
        rates = [rate.seconds for rate in (self.throttle, self.rate_limit) if rate is not None]
        return max(rates, default=0) * _SECOND_US


def limits_of(config: Mapping[str, Any], most_of_flow: int | None) -> Limits:
    """The limits of a trigger, from its config as published and the flow's settings."""
    found: Mapping[str, Any] = config.get("limits") or {}
    most, surplus = None, "queue"
    if "singleton" in found:
        most, surplus = 1, found["singleton"]
    elif "concurrency" in found:
        most, surplus = int(found["concurrency"]["count"]), found["concurrency"]["surplus"]
    debounce = found.get("debounceSeconds")
    return Limits(
        debounce_seconds=None if debounce is None else int(debounce),
        throttle=_rate(found.get("throttle")),
        rate_limit=_rate(found.get("rateLimit")),
        most_at_once=most,
        surplus=surplus,  # type: ignore[arg-type]
        most_of_flow=most_of_flow,
        key=found.get("key"),
    )


def _rate(value: Mapping[str, Any] | None) -> Rate | None:
    return None if value is None else Rate(int(value["count"]), int(value["seconds"]))


@dataclass(frozen=True, slots=True)
class Held:
    """What waits to be decided. Of a debounced key those that another followed before it was quiet are not there."""

    id: str
    key: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one: it starts (and the runs of `cancels`, firing ids, end), is dropped, or waits until then."""

    id: str
    status: Literal["ready", "dropped", "held"]
    reason: str | None = None
    look_at: int = 0
    cancels: tuple[str, ...] = ()


@dataclass(slots=True)
class Going:
    """What was let through before. By key: firings whose runs go on, the oldest first, and when those within the
    window began, rising. Changed by `decide` as it lets more through."""

    live: dict[str, list[str]] = field(default_factory=dict)
    starts: dict[str, list[int]] = field(default_factory=dict)
    of_flow: int = 0


def decide(limits: Limits, held: Sequence[Held], going: Going, now: int) -> list[Verdict]:
    """One verdict for each, in their order, which is that of their coming."""
    return [_one(limits, each, going, now) for each in held]


def _one(limits: Limits, one: Held, going: Going, now: int) -> Verdict:
    if limits.debounce_seconds is not None:
        quiet_at = one.created_at + limits.debounce_seconds * _SECOND_US
        if quiet_at > now:
            return Verdict(one.id, "held", "debounce: waits whether more comes", quiet_at)
    starts = going.starts.setdefault(one.key, [])
    if (over := _over(limits.rate_limit, starts, now)) is not None:
        return Verdict(one.id, "dropped", f"rate limit: {over[0]}")
    if (over := _over(limits.throttle, starts, now)) is not None:
        return Verdict(one.id, "held", f"throttle: {over[0]}", over[1])
    live = going.live.setdefault(one.key, [])
    cancels: tuple[str, ...] = ()
    if limits.most_at_once is not None and len(live) >= limits.most_at_once:
        said = f"concurrency: {len(live)} of {limits.most_at_once} runs go on"
        if limits.surplus == "drop":
            return Verdict(one.id, "dropped", said)
        if limits.surplus == "queue":
            return Verdict(one.id, "held", said, now + LOOK_AGAIN_US)
        surplus = len(live) - limits.most_at_once + 1
        cancels = tuple(live[:surplus])
    if limits.most_of_flow is not None and going.of_flow - len(cancels) >= limits.most_of_flow:
        said = f"concurrency of the flow: {going.of_flow} of {limits.most_of_flow} runs go on"
        return Verdict(one.id, "held", said, now + LOOK_AGAIN_US)
    del live[: len(cancels)]
    live.append(one.id)
    starts.append(now)
    going.of_flow += 1 - len(cancels)
    return Verdict(one.id, "ready", None, now, cancels)


def _over(rate: Rate | None, starts: Sequence[int], now: int) -> tuple[str, int] | None:
    """Where the rate is used up: how, and when there is room again."""
    if rate is None:
        return None
    window = rate.seconds * _SECOND_US
    recent = [at for at in starts if at > now - window]
    if len(recent) < rate.count:
        return None
    return f"{len(recent)} starts within {rate.seconds} s", recent[-rate.count] + window
