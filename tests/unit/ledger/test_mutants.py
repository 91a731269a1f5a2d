"""The checks find every seeded fault; each mutant differs from the ledger by that fault alone."""

import pytest
from triggerflow_orchestrator.domain.ledger import Ledger

from .checks import check
from .mutants import MUTANTS

# A fraction of the default suite: a fault that hides for longer is one the suite hardly looks for.
GRAPHS = 100


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_seeded_fault_fails_the_checks(mutant: type[Ledger]) -> None:
    with pytest.raises(AssertionError, match=r"^seed \d+: "):
        for seed in range(GRAPHS):
            check(seed, mutant)


def test_the_ledger_itself_passes_the_same_checks() -> None:
    for seed in range(GRAPHS):
        check(seed, Ledger)
