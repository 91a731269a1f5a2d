"""Let workers believe that they hold their runs for ever: no fence, no lost lease. For the oracle's own proof only.

With `SOAK_UNFENCED=1` this folder stands in PYTHONPATH, so that every Python of the mesh runs this file at its start,
and workers are changed by it. Paused beyond its lease and continued, such a worker goes on with runs that another has
taken over, which the oracle must see.
"""

from __future__ import annotations

import sys

_CHECK = "u.id IS NULL OR coalesce(((SELECT of FROM epochs) -> u.id)::int4 = u.epoch, false)"


def unfence() -> None:
    """Take off what keeps a worker without a lease from writing, and from noticing."""
    from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
    from triggerflow_orchestrator.store import postgres_statement
    from triggerflow_orchestrator.store.postgres_leases import PostgresLeases

    assert _CHECK in postgres_statement._VERDICT, "the fence is somewhere else now: take it off there"
    postgres_statement._VERDICT = postgres_statement._VERDICT.replace(_CHECK, "true")  # type: ignore[misc]
    beat = PostgresLeases.beat

    async def beat_and_believe(self: PostgresLeases, worker_id: str, live: int) -> bool:
        await beat(self, worker_id, live)
        return True

    PostgresLeases.beat = beat_and_believe  # type: ignore[method-assign]
    LeaseKeeper.sure = property(lambda self: self.id is not None)  # type: ignore[method-assign, assignment]


if "triggerflow_orchestrator.worker" in sys.orig_argv:
    unfence()
