"""What a run begins with that another one did: results it takes over, and inputs that were edited. Pure; no I/O.

It is stored with the run, in the transaction that accepts it, and read when the run begins; its large values are the
new run's own by then, so that forgetting the old run takes nothing away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.rerun import Place
from triggerflow_orchestrator.domain.value import Spill, Value, encode, references, restored, shown


@dataclass(frozen=True, slots=True)
class Taken:
    """A result of the old run."""

    activation_id: str
    """As the old run has it."""
    place: Place
    lit: Mapping[str, Value]
    failure: Failure | None
    """Where the node failed and its error port carried that on."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The inputs one activation gets instead of those its tokens carry."""

    place: Place
    inputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Seed:
    """All of it. `taken` is in an order the ledger accepts."""

    execution_id: str
    """The old run."""
    taken: tuple[Taken, ...]
    edited: Edited | None
    stored: Mapping[int, str] = field(default_factory=dict)
    """Large values that are kept already, with their rows: the reference, by the `id` of the text."""

    @property
    def edits(self) -> dict[tuple[str, str], Mapping[str, Value]]:
        """The inputs that were edited, by scope and node id."""
        return {} if self.edited is None else {(self.edited.place.scope, self.edited.place.node_id): self.edited.inputs}


def write(seed: Seed, spill: Spill) -> str:
    """The text to store. `spill` keeps a large value for the new run."""

    def ports(values: Mapping[str, Value]) -> dict[str, Any]:
        return {port: orjson.Fragment(shown(value, spill)) for port, value in values.items()}

    edited = seed.edited
    body = {
        "from": seed.execution_id,
        "taken": [
            [one.activation_id, *one.place, ports(one.lit), None if one.failure is None else one.failure.as_json()]
            for one in seed.taken
        ],
        "edited": None if edited is None else [*edited.place, ports(edited.inputs)],
    }
    return orjson.dumps(body).decode()


def large(body: str) -> list[str]:
    """The references in a stored text."""
    return references(_shapes(orjson.loads(body)))


def read(body: str, load: Callable[[str], bytes]) -> Seed:
    """What was stored. `load` gives the text behind each of `large`."""
    found = orjson.loads(body)
    stored: dict[int, str] = {}

    def ports(shapes: Mapping[str, Any]) -> dict[str, Value]:
        values = {}
        for port, shape in shapes.items():
            value = values[port] = encode(restored(shape, load))
            if isinstance(shape, dict) and "$value" in shape:
                stored[id(value.text)] = shape["$value"]
        return values

    taken = tuple(
        Taken(activation, Place(scope, node), ports(lit), None if failure is None else Failure.from_json(failure))
        for activation, scope, node, lit, failure in found["taken"]
    )
    edited = found["edited"]
    changed = None if edited is None else Edited(Place(edited[0], edited[1]), ports(edited[2]))
    return Seed(found["from"], taken, changed, stored)


def _shapes(found: Mapping[str, Any]) -> list[Any]:
    edited = found["edited"]
    return [*(one[3] for one in found["taken"]), *(() if edited is None else (edited[2],))]
