"""The soak: `python tests/soak` (or `make soak`). Prints counts and seed; exits with 1 where the oracle objects."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import facts  # noqa: E402
from chaos import Chaos  # noqa: E402
from flows import child, kinds, scheduled  # noqa: E402
from followers import WAYS, Followers  # noqa: E402
from load import CANCELLED_SHARE, Load  # noqa: E402
from oracle import Facts, violations  # noqa: E402
from running_mesh import Mesh  # noqa: E402

# The mesh's default.
LEASE_SECONDS = 5.0


def main() -> int:
    """0 where every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES", "20")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SOAK_SEED", "20261126")))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("SOAK_WORKERS", "3")))
    parser.add_argument("--rate", type=float, default=float(os.environ.get("SOAK_RATE", "1.0")), help="runs a second")
    parser.add_argument("--between", type=float, nargs=2, default=(14.0, 32.0), help="seconds between hits")
    parser.add_argument("--patience", type=float, default=180.0, help="seconds for what still runs at the end")
    parser.add_argument("--only", nargs="*", default=(), help="hit only these, e.g. worker postgres pause")
    parser.add_argument("--unfenced", action="store_true", default=bool(os.environ.get("SOAK_UNFENCED")))
    asked = parser.parse_args()
    # As Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tfsoak-")))
        recorder, address = _recorder(folder / "effects.jsonl")
        stack.callback(recorder.wait)
        stack.callback(recorder.kill)
        environment = {
            "SOAK_RECORDER": address,
            "PYTHONPATH": str(HERE),
            "TFCANVAS_PYTHON_MODULES": "soak_handlers",
        }
        if asked.unfenced:
            environment["PYTHONPATH"] = f"{HERE / 'unfenced'}{os.pathsep}{HERE}"
        mesh = Mesh(folder / "home", workers=asked.workers, environment=environment)
        stack.callback(mesh.stop)
        mesh.start()
        return asyncio.run(_soak(asked, mesh, folder / "effects.jsonl"))


async def _soak(asked: Any, mesh: Mesh, recorded: Path) -> int:
    begun = time.monotonic()

    def say(what: str) -> None:
        sys.stdout.write(f"{time.monotonic() - begun:7.1f} s  {what}\n")
        sys.stdout.flush()

    say(f"seed {asked.seed}, {asked.workers} workers, {asked.minutes:g} minutes at {mesh.url}")
    dice = random.Random(asked.seed)
    note = mesh.home / "mesh" / "run.json"
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=20)
    headers = {"Authorization": f"Bearer {mesh.token}"}
    async with httpx.AsyncClient(base_url=mesh.url, headers=headers, limits=limits) as client:
        load = Load(client, dice)
        followers = Followers(mesh.url, mesh.token, client)
        chaos = Chaos(note, random.Random(asked.seed + 1), LEASE_SECONDS + 3, say, frozenset(asked.only))
        child_id = await load.publish_one(child(dice))
        published = await load.publish(kinds(dice, child_id))
        schedule = await load.publish_one(scheduled())
        project = asyncio.create_task(followers.follow_project())
        await asyncio.sleep(1)  # the project's watch begins now, not at a cursor
        until = time.monotonic() + asked.minutes * 60
        hits = asyncio.create_task(chaos.run(until, tuple(asked.between)))
        tasks: set[asyncio.Task[Any]] = set()
        counts: Counter[str] = Counter()

        async def one() -> None:
            ((kind, flow_id),) = dice.choices(published, [kind.share for kind, _ in published])
            accepted = await load.start(kind, flow_id)
            counts[kind.name] += 1
            if kind.approvals:
                tasks.add(asyncio.create_task(load.answer(accepted)))
            for way in dice.sample(WAYS, k=2):
                tasks.add(asyncio.create_task(followers.follow(accepted.id, way)))
            if dice.random() < CANCELLED_SHARE:
                await asyncio.sleep(dice.uniform(0, 3))
                await load.cancel(accepted)

        spoken = time.monotonic()
        while time.monotonic() < until and not hits.done():
            tasks.add(asyncio.create_task(one()))
            await asyncio.sleep(dice.expovariate(asked.rate))
            if time.monotonic() - spoken > 30:
                spoken = time.monotonic()
                ended = sum(1 for _ in followers.clients)
                say(f"{len(load.accepted)} runs accepted, {ended} clients, {sum(chaos.killed.values())} kills")
        chaos.release()
        try:
            await asyncio.wait_for(hits, 90)
        except Exception as error:
            say(f"the chaos ended with {type(error).__name__}: {error}")
        say("no more runs, no more kills; waiting for every run and every client to end")
        _, waiting = await asyncio.wait(tasks, timeout=asked.patience)
        failures = [task.exception() for task in tasks if task.done() and not task.cancelled() and task.exception()]
        database = json.loads(note.read_text())["addresses"]["database"]
        paused = await load.persist("POST", "/schedules/pause", {})
        assert paused.status_code < 300, paused.text
        deadline = time.monotonic() + asked.patience
        while await facts.not_ended(database) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
        await asyncio.sleep(3)  # the project's last words; nothing is asserted on this time
        project.cancel()
        for task in waiting:
            task.cancel()

        async def resolve(reference: str) -> Any:
            return (await client.get(f"/values/{reference}", timeout=20)).json()

        executions = await facts.executions(database, resolve)
        fires = await facts.fires(database, schedule)
        effects = facts.effects(recorded)
        recorded_facts = Facts(
            load.accepted, executions, effects, followers.clients, followers.project, load.told, fires
        )
        found = violations(recorded_facts)
        found += (
            [] if len(fires) >= int(asked.minutes) - 1 else [f"a schedule of every minute fired {len(fires)} times"]
        )
        found += [f"a client gave up waiting: {len(waiting)} tasks"] if waiting else []
        found += [f"a client failed: {failure!r}" for failure in failures]
    statuses = Counter(execution.status for execution in executions.values())
    recovered = sum(
        bool(event["type"] == "runtime.output" and event["payload"]["data"].get("recovered"))
        for execution in executions.values()
        for event in execution.events
    )
    say(f"seed {asked.seed}: {len(load.accepted)} runs accepted {dict(counts)}, ended as {dict(statuses)}")
    say(f"{len(load.told)} approvals answered by two at once; {len(fires)} minutes of a schedule")
    say(f"kills {sum(chaos.killed.values())}: {dict(sorted(chaos.killed.items()))}; pauses {dict(chaos.paused)}")
    say(f"{len(effects)} effects, {sum(len(e.journal) for e in executions.values())} outcomes, {recovered} recoveries")
    total = sum(len(ids) for _, _, ids in followers.clients)
    say(f"{len(followers.clients)} clients got {total} events, resumed {dict(followers.resumes)}")
    say(f"calls answered {dict(load.answers)}; the project was told {len(followers.project)} events")
    by_kind: dict[str, list[str]] = {}
    for line in found:
        # What is broken, without whose it is.
        by_kind.setdefault(re.sub(r"[0-9a-f-]{36}|[0-9]+|\[.*?\]", "…", line), []).append(line)
    for lines in by_kind.values():
        say(f"BROKEN {len(lines)} times: {lines[0][:400]}")
    say(f"{len(found)} promises broken" if found else "every promise held")
    return 1 if found else 0


def _recorder(path: Path) -> tuple[subprocess.Popen[str], str]:
    path.touch()
    command = [sys.executable, str(HERE / "recorder.py"), str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


if __name__ == "__main__":
    sys.exit(main())
