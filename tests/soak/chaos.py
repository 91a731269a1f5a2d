"""Kill the mesh's processes with -9 and pause workers beyond their lease, at moments and in an order that a seed gives.

Nothing is started again here: that is the supervisor's work.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BACK_SECONDS = 60.0


class NotBack(Exception):
    """What was killed was not started again in time."""


@dataclass
class Chaos:
    """Hits every process in turn, in shuffled rounds."""

    note: Path
    dice: random.Random
    pause_seconds: float
    """How long a paused worker is away: longer than its lease."""
    say: Callable[[str], None]
    only: frozenset[str] = frozenset()
    """What is hit, by the beginning of its name ("worker", "pause"); empty for everything."""
    killed: Counter[str] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)
    _stopped: dict[int, str] = field(default_factory=dict)

    def processes(self) -> dict[str, int]:
        """Process id by name, as the supervisor says now."""
        found: dict[str, Any] = json.loads(self.note.read_text())
        return {name: int(pid) for name, pid in found["processes"].items()}

    async def run(self, until: float, between: tuple[float, float]) -> None:
        """Hit something every few seconds until that moment of the monotonic clock."""
        left: list[str] = []
        while time.monotonic() < until:
            await asyncio.sleep(self.dice.uniform(*between))
            if not left:
                names = sorted(self.processes())
                # Each process once a round, and one worker paused.
                left = [name for name in (*names, "pause") if not self.only or name.startswith(tuple(self.only))]
                self.dice.shuffle(left)
            name = left.pop()
            if name == "pause":
                await self._pause(self.dice.choice([n for n in self.processes() if n.startswith("worker")]))
            else:
                await self._kill(name)

    async def _kill(self, name: str) -> None:
        pid = self.processes()[name]
        self.say(f"kill -9 {name} ({pid})")
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it died by itself, e.g. a child of what was killed before
        self.killed[name] += 1
        deadline = time.monotonic() + _BACK_SECONDS
        while self.processes().get(name, pid) == pid:
            if time.monotonic() > deadline:
                raise NotBack(f"{name} was not started again within {_BACK_SECONDS:.0f} s")
            await asyncio.sleep(0.05)

    async def _pause(self, name: str) -> None:
        pid = self.processes()[name]
        self.say(f"pause {name} ({pid}) for {self.pause_seconds:.0f} s")
        os.kill(pid, signal.SIGSTOP)
        self._stopped[pid] = name
        self.paused[name] += 1
        try:
            await asyncio.sleep(self.pause_seconds)
        finally:
            self.release()

    def release(self) -> None:
        """Let everything that is paused go on."""
        for pid in list(self._stopped):
            del self._stopped[pid]
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
