"""What a subscriber of any bus may rely on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS, BusEvent
from triggerflow_chassis.ids import next_uuid7, uuid7


class Heard:
    """Everything a subscription was told, flat."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def __call__(self, items: Sequence[Any]) -> None:
        self.items.extend(items)


def events(count: int, start: int = 1) -> list[BusEvent]:
    ids: list[str] = []
    for _ in range(count):
        ids.append(next_uuid7(ids[-1] if ids else None))
    return [BusEvent(id, start + place, f'{{"n":{start + place}}}') for place, id in enumerate(ids)]


def flow_item(project: str, type: str = "flow.updated") -> dict[str, Any]:
    return {"id": uuid7(), "type": type, "timestamp": 5, "projectId": project, "flowId": uuid7(), "deleted": False}


def notice(project: str, after: str | None = None) -> dict[str, Any]:
    return {
        "id": next_uuid7(after),
        "type": "execution.started",
        "timestamp": 1_795_000_000_000_000,
        "projectId": project,
        "flowId": uuid7(),
        "executionId": uuid7(),
    }


async def test_a_subscriber_gets_the_events_of_its_execution_in_order_and_no_others(deployment: Any) -> None:
    mine, other = uuid7(), uuid7()
    heard, theirs = Heard(), Heard()
    deployment.bus.subscribe(EXECUTION_EVENTS, mine, heard)
    deployment.bus.subscribe(EXECUTION_EVENTS, other, theirs)
    sent = events(500)
    for place in range(0, 500, 50):
        await deployment.publish(EXECUTION_EVENTS, mine, sent[place : place + 50])
        await deployment.publish(EXECUTION_EVENTS, uuid7(), events(3))
    await deployment.publish(EXECUTION_EVENTS, other, sent[:1])
    await deployment.settled()
    assert heard.items == sent
    assert theirs.items == sent[:1]


async def test_several_subscribers_of_a_key_get_the_same(deployment: Any) -> None:
    execution = uuid7()
    one, two = Heard(), Heard()
    deployment.bus.subscribe(EXECUTION_EVENTS, execution, one)
    end = deployment.bus.subscribe(EXECUTION_EVENTS, execution, two)
    sent = events(4)
    await deployment.publish(EXECUTION_EVENTS, execution, sent[:2])
    await deployment.settled()
    end()
    end()
    await deployment.publish(EXECUTION_EVENTS, execution, sent[2:])
    await deployment.settled()
    assert one.items == sent
    assert two.items == sent[:2]


async def test_who_subscribes_late_hears_only_what_comes_from_then_on(deployment: Any) -> None:
    execution = uuid7()
    sent = events(4)
    await deployment.publish(EXECUTION_EVENTS, execution, sent[:2])
    await deployment.settled()
    heard = Heard()
    deployment.bus.subscribe(EXECUTION_EVENTS, execution, heard)
    await deployment.publish(EXECUTION_EVENTS, execution, sent[2:])
    await deployment.settled()
    assert heard.items == sent[2:]


async def test_flow_events_come_by_project_with_all_they_say(deployment: Any) -> None:
    project = uuid7()
    heard, every = Heard(), Heard()
    deployment.bus.subscribe(FLOW_EVENTS, project, heard)
    end = deployment.bus.subscribe(FLOW_EVENTS, None, every)
    sent = [flow_item(project), {**flow_item(project, "flow.published"), "deleted": True}]
    for item in [*sent, flow_item(uuid7())]:
        await deployment.publish(FLOW_EVENTS, item["projectId"], [item])
    await deployment.settled()
    end()
    # Two flows have no order between them.
    assert sorted(heard.items, key=lambda item: item["id"]) == sorted(sent, key=lambda item: item["id"])
    assert len([item for item in every.items if item["projectId"] == project]) == 2


async def test_notices_of_a_project_come_in_order_whatever_they_are_of(deployment: Any) -> None:
    project = uuid7()
    heard = Heard()
    deployment.bus.subscribe(EXECUTION_NOTICES, project, heard)
    sent: list[dict[str, Any]] = []
    for place in range(40):
        item = notice(project, sent[-1]["id"] if sent else None)
        if place % 5 == 0:
            item["type"] = "flow.updated"
            del item["executionId"]
        sent.append(item)
        await deployment.publish(EXECUTION_NOTICES, project, [item])
    await deployment.settled()
    assert heard.items == sent


async def test_every_text_arrives_as_it_was_sent(deployment: Any) -> None:
    execution = uuid7()
    heard = Heard()
    deployment.bus.subscribe(EXECUTION_EVENTS, execution, heard)
    sent = [
        BusEvent(uuid7(), place + 1, body)
        for place, body in enumerate(("é€😀", "x" * 63, "x" * 64, "x" * 8_192, "y" * 3_000_000))
    ]
    await deployment.publish(EXECUTION_EVENTS, execution, sent)
    await deployment.settled()
    assert heard.items == sent


async def test_a_bus_that_answers_says_so(deployment: Any) -> None:
    assert deployment.bus.healthy
    end = deployment.bus.on_change(lambda: None)
    end()
    end()
