"""The laws find every seeded fault; each mutant differs from the scopes by that fault alone."""

import pytest
from triggerflow_orchestrator.domain.scopes import Scopes

from .laws import check
from .mutants import MUTANTS

# A fraction of the default suite: a fault that hides for longer is one the suite hardly looks for.
GRAPHS = 600


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_seeded_fault_breaks_a_law(mutant: type[Scopes]) -> None:
    with pytest.raises(AssertionError, match=r"^seed \d+: "):
        for seed in range(GRAPHS):
            check(seed, mutant)
