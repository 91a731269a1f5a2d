"""Print what the fan-out delivers: to 1,000 clients of one execution, to 5 of each of 200, and beside a stuck one.

Rates are what all clients together got, counted by them. The bare broadcast sends the same frames in the same run.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fanout.measure import Bare, Instance, Ours
from fanout.watchers import build, raise_file_limit

CLIENTS = int(os.environ.get("BENCH_CLIENTS", "1000"))
ROUNDS = int(os.environ.get("BENCH_FANOUT_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
BURST = 1_500
BATCH_TARGET = 150_000
Say = Callable[[str], None]


def main(instance: Instance, pid: int | None = None, *, name: str = "fanout") -> None:
    """Print all of it, each line with the name. `pid` is the process that fans out, where its CPU time is told."""
    raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        ours = Ours(instance, program, Path(folder), pid)
        say = partial(print, f"{name}:", flush=True)
        # Compiles the flow and warms what is made once.
        ours.watch(count=50, rate=0, each=50)
        bare = Bare(program, ours.frame())
        try:
            single = _against_bare(ours, bare, say)
            _bursts_in_batches(ours, say)
            _at_loads(ours, single, say)
            _many_executions(ours, say)
            _beside_a_stuck_one(ours, single, say)
        finally:
            bare.close()


def _against_bare(ours: Ours, bare: Bare, say: Say) -> float:
    """How fast single frames go; the bare broadcast's frames per second."""
    ratios, rates, bares = [], [], []
    for _ in range(ROUNDS):
        theirs = bare.watch(count=BURST // 3, rate=0, each=CLIENTS)["eventsPerSecond"]
        figures = ours.watch(count=BURST, rate=0, each=CLIENTS)
        rates.append(figures["eventsPerSecond"])
        bares.append(theirs)
        ratios.append(figures["eventsPerSecond"] / theirs)
    say(
        f"single frames, {CLIENTS} clients, {BURST} events as fast as they are made: "
        f"{statistics.median(rates):,.0f} frames/s; a bare broadcast {statistics.median(bares):,.0f}; "
        f"ratio {statistics.median(ratios):.2f} (rounds {', '.join(f'{ratio:.2f}' for ratio in sorted(ratios))})"
    )
    return statistics.median(bares)


def _bursts_in_batches(ours: Ours, say: Say) -> None:
    runs = [ours.watch(count=BURST, rate=0, each=CLIENTS, batch=True) for _ in range(ROUNDS)]
    rate = statistics.median(run["eventsPerSecond"] for run in runs)
    per_frame = statistics.median(run["events"] / run["frames"] for run in runs)
    say(f"batches, {CLIENTS} clients: {rate:,.0f} events/s, {per_frame:.0f} events a frame")


def _at_loads(ours: Ours, bare: float, say: Say) -> None:
    """Sustained: events come one by one, at a rate that is held for some seconds."""
    loads = [
        ("single frames at 0.7 of bare", False, 0.7 * bare),
        ("single frames at half of that", False, 0.35 * bare),
        (f"batches at {BATCH_TARGET:,} events/s", True, BATCH_TARGET),
        ("batches at half of that", True, BATCH_TARGET / 2),
    ]
    for name, batch, load in loads:
        rate = load / CLIENTS
        figures = ours.watch(count=int(rate * SECONDS), rate=rate, each=CLIENTS, batch=batch)
        say(f"{name}: {figures['eventsPerSecond']:,.0f} events/s, {_delays(figures)}")


def _many_executions(ours: Ours, say: Say) -> None:
    figures = ours.watch(count=int(5 * SECONDS), rate=5, executions=200, each=5)
    say(
        f"200 executions, each with 5 clients and 5 events/s: {figures['eventsPerSecond']:,.0f} events/s, "
        f"{_delays(figures)}"
    )


def _beside_a_stuck_one(ours: Ours, bare: float, say: Say) -> None:
    rate = 0.35 * bare / CLIENTS
    count = int(rate * SECONDS)

    def p99s(stuck: int) -> tuple[float, float]:
        delay = ours.watch(count=count, rate=rate, each=CLIENTS, stuck=stuck)["delayMs"]
        return delay["p99"], delay["worstP99"]

    pairs = [(p99s(0), p99s(1)) for _ in range(max(ROUNDS, 7))]
    # Of so few milliseconds each round's ratio is mostly noise; the medians are not.
    without, all_without = (statistics.median(pair[0][of] for pair in pairs) for of in (0, 1))
    beside, all_beside = (statistics.median(pair[1][of] for pair in pairs) for of in (0, 1))
    say(
        f"beside one client that never reads: p99 {beside:.0f} ms, without it {without:.0f} ms, ratio "
        f"{beside / without:.2f}; the worst client's p99 {all_beside:.0f} ms, without it {all_without:.0f} ms, ratio "
        f"{all_beside / all_without:.2f}; medians of {len(pairs)} rounds in turns"
    )


def _delays(figures: dict[str, Any]) -> str:
    delay = figures["delayMs"]
    cpu = f", {figures['cpuMicrosecondsPerEvent']} µs of CPU a delivery" if figures["cpuMicrosecondsPerEvent"] else ""
    return f"from the handler to the client p50 {delay['p50']:.0f} ms, p99 {delay['p99']:.0f} ms{cpu}"
