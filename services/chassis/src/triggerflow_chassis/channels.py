"""Named channels of a flow: what they join within a run, and what they tell to the project.

Pure; no I/O. Registry and orchestrator share these rules, so that what was published is what runs. A channel is
`{id, name, publishers: [{nodeId, port}], subscribers: [{nodeId, port}], shared?}`: every token of a publishing output
port, live or dead, goes to every subscribing input port, as if edges joined each with each; so joins, loops and cycles
are as with edges. A `shared` channel also hands each value to the project's channel of its name, whose `core:channel`
triggers it fires.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

SIDES: Final = ("publishers", "subscribers")


class ChannelEdge(NamedTuple):
    """An edge that a channel stands for, and where the subscriber stands in the flow."""

    edge: dict[str, Any]
    pointer: str


def is_channel(value: Any) -> bool:
    """Whether it has the form of one. Drafts from before channels could run may hold anything."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("id"), str)
        and isinstance(value.get("name"), str)
        and all(isinstance(value.get(side), list | tuple) for side in SIDES)
        and all(
            isinstance(end, Mapping) and isinstance(end.get("nodeId"), str) and isinstance(end.get("port"), str)
            for side in SIDES
            for end in value[side]
        )
    )


def channel_edges(channels: Sequence[Any], edges: Iterable[Mapping[str, Any]]) -> list[ChannelEdge]:
    """The edges that channels stand for, in their order, without those that `edges` or an earlier channel has."""
    known = {_ends(edge["source"], edge["target"]) for edge in edges}
    found: list[ChannelEdge] = []
    for place, channel in enumerate(channels):
        if not is_channel(channel):
            continue
        for number, target in enumerate(channel["subscribers"]):
            for source in channel["publishers"]:
                ends = _ends(source, target)
                if ends in known:
                    continue
                known.add(ends)
                edge = {"id": f"channel {channel['id']} {len(found)}", "source": source, "target": target}
                found.append(ChannelEdge(edge, f"/channels/{place}/subscribers/{number}"))
    return found


def with_channels(edges: Sequence[Mapping[str, Any]], channels: Sequence[Any]) -> list[Mapping[str, Any]]:
    """All edges of a flow: those drawn, then those that its channels stand for."""
    return [*edges, *(found.edge for found in channel_edges(channels, edges))] if channels else list(edges)


def shared_ports(channels: Sequence[Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By (node id, output port): the project's channels that get its values, each once."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for channel in channels:
        if not is_channel(channel) or channel.get("shared") is not True:
            continue
        for end in channel["publishers"]:
            key = (end["nodeId"], end["port"])
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), channel["name"])))
    return found


def without_node(channels: Sequence[Any], node_id: str) -> tuple[Any, ...]:
    """The channels once a node is gone."""
    return tuple(
        {**channel, **{side: [end for end in channel[side] if end["nodeId"] != node_id] for side in SIDES}}
        if is_channel(channel)
        else channel
        for channel in channels
    )


def _ends(source: Mapping[str, Any], target: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (source["nodeId"], source["port"], target["nodeId"], target["port"])
