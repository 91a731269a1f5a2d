"""Find what of a run's journal still matters to go on with it.

Of a loop that is its newest iteration: those before left nothing but that one's inputs, which nobody needs once its
header has ended. So it is with the rounds of a sub-flow's `while`. Of a sub-flow that ended, its own outcome is all.
What an open for-each began matters whole, for the results of its items. So going on costs what lives, not what was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from triggerflow_orchestrator.domain.execution import ENDED, JournalRow
from triggerflow_orchestrator.domain.plan import ROOT_SCOPE, Plan


class Rows(Protocol):
    """The journal of one run, each list in any order."""

    async def at(self, scopes: Sequence[str]) -> list[JournalRow]:
        """What is in exactly these scopes."""

    async def below(self, stem: str) -> list[JournalRow]:
        """What is in any scope whose name begins with `stem` and a number, and in those inside."""

    async def newest(self, stems: Collection[str]) -> Mapping[str, int]:
        """By stem, the highest number whose scope has a row that is not `cancelled`; all below it have one too. Without
        those that have none."""


class Recalled:
    """What matters."""

    def __init__(self) -> None:
        self.rows: list[JournalRow] = []
        self.scopes: list[str] = []
        """The scopes that were looked into, one by one."""
        self.stems: list[str] = []
        """Those that were read whole: all scopes of a for-each."""


async def recall(plan: Plan, journal: Rows) -> Recalled:
    """Look from the root inwards."""
    found = Recalled()
    level: list[tuple[str, Plan, bool]] = [(ROOT_SCOPE, plan, True)]
    while level:
        names = [name for name, _, _ in level]
        rows = await journal.at(names)
        found.rows += rows
        found.scopes += names
        ended: dict[str, set[str]] = {}
        for row in rows:
            ended.setdefault(row.scope, set())
            if row.status in ENDED:
                ended[row.scope].add(row.node_id)
        rounds: dict[str, tuple[Plan, bool]] = {}
        following: list[tuple[str, Plan, bool]] = []
        for name, region, sure in level:
            if not sure and name not in ended:
                continue  # a child that never began
            for node in region.nodes:
                stem = f"{name}/{node.id}" if name else node.id
                if node.loop is not None:
                    rounds[stem] = node.loop.body, True
                elif node.subflow is not None and node.subflow.plan is not None and node.id not in ended.get(name, ()):
                    if node.subflow.mode == "forEach":
                        found.stems.append(stem)
                    elif node.subflow.mode == "while":
                        rounds[stem] = node.subflow.plan, False
                    else:
                        following.append((f"{stem}:0", node.subflow.plan, False))
        newest = await journal.newest(rounds) if rounds else {}
        for stem, (region, is_loop) in rounds.items():
            number = newest.get(stem)
            if number is not None:
                following.append((f"{stem}:{number}", region, True))
            if is_loop:
                # Its header may be a sub-flow under way: then there are rows below it, and none in it.
                following.append((f"{stem}:{0 if number is None else number + 1}", region, True))
        level = following
    for stem in found.stems:
        found.rows += await journal.below(stem)
    found.rows.sort(key=lambda row: row.seq)
    return found
