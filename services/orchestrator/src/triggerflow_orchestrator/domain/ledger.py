"""Decide which node runs next, and with what: the tokens of one region, as CONTRACT section 3 "Tokens" says.

A small deterministic state machine. Pure: no I/O, no time, and values are passed on without a look inside. Every edge
of a finished node carries a live token (its port was lit) or a dead one; a node is ready, or skipped, once its input
ports have settled as its join asks. Every node settles exactly once, as done or skipped; the graph has no cycles, so a
run ends.

The caller completes activations in the order of their end events: that order, and nothing else, decides which of two
live tokens wins. What an unhandled failure does to a run is the caller's matter; to the ledger a handled one is a
completion that lights `error`.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from triggerflow_chassis.errors import Internal
from triggerflow_chassis.flow_model import MISSING

from triggerflow_orchestrator.domain.plan import Plan, Wire

# Where a node stands. It only moves forward: waiting → ready → done, or waiting → skipped.
WAITING: Final = 0
READY: Final = 1
DONE: Final = 2
SKIPPED: Final = 3

NOTHING_LIT: Final[Mapping[str, Any]] = {}


class LedgerMisused(Internal):
    """The caller told the ledger what cannot have happened, such as a node that ended twice. Nothing was changed."""


class Ready(NamedTuple):
    """A node that is to run now. `inputs` is the caller's to keep: the ledger has let go of it."""

    node: int
    inputs: dict[str, Any]


class Dropped(NamedTuple):
    """A live token that changed nothing, because its port had settled or its node no longer waits."""

    node: int
    port: str
    edge: int


class Step(NamedTuple):
    """What one completion brought about, each list in the order it happened."""

    ready: list[Ready]
    skipped: list[int]
    dropped: list[Dropped]


class Entry(NamedTuple):
    """One outcome in a journal. `lit` has no meaning where the status is `skipped`."""

    node: int
    status: str
    lit: Mapping[str, Any]


class Replayed(NamedTuple):
    """A run as its journal left it. `frontier` is what was ready and has no outcome yet, in the order it got ready."""

    ledger: "Ledger"
    frontier: list[Ready]
    skipped: list[int]


class Ledger:
    """The tokens of one run of a plan. Not safe for use by several threads at once."""

    __slots__ = (
        "_alive",
        "_intakes",
        "_joins",
        "_lightable",
        "_open",
        "_state",
        "_values",
        "_waiting",
        "_wires",
        "pending",
        "plan",
        "started",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan: Final = plan
        # Nodes that are neither done nor skipped.
        self.pending = len(plan.nodes)
        self.started = False
        self._wires, self._intakes = plan.wires, plan.intakes
        self._joins, self._lightable = plan.joins, plan.lightable
        self._state = bytearray(len(plan.nodes))
        # By node: wired ports that have not settled, and wired ports that are not dead.
        self._waiting = list(plan.wired_counts)
        self._alive = list(plan.wired_counts)
        # By slot: edges that carried no dead token. A live token leaves the count alone, so it stays above zero.
        self._open = list(plan.edge_counts)
        # By slot: the first live value, until its node is ready. The last slot is for unwired ports and stays empty.
        self._values: list[Any] = [MISSING] * (len(plan.slots) + 1)

    @property
    def settled(self) -> bool:
        """Whether every node is done or skipped: the run has ended."""
        return self.pending == 0

    def state(self, node: int) -> int:
        """WAITING, READY, DONE or SKIPPED."""
        return self._state[node]

    def start(self, fired: Mapping[int, Mapping[str, Any]]) -> Step:
        """Settle every trigger and every node without a wired input, once, before anything else.

        `fired` gives the lit ports of the triggers that fired, in the order of their end events: they are done with
        this call and are not among `ready`. The other triggers are skipped, and so is `plan.unwired`: first these, in
        node order, then what their dead tokens skip, then each fired trigger's tokens and what those skip.
        """
        if self.started:
            raise LedgerMisused("The run was started twice.")
        for node, lit in fired.items():
            if not self.plan.nodes[node].is_trigger:
                raise LedgerMisused(f"Node {node} is no trigger.")
            if not lit.keys() <= self._lightable[node]:
                raise LedgerMisused(f"Node {node} has not all of these ports: {sorted(lit)}.")
        self.started = True
        step = Step([], [], [])
        for node in sorted((*self.plan.triggers, *self.plan.unwired)):
            if node not in fired:
                self._skip(node, step)
        self._spread(step, 0)
        for node, lit in fired.items():
            self._state[node] = DONE
            self.pending -= 1
            spread = len(step.skipped)
            self._send(node, lit, step)
            self._spread(step, spread)
        return step

    def begin(self, node: int, inputs: dict[str, Any]) -> Step:
        """Make one node ready with these inputs, instead of `start`: the header of a loop's body, in an iteration."""
        if self.started:
            raise LedgerMisused("The run was started twice.")
        self.started = True
        self._state[node] = READY
        return Step([Ready(node, inputs)], [], [])

    def complete(self, node: int, lit: Mapping[str, Any]) -> Step:
        """A ready node has ended: the ports in `lit` carry live tokens, all its other ports dead ones."""
        if self._state[node] != READY:
            raise LedgerMisused(f"Node {node} ended, but was not running.")
        if not lit.keys() <= self._lightable[node]:
            raise LedgerMisused(f"Node {node} has not all of these ports: {sorted(lit)}.")
        self._state[node] = DONE
        self.pending -= 1
        step = Step([], [], [])
        self._send(node, lit, step)
        if step.skipped:
            self._spread(step, 0)
        return step

    def _send(self, node: int, lit: Mapping[str, Any], step: Step) -> None:
        """Put a token on every edge of a node that ended, in the order of the edges."""
        for wire in self._wires[node]:
            port = wire.port
            if port in lit:
                self._live(wire, lit[port], step)
            else:
                self._dead(wire, step)

    def _spread(self, step: Step, done: int) -> None:
        """Send the dead tokens of the skipped nodes from number `done` on, and of those that these skip in turn.

        A queue, not recursion: chains may be long.
        """
        for node in islice(step.skipped, done, None):  # the list grows while it is read
            self._send(node, NOTHING_LIT, step)

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        node, slot = wire.target, wire.slot
        if self._state[node] != WAITING or self._values[slot] is not MISSING:
            step.dropped.append(Dropped(node, self.plan.slots[slot].key, wire.edge))
            return
        self._values[slot] = value
        self._waiting[node] -= 1
        if self._waiting[node] == 0 or self._joins[node] == "any":
            self._run(node, step)

    def _dead(self, wire: Wire, step: Step) -> None:
        node, slot = wire.target, wire.slot
        self._open[slot] -= 1
        if self._open[slot] > 0 or self._state[node] != WAITING:
            return
        # The last edge of the port died and none was live: the port is dead.
        self._waiting[node] -= 1
        self._alive[node] -= 1
        if self._alive[node] == 0 or self._joins[node] == "strict":
            self._skip(node, step)
        elif self._waiting[node] == 0:
            self._run(node, step)

    def _run(self, node: int, step: Step) -> None:
        self._state[node] = READY
        values = self._values
        inputs = {}
        for key, slot, default in self._intakes[node]:
            value = values[slot]
            if value is not MISSING:
                inputs[key] = value
                values[slot] = MISSING
            elif default is not MISSING:
                inputs[key] = default
        step.ready.append(Ready(node, inputs))

    def _skip(self, node: int, step: Step) -> None:
        self._state[node] = SKIPPED
        self.pending -= 1
        step.skipped.append(node)


def replay(plan: Plan, entries: Iterable[Entry], ledger_class: type[Ledger] = Ledger) -> Replayed:
    """Rebuild a run from its journal, given in the order it was written.

    Triggers that fired have an entry with their lit ports; those that did not may have one of status `skipped`. An
    empty journal is a run that has not started. Skips are worked out again: an entry that says otherwise than the
    ledger raises LedgerMisused, for then the journal belongs to another plan.
    """
    recorded = list(entries)
    ledger = ledger_class(plan)
    if not recorded:
        return Replayed(ledger, [], [])
    ended = [entry for entry in recorded if entry.status != "skipped"]
    fired = {entry.node: entry.lit for entry in ended if plan.nodes[entry.node].is_trigger}
    steps = [ledger.start(fired)]
    steps += [ledger.complete(entry.node, entry.lit) for entry in ended if entry.node not in fired]
    for entry in recorded:
        if entry.status == "skipped" and ledger.state(entry.node) != SKIPPED:
            raise LedgerMisused(f"The journal skipped node {entry.node}, the plan does not.")
    return Replayed(
        ledger,
        [ready for step in steps for ready in step.ready if ledger.state(ready.node) == READY],
        [node for step in steps for node in step.skipped],
    )
