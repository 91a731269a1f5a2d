"""Take the fence off workers, and the care with which they begin handlers. For the oracle's own proof only.

With `SOAK_UNFENCED=1` this folder stands in PYTHONPATH, so that every Python of the mesh runs this file at its start,
and workers are changed by it. Paused beyond its lease and continued, such a worker goes on with runs that another has
taken over until its next heartbeat, which the oracle must see.
"""

from __future__ import annotations

import sys

_CHECK = "u.id IS NULL OR coalesce(((SELECT of FROM epochs) -> u.id)::int4 = u.epoch, false)"


def unfence() -> None:
    """Take off what keeps a worker without a lease from writing, and from beginning a handler."""
    from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
    from triggerflow_orchestrator.store import postgres_statement

    assert _CHECK in postgres_statement._VERDICT, "the fence is somewhere else now: take it off there"
    postgres_statement._VERDICT = postgres_statement._VERDICT.replace(_CHECK, "true")  # type: ignore[misc]
    LeaseKeeper.sure = property(lambda self: self.id is not None)  # type: ignore[method-assign, assignment]


if "triggerflow_orchestrator.worker" in sys.orig_argv:
    unfence()
