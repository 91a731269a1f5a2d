"""Pure work leaves the loop to others: app/turns.py."""

from __future__ import annotations

import asyncio
import itertools

from triggerflow_orchestrator.app.turns import SHARE_SECONDS, Turns


def test_work_that_is_short_does_not_wait() -> None:
    async def go() -> None:
        turns = Turns(asyncio.get_running_loop())
        turns.took(SHARE_SECONDS / 2)
        assert turns.free
        turns.took(SHARE_SECONDS / 2)
        assert not turns.free
        await asyncio.sleep(0)
        assert turns.free

    asyncio.run(go())


def test_what_is_ready_at_once_is_done_in_order_with_everything_else_in_between() -> None:
    async def go() -> None:
        turns = Turns(asyncio.get_running_loop())
        done: list[int] = []

        async def work(number: int) -> None:
            if not turns.free:
                await turns.wait()
            done.append(number)
            turns.took(SHARE_SECONDS * 0.6)

        tasks = [asyncio.ensure_future(work(number)) for number in range(100)]
        seen = [0]
        while len(done) < 100:
            await asyncio.sleep(0)
            seen.append(len(done))
        await asyncio.gather(*tasks)
        assert done == sorted(done)
        assert max(after - before for before, after in itertools.pairwise(seen)) <= 2

    asyncio.run(go())


def test_one_that_is_cancelled_while_it_waits_takes_nobodys_turn() -> None:
    async def go() -> None:
        turns = Turns(asyncio.get_running_loop())
        turns.took(SHARE_SECONDS)
        first, second = asyncio.ensure_future(turns.wait()), asyncio.ensure_future(turns.wait())
        first.cancel()
        async with asyncio.timeout(5):
            await second
        assert first.cancelled()

    asyncio.run(go())
