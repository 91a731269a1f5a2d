"""Everything that is asked of the graph of one seed: run once in a steady order, killed and taken up again, run in any
order, and cancelled."""

from __future__ import annotations

import random
from collections import Counter

from .drive import Order, drive
from .laws import differences, essence, lawful
from .store import Store, Tx, Wake
from .world import World


def check(seed: int) -> Counter[str]:
    """What the graph had in it, so that a suite may be asked. Raises AssertionError, which names the seed."""
    try:
        return _Check(seed).all()
    except Exception as error:
        raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error


class _Check:
    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.rng = random.Random(seed)
        self.seen: Counter[str] = Counter()

    def all(self) -> Counter[str]:
        steady = self._drive([], Order())
        self._count(steady)
        self.expected = essence(steady)
        same = self.world.drawn.orderly or not self.world.drawn.timed

        # Killed, and killed again: it goes on as if nothing had been.
        killed = steady
        for _ in range(3):
            killed = self._killed(killed.log, Order(), same=same)

        # In any order, then killed for a while.
        orderly = self.world.drawn.orderly
        other = self._drive([], self._any_order())
        self._ended_as(other, "in another order", same=orderly)
        killed = other
        for _ in range(2):
            downtime_us = self.rng.choice([0, 10**7, 10**11])
            killed = self._killed(killed.log, self._any_order(), same=orderly, downtime_us=downtime_us)

        # Cancelled, from wherever a process finds it.
        order = self._any_order()
        order.cancel_at = self.rng.randint(1, 12)
        self._drive(self._prefix(self.rng.choice([steady, other, killed]).log), order)
        return self.seen

    def _drive(self, log: list[Tx], order: Order, downtime_us: int = 0) -> Store:
        driven = drive(self.world, Store.after(log), order, downtime_us=downtime_us)
        self.seen += driven.seen
        lawful(self.world, driven.store)
        return driven.store

    def _killed(self, log: list[Tx], order: Order, *, same: bool, downtime_us: int = 0) -> Store:
        """From a prefix of what a run wrote. Every answer that was given stays."""
        prefix = self._prefix(log)
        left = Store.after(prefix)
        again = self._drive(prefix, order, downtime_us)
        for wait in left.waits.values():
            if wait.status != "open":
                kept = again.waits[wait.id]
                assert (kept.status, kept.answer_json) == (wait.status, wait.answer_json), "an answer was lost"
        self._ended_as(again, f"killed after {len(prefix)} of {len(log)} commits", same=same)
        self.seen["killed"] += 1
        self.seen["killed between answer and outcome"] += bool(prefix) and prefix[-1].settles
        record = left.record
        self.seen["killed while it waits outside"] += record is not None and record.status == "waiting"
        return again

    def _ended_as(self, store: Store, how: str, *, same: bool) -> None:
        if same:
            found = essence(store)
            assert found == self.expected, f"{how} it ended otherwise: {differences(self.expected, found)}"

    def _prefix(self, log: list[Tx]) -> list[Tx]:
        """Short of the end; often where an answer is not taken up yet, or a run is woken and in no process yet."""
        if len(log) < 2:
            return []
        between = [
            place + 1
            for place, tx in enumerate(log[:-1])
            if tx.settles or any(isinstance(row, Wake) for row in tx.rows)
        ]
        if between and self.rng.random() < 0.4:
            return log[: self.rng.choice(between)]
        return log[: self.rng.randrange(1, len(log))]

    def _any_order(self) -> Order:
        seed = self.rng.random()
        return Order(any=random.Random(seed), slow_writes=self.rng.random() < 0.5, bothers=True)

    def _count(self, store: Store) -> None:
        seen = self.seen
        assert store.record is not None
        seen[store.record.status] += 1
        waits = store.waits.values()
        seen.update({kind for kind in ("approval", "timer", "event") if any(wait.kind == kind for wait in waits)})
        seen.update({wait.status for wait in waits})
        seen["waits in scopes"] += any(wait.scope for wait in waits)
        rows = store.journal
        seen["second rounds"] += any(row.scope.endswith(":1") for row in rows)
        seen["nested scopes"] += any("/" in row.scope for row in rows)
        seen["retries"] += bool(store.attempts)
        seen["cuts"] += any(row.status == "cancelled" for row in rows)
        modes = {self.world.nodes[row.node_id].subflow for row in rows if row.status != "skipped"}
        seen.update({plan.mode for plan in modes if plan is not None})
        seen["runs itself"] += any(_repeats(row.scope) for row in rows)
        seen["published"] += bool(store.published)
        seen["left its process"] += any(isinstance(row, Wake) for tx in store.log for row in tx.rows)


def _repeats(scope: str) -> bool:
    nodes = [segment.rpartition(":")[0] for segment in scope.split("/")]
    return any(nodes.count(node) > 1 for node in nodes)
