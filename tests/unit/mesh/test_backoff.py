"""How long a process that ended waits for its next start."""

from __future__ import annotations

from itertools import pairwise

from triggerflow_local.mesh.backoff import Backoff


def test_the_first_start_after_an_end_is_at_once() -> None:
    assert Backoff().after(3.0) == 0.0


def test_one_that_cannot_run_waits_longer_and_longer_up_to_a_bound() -> None:
    backoff = Backoff()
    waits = [backoff.after(0.1) for _ in range(20)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[1] < 0.5
    assert waits[-1] == waits[-2] == 8.0


def test_one_that_ran_steadily_is_back_at_once_again() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.after(0.1)
    assert backoff.after(60.0) == 0.0
    assert backoff.after(0.1) > 0.0
