"""Know what somebody listens to, and what of it was handed on already: the rest is not even decoded.

The loop's thread notes subscriptions, the consumer's thread asks for each record. Single dict operations are all that
both do at once, so nothing is locked.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS

T = TypeVar("T")

_MOST_KEYS: Final = 65_536


class _Listened:
    """One execution that somebody listens to."""

    __slots__ = ("last", "listeners")

    def __init__(self) -> None:
        self.listeners = 0
        self.last = 0


class Demand:
    """Subscriptions by topic and key, and the last sequence or id that each key's subscribers were given."""

    def __init__(self) -> None:
        self._executions: dict[bytes, _Listened] = {}
        self._whole = dict.fromkeys((EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS), 0)
        # Of the latest keys only: what repeats, repeats soon.
        self._sequences: OrderedDict[bytes, int] = OrderedDict()
        self._ids: dict[str, OrderedDict[bytes, str]] = {EXECUTION_NOTICES: OrderedDict(), FLOW_EVENTS: OrderedDict()}

    # On the loop.

    def add(self, topic: str, key: str | None) -> None:
        """Note one more subscription."""
        if topic == EXECUTION_EVENTS and key is not None:
            self._executions.setdefault(key.encode(), _Listened()).listeners += 1
        else:
            self._whole[topic] += 1

    def remove(self, topic: str, key: str | None) -> None:
        """Note one less."""
        if topic == EXECUTION_EVENTS and key is not None:
            listened = self._executions[key.encode()]
            listened.listeners -= 1
            if not listened.listeners:
                del self._executions[key.encode()]
        else:
            self._whole[topic] -= 1

    # On the consumer's thread.

    def wants_execution(self, key: bytes) -> bool:
        """Whether anybody listens to this execution."""
        return key in self._executions or self._whole[EXECUTION_EVENTS] > 0

    def wants_topic(self, topic: str) -> bool:
        """Whether anybody listens to anything of this topic."""
        return self._whole[topic] > 0

    def is_new_sequence(self, key: bytes, sequence: int) -> bool:
        """Whether this was not handed on yet for this execution; notes that it is now."""
        listened = self._executions.get(key)
        if listened is not None:
            new = sequence > listened.last
            if new:
                listened.last = sequence
            return new
        new = sequence > self._sequences.get(key, 0)
        if new:
            _keep(self._sequences, key, sequence)
        return new

    def is_new_id(self, topic: str, key: bytes, id: str) -> bool:
        """Whether this was not handed on yet for this key; notes that it is now."""
        ids = self._ids[topic]
        new = id > ids.get(key, "")
        if new:
            _keep(ids, key, id)
        return new


def _keep(latest: OrderedDict[bytes, T], key: bytes, value: T) -> None:
    latest[key] = value
    latest.move_to_end(key)
    if len(latest) > _MOST_KEYS:
        latest.popitem(last=False)
