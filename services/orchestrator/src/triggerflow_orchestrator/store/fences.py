"""Say which units of one transaction may pass, given the epochs that its runs have before it. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import LeaseLost

Result = tuple[Unit, BaseException | None]
"""A unit, and why it was not written."""


def passing(units: Iterable[Unit], epochs: dict[str, int]) -> Iterator[Result]:
    """Each unit with None, or with LeaseLost where its fence does not hold.

    `epochs` holds those of rows that are there, and is kept up with what earlier units of the same transaction insert
    and claim: a run and its first step may be written together.
    """
    for unit in units:
        fence = unit.fence
        if fence is not None and epochs.get(fence.execution_id) != fence.epoch:
            yield unit, LeaseLost(fence.execution_id)
            continue
        if fence is None or unit.rows[0][0] is Kind.CLAIM:
            for kind, row in unit.rows:
                if kind is Kind.EXECUTION:
                    epochs[row[0]] = row[16]
                elif kind is Kind.CLAIM:
                    epochs[row[1]] = row[0]
        yield unit, None
