"""Notice a PostgreSQL that hangs: it takes connections and answers nothing, so that no limit of its own helps.

A statement may be slow by right. So where one takes long, another connection is tried: who answers that is at work, and
is left alone; who does not hangs, and whoever waits for it is told by ending his connection.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import structlog

from triggerflow_chassis.postgres.address import Postgres

log = structlog.get_logger("triggerflow.postgres")

# From the statement to the word that nobody answers it: five seconds at most.
_LONG_SECONDS = 1.5
_ANSWER_SECONDS = 2.5
_LOOK_SECONDS = 0.5
# A statement that is slow by right is not asked about all the time.
_AGAIN_SECONDS = 5.0


class Pulse:
    """Of one pool or connection. `run` is to run beside it."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._waiting: dict[Any, tuple[asyncpg.Connection[asyncpg.Record], float]] = {}
        self._asked = float("-inf")
        self.hangs = False
        """Whether it did not answer when it was last asked."""

    def began(self, key: Any, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Somebody works with the connection from now on."""
        self._waiting[key] = (connection, asyncio.get_running_loop().time())

    def ended(self, key: Any) -> None:
        """He has what he wanted. May be said twice."""
        self._waiting.pop(key, None)

    def raise_where_it_hangs(self) -> None:
        """TimeoutError, at once: a new connection would only wait as well."""
        if self.hangs:
            raise TimeoutError("it takes connections and says nothing")

    async def run(self) -> None:
        """Look until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = clock()
            long = any(now - since > _LONG_SECONDS for _, since in self._waiting.values())
            if self.hangs or (long and now - self._asked > _AGAIN_SECONDS):
                self._asked = now
                hung, self.hangs = self.hangs, not await self._answers()
                if self.hangs != hung:
                    log.warning("postgres_hangs" if self.hangs else "postgres_goes_on", place=self._postgres.place)
            if self.hangs:
                for connection, _ in tuple(self._waiting.values()):
                    connection.terminate()

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self._postgres.url.reveal(), timeout=_ANSWER_SECONDS)
        except TimeoutError:
            return False
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # Refused is an answer too, and whoever waits hears of it himself.
            return True
        connection.terminate()
        return True
