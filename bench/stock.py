"""Stock TriggerFlow in a process of its own: a chain of 10 run by `async_start`, default settings. No product code.

Reads "count callers" lines from stdin and answers each with executions per second. `--uvloop` runs it on uvloop.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from agently import TriggerFlow

LENGTH = 10


def build() -> Any:
    flow = TriggerFlow()

    async def step(data: Any) -> int:
        return int(data.value) + 1

    process = flow.to(flow.chunk("step-1")(step))
    for index in range(2, LENGTH + 1):
        process = process.to(flow.chunk(f"step-{index}")(step))
    return flow


async def main() -> None:
    flow = build()
    loop = asyncio.get_running_loop()
    await flow.async_start(0)
    print("ready", flush=True)
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line.strip():
            return
        count, callers = map(int, line.split())
        left = iter(range(count))

        async def call(left: Any = left) -> None:
            for _ in left:
                await flow.async_start(0)

        begun = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(callers)))
        print(count / (time.perf_counter() - begun), flush=True)


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
