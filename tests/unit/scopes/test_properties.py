"""Random flows with loops and sub-flows: none hangs, the laws hold, and from every prefix tried they end the same."""

import os
from collections import Counter

import pytest

from .laws import check

GRAPHS = int(os.environ.get("SCOPES_GRAPHS", "400"))
SEED = os.environ.get("SCOPES_SEED")
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_random_flows_end_as_the_laws_say_and_so_from_every_journal_prefix(part: int) -> None:
    if SEED is not None:
        check(int(SEED))
        return
    seen: Counter[str] = Counter()
    count = GRAPHS // PARTS
    for seed in range(part * count, (part + 1) * count):
        seen += check(seed)
    # Graphs without the hard parts would prove little.
    for what in ("once", "forEach", "while", "second iterations", "nested scopes", "cuts", "broke"):
        assert seen[what] >= count / 25, f"only {seen[what]} of {what} in {count} graphs: {seen}"
