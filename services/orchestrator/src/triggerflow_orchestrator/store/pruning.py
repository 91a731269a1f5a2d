"""Delete what need not be kept, in steps so short that the one writer hardly waits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from triggerflow_chassis.errors import Unavailable

_STEP: Final = 500
_BUSY_SECONDS: Final = 5.0


class SqlitePruning:
    """`ports.Pruning` over the migrated database at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def forget_answers(self, before_us: int) -> int:
        try:
            return await asyncio.to_thread(self._forget_answers, before_us)
        except sqlite3.Error as error:
            raise Unavailable(f"The database does not take deletions now: {error}.") from error

    def _forget_answers(self, before_us: int) -> int:
        count = 0
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=_BUSY_SECONDS)) as connection:
            while True:
                gone = connection.execute(
                    "DELETE FROM requests WHERE rowid IN (SELECT rowid FROM requests WHERE created_at < ? LIMIT ?)",
                    (before_us, _STEP),
                ).rowcount
                count += gone
                if gone < _STEP:
                    return count
