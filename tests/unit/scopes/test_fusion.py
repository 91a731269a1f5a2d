"""Fused or not, a run is the same: random flows of pure and other nodes with loops and sub-flows, on the engine."""

import os
import random
from unittest.mock import patch

import pytest
from triggerflow_adapter_sdk import Catalogue
from triggerflow_adapter_sdk.expressions import pool
from triggerflow_adapter_sdk.settings import AdapterSettings

from .fused import Flows, fused_units, go_on, law_of_the_end, play, told, unfused

GRAPHS = int(os.environ.get("FUSION_GRAPHS", "200"))
SEED = os.environ.get("FUSION_SEED")
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
async def test_a_fused_run_tells_what_the_unfused_one_does_in_that_order_and_so_after_a_crash(part: int) -> None:
    catalogue = Catalogue.load(AdapterSettings(python_modules=("golden_handlers",)))
    await catalogue.open()
    fused = 0
    count = GRAPHS // PARTS
    seeds = range(part * count, (part + 1) * count) if SEED is None else [int(SEED)]
    try:
        for seed in seeds:
            try:
                # An expression has 500 ms by the clock, which a busy machine takes from it.
                with patch.object(pool, "TIME_LIMIT", 60.0):
                    fused += await _check(seed, catalogue)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    finally:
        await catalogue.close()
    assert fused >= count or SEED is not None, f"only {fused} units of {count} graphs had more than one node"


async def _check(seed: int, catalogue: Catalogue) -> int:
    played = await play(Flows(seed), catalogue, fuses=True)
    rows = played.journal.rows
    law_of_the_end(rows)
    assert told(rows) == told(await unfused(played))

    plain = await play(Flows(seed), catalogue, fuses=False)
    law_of_the_end(plain.journal.rows)
    assert fused_units(plain) == 0

    units = len(played.journal.units)
    for most in sorted(random.Random(seed).sample(range(1, units), min(3, units - 1))):
        crashed = await play(Flows(seed), catalogue, fuses=True, most=most)
        if crashed.journal.crashed.is_set():  # else this time, by the clock, it took fewer units
            law_of_the_end(await go_on(Flows(seed), catalogue, crashed))
    return fused_units(played)
