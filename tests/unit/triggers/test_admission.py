"""What limits let through, against a simple account of what should never happen."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from triggerflow_orchestrator.domain.admission import Going, Held, Limits, Rate, decide

SECOND = 1_000_000

RATES = st.none() | st.builds(Rate, st.integers(1, 4), st.integers(1, 30))
LIMITS = st.builds(
    Limits,
    debounce_seconds=st.none() | st.integers(1, 5),
    throttle=RATES,
    rate_limit=RATES,
    most_at_once=st.none() | st.integers(1, 3),
    surplus=st.sampled_from(["queue", "drop", "cancelOldest"]),
    most_of_flow=st.none() | st.integers(1, 4),
)
# (seconds that pass, key that comes or None, whether the oldest run ends)
STEPS = st.lists(
    st.tuples(st.integers(0, 8), st.none() | st.sampled_from("ab"), st.booleans()), min_size=1, max_size=40
)


class World:
    """A trigger over time, by the rules of the store."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.now = 0
        self.held: list[Held] = []
        self.live: list[Held] = []
        self.starts: list[tuple[int, str]] = []
        self.dropped: list[str] = []
        self.cancelled: list[str] = []
        self.count = 0

    def come(self, key: str) -> None:
        self.count += 1
        self.held.append(Held(f"{self.count:03}", key, self.now))

    def admit(self) -> None:
        if self.limits.debounce_seconds is not None:
            newest = {each.key: each for each in self.held}
            self.dropped += [each.id for each in self.held if newest[each.key] is not each]
            self.held = [each for each in self.held if newest[each.key] is each]
        going = Going(of_flow=len(self.live))
        for each in self.live:
            going.live.setdefault(each.key, []).append(each.id)
        for at, key in self.starts:
            if at > self.now - self.limits.window_us:
                going.starts.setdefault(key, []).append(at)
        verdicts = decide(self.limits, self.held, going, self.now)
        assert [verdict.id for verdict in verdicts] == [each.id for each in self.held]
        by_id = {each.id: each for each in self.held}
        for verdict in verdicts:
            if verdict.status == "held":
                assert verdict.look_at > self.now and verdict.reason
                continue
            self.held.remove(by_id[verdict.id])
            if verdict.status == "dropped":
                assert verdict.reason
                self.dropped.append(verdict.id)
                continue
            self.cancelled += verdict.cancels
            self.live = [each for each in self.live if each.id not in verdict.cancels]
            self.live.append(by_id[verdict.id])
            self.starts.append((self.now, by_id[verdict.id].key))
            self.check()

    def check(self) -> None:
        limits = self.limits
        for key in "ab":
            if limits.most_at_once is not None:
                assert sum(each.key == key for each in self.live) <= limits.most_at_once
            for rate in (limits.throttle, limits.rate_limit):
                if rate is not None:
                    recent = [at for at, of in self.starts if of == key and at > self.now - rate.seconds * SECOND]
                    assert len(recent) <= rate.count
        if limits.most_of_flow is not None:
            assert len(self.live) <= limits.most_of_flow


@settings(max_examples=300, deadline=None)
@given(LIMITS, STEPS)
def test_no_limit_is_ever_passed_and_nothing_is_forgotten(limits: Limits, steps: list[tuple[int, str, bool]]) -> None:
    world = World(limits)
    for seconds, key, ends in steps:
        world.now += seconds * SECOND
        if ends and world.live:
            world.live.pop(0)
        if key is not None:
            world.come(key)
        world.admit()
    # Once everything ends and time passes, nothing waits.
    for _ in range(4 * len(steps) + 4):
        world.now += 60 * SECOND
        world.live.clear()
        world.admit()
    assert not world.held
    assert len(world.starts) + len(world.dropped) == world.count
    if limits.rate_limit is None and limits.debounce_seconds is None and limits.surplus != "drop":
        assert not world.dropped
    if limits.surplus != "cancelOldest":
        assert not world.cancelled


def test_what_has_the_same_key_starts_in_the_order_of_its_coming() -> None:
    held = [Held("1", "a", 0), Held("2", "a", 1), Held("3", "b", 2)]
    limits = Limits(most_at_once=1)
    assert [verdict.status for verdict in decide(limits, held, Going(), 10)] == ["ready", "held", "ready"]


def test_the_oldest_of_a_key_ends_and_the_others_go_on() -> None:
    going = Going(live={"a": ["1", "2"], "b": ["3"]}, of_flow=3)
    limits = Limits(most_at_once=2, surplus="cancelOldest")
    (verdict,) = decide(limits, [Held("4", "a", 5)], going, 10)
    assert verdict.status == "ready" and verdict.cancels == ("1",)
    assert going.live["a"] == ["2", "4"] and going.of_flow == 3


def test_limits_of_a_flow_count_whoever_started_its_runs() -> None:
    (verdict,) = decide(Limits(most_of_flow=2), [Held("1", "", 0)], Going(of_flow=2), 10)
    assert verdict.status == "held" and verdict.reason == "concurrency of the flow: 2 of 2 runs go on"
    assert replace(verdict, look_at=0).cancels == ()
