"""The laws find every seeded fault, within the graphs of the default suite. By hand: `GRAPHS_MUTANTS=1`."""

import os

import pytest

from .check import check
from .mutants import MUTANTS, Mutant

GRAPHS = 2000


@pytest.mark.skipif("GRAPHS_MUTANTS" not in os.environ, reason="by hand: GRAPHS_MUTANTS=1")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_seeded_fault_breaks_a_law(mutant: Mutant) -> None:
    with mutant(), pytest.raises(AssertionError, match=r"^seed \d+: "):
        for seed in range(GRAPHS):
            check(seed)
