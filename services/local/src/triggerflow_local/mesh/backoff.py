"""How long to wait before a process that ended is started again. Pure."""

from __future__ import annotations

# At once, then longer and longer: one that was killed is back in no time, one that cannot run costs little.
_WAITS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_STEADY_SECONDS = 20.0


class Backoff:
    """The waits of one process."""

    def __init__(self) -> None:
        self._ends = 0

    def after(self, ran_seconds: float) -> float:
        """Seconds to wait after a process that ran for so long. One that ran steadily starts the count anew."""
        if ran_seconds >= _STEADY_SECONDS:
            self._ends = 0
        wait = _WAITS[min(self._ends, len(_WAITS) - 1)]
        self._ends += 1
        return wait
