"""Random flows: none hangs, every node settles exactly once, as the oracle says, and so from every journal prefix."""

import os

from .checks import check

GRAPHS = int(os.environ.get("LEDGER_GRAPHS", "2000"))


def test_random_flows_end_as_the_oracle_says_and_so_from_every_journal_prefix() -> None:
    features = [check(seed) for seed in range(GRAPHS)]
    # Graphs without the hard parts would prove little.
    assert sum(one.dead_arm_at_a_join for one in features) >= 0.30 * GRAPHS
    assert sum(one.merge for one in features) >= 0.20 * GRAPHS
