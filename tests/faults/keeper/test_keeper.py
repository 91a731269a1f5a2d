"""One process is kept running whatever it does, and stopped whatever it does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.keeper import Keeper
from triggerflow_local.mesh.logs import Console, LogFile

WAITS = "import signal\nwhile True: signal.pause()"


class Kept:
    """A keeper of a small program, and what it said."""

    def __init__(self, folder: Path, program: str, **component: Any) -> None:
        self.log = LogFile(folder / "log")
        self._receiving, self._sending = os.pipe()
        self._console = Console(self._sending, colours=False)
        self._threads = ThreadPoolExecutor(4)
        self.told: list[str] = []
        component.setdefault("ready", lambda: None)
        self.keeper = Keeper(
            Component(name="it", folder=folder, command=(sys.executable, "-u", "-c", program), **component),
            log=self.log,
            console=self._console,
            threads=self._threads,
            changed=lambda: self.told.append(self.keeper.standing().state),
        )

    @property
    def pid(self) -> int | None:
        return self.keeper.standing().pid

    async def until(self, probe: Callable[[], Any]) -> Any:
        async with asyncio.timeout(20):
            while not (answer := probe()):
                await asyncio.sleep(0.01)
        return answer

    async def stop(self, seconds: float = 10.0) -> None:
        await self.keeper.stop(by=time.monotonic() + seconds)

    def said(self) -> str:
        """What stood on the terminal."""
        self._console.close()
        os.close(self._sending)
        with os.fdopen(self._receiving, "rb") as read:
            return read.read().decode()


@pytest.fixture
async def keep(tmp_path: Path) -> AsyncIterator[Callable[..., Kept]]:
    made: list[Kept] = []

    def make(program: str, **component: Any) -> Kept:
        made.append(Kept(tmp_path, program, **component))
        return made[-1]

    yield make
    for each in made:
        await each.stop()
        assert each.pid is None


async def test_one_that_is_killed_is_started_again(keep: Callable[..., Kept]) -> None:
    kept = keep(WAITS)
    await kept.keeper.start()
    first = kept.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await kept.until(lambda: kept.pid not in (None, first) and kept.keeper.standing().state == "ready")
    assert kept.keeper.standing().restarts == 1
    await kept.stop()
    assert "ended by SIGKILL; started again at once" in kept.said()


async def test_what_a_killed_one_had_started_ends_with_it(keep: Callable[..., Kept]) -> None:
    kept = keep(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {WAITS!r}])\n{WAITS}")
    await kept.keeper.start()
    assert kept.pid is not None
    (child,) = await kept.until(psutil.Process(kept.pid).children)
    os.kill(kept.pid, signal.SIGKILL)
    await kept.until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_one_that_ends_before_it_was_ever_ready_is_an_error_with_its_last_words(
    keep: Callable[..., Kept],
) -> None:
    def never() -> None:
        raise NotReady("no answer")

    kept = keep("print('the disk is gone'); raise SystemExit(3)", ready=never)
    with pytest.raises(CannotStart, match=r"it ended with code 3 before it was ready(.|\n)*the disk is gone"):
        await kept.keeper.start()


async def test_one_that_is_never_ready_is_an_error_with_the_reason(keep: Callable[..., Kept]) -> None:
    def never() -> None:
        raise NotReady("no answer")

    kept = keep(WAITS, ready=never, start_seconds=0.3)
    with pytest.raises(CannotStart, match=r"it is not ready after 0 s: no answer"):
        await kept.keeper.start()


async def test_one_that_cannot_be_prepared_is_an_error_at_the_first_start(keep: Callable[..., Kept]) -> None:
    def fails() -> None:
        raise CannotStart("SETTING: not like this")

    with pytest.raises(CannotStart, match="SETTING: not like this"):
        await keep(WAITS, prepare=fails).keeper.start()


async def test_one_that_cannot_be_prepared_later_is_tried_until_it_can(keep: Callable[..., Kept]) -> None:
    fails: list[Exception] = []

    def prepare() -> None:
        if fails:
            raise fails.pop()

    kept = keep(WAITS, prepare=prepare)
    await kept.keeper.start()
    fails += [RuntimeError("a defect"), CannotStart("a reason")]
    first = kept.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await kept.until(lambda: kept.pid not in (None, first))
    await kept.stop()
    said = kept.said()
    assert "cannot start: a reason" in said
    assert "cannot start: a defect" in said


async def test_a_probe_that_fails_for_a_reason_of_its_own_is_tried_again(keep: Callable[..., Kept]) -> None:
    fails = [ValueError("odd"), ValueError("odd")]

    def ready() -> None:
        if fails:
            raise fails.pop()

    kept = keep(WAITS, ready=ready)
    await kept.keeper.start()
    await kept.stop()
    assert kept.said().count("cannot be asked: ValueError: odd") == 1


async def test_one_that_does_not_heed_the_stop_is_ended(keep: Callable[..., Kept]) -> None:
    kept = keep(
        f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\n{WAITS}", stop_seconds=0.2
    )
    await kept.keeper.start()
    await kept.until(lambda: "deaf" in kept.log.tail())
    await kept.stop()
    assert kept.keeper.standing().state == "stopped"
    assert kept.keeper.standing().restarts == 0


async def test_one_that_is_frozen_is_stopped_in_good_order_all_the_same(keep: Callable[..., Kept]) -> None:
    program = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: (print('in order'), sys.exit()))\nprint('up')"
    )
    kept = keep(f"{program}\n{WAITS}")
    await kept.keeper.start()
    await kept.until(lambda: "up" in kept.log.tail())
    assert kept.pid is not None
    os.kill(kept.pid, signal.SIGSTOP)
    await kept.stop()
    assert "in order" in kept.log.tail()


async def test_a_stop_between_two_starts_starts_nothing_more(keep: Callable[..., Kept]) -> None:
    kept = keep("pass")
    await kept.keeper.start()
    # By then it waits for longer and longer.
    await kept.until(lambda: kept.keeper.standing().restarts >= 3)
    await kept.stop()
    assert kept.keeper.standing().state == "stopped"


async def test_all_that_one_says_is_kept_even_without_an_end_of_line(keep: Callable[..., Kept], tmp_path: Path) -> None:
    program = "import sys\nfor n in range(5000): print('line', n)\nsys.stdout.write('x' * 300_000 + 'end')"
    kept = keep(f"{program}\nsys.stdout.flush()\nopen('all-said', 'w')\n{WAITS}")
    await kept.keeper.start()
    assert kept.pid is not None
    await kept.until((tmp_path / "all-said").exists)
    os.kill(kept.pid, signal.SIGKILL)
    await kept.until(lambda: "end" in kept.log.tail(400_000))
    text = kept.log.path.read_text()
    assert text.startswith("line 0\nline 1\n")
    assert text.count("x") >= 300_000


@pytest.mark.parametrize("ours", [True, False])
async def test_one_of_ours_sees_the_users_environment_and_no_other_does(
    keep: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    program = f"import json, os\nprint(json.dumps(dict(os.environ)))\n{WAITS}"
    kept = keep(program, ours=ours, environment={"TOLD": "yes"})
    await kept.keeper.start()
    await kept.until(lambda: kept.log.tail(100_000).endswith("}"))
    seen = json.loads(kept.log.tail(100_000))
    assert seen["TOLD"] == "yes"
    assert "PATH" in seen
    assert ("OPENAI_API_KEY" in seen) == ours
