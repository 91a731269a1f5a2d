"""Versions over gRPC: published once, immutable, counted up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.errors import BadCursor, BadParameter, HasProblems, Invalid, NotFound, NoVersion
from triggerflow_chassis.wire import flow as wire

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)

NOWHERE = "00000000-0000-7000-8000-00000000dead"


async def versions(caller: Any, flow_id: str, **rest: Any) -> Any:
    return await caller.ask(caller.stub.ListVersions(pb.ListVersionsRequest(flow_id=flow_id, **rest)))


async def test_a_published_draft_is_a_version_that_never_changes(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain("First name"))
    published = await caller.publish(made.id, "the first")
    assert (published.version.version, published.version.message, published.created) == ("1", "the first", True)
    assert not published.version.HasField("blueprint")
    await caller.update(made.id, {"name": "Second name"}, "*")
    version = await caller.version(made.id, "1")
    shown = wire.version_to_json(version)
    assert shown["flow"]["name"] == "First name"
    drawn = wire.flow_to_json(made)
    assert {key: shown["flow"][key] for key in ("nodes", "edges", "channels", "settings")} == {
        key: drawn[key] for key in ("nodes", "edges", "channels", "settings")
    }
    assert shown["contentHash"] == published.version.content_hash


async def test_publishing_moves_no_tag(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    await caller.publish(made.id)
    after = await caller.get(made.id)
    assert (after.etag, after.updated_at, after.latest_version) == (made.etag, made.updated_at, "1")


async def test_a_draft_that_says_the_same_is_not_published_again(caller: Any, house: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    first = await caller.publish(made.id, "one")
    body = pencil.chain("Renamed") | {"description": "moved and renamed"}
    body["nodes"].reverse()
    body["nodes"][1] |= {"name": "Other", "position": {"x": 500, "y": 500}}
    await caller.update(made.id, body, "*")
    told = len(house.told)
    again = await caller.publish(made.id, "two")
    assert (again.version, again.created) == (first.version, False)
    assert len(house.told) == told


async def test_numbers_go_up_also_when_a_draft_goes_back(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    other = pencil.chain()
    other["edges"].pop()
    hashes = []
    for number, body in enumerate([pencil.chain(), other, pencil.chain()], start=1):
        await caller.update(made.id, body, "*")
        published = await caller.publish(made.id)
        assert (published.version.version, published.created) == (str(number), True)
        hashes.append(published.version.content_hash)
    assert hashes[0] == hashes[2] != hashes[1]
    assert (await caller.version(made.id)).version == "3"


async def test_many_at_once_publish_one_version(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    published = await asyncio.gather(*(caller.publish(made.id) for _ in range(8)))
    assert sorted(each.created for each in published) == [False] * 7 + [True]
    assert {each.version.version for each in published} == {"1"}


async def test_problems_refuse_publishing_and_warnings_do_not(caller: Any, pencil: Any) -> None:
    body = pencil.chain()
    body["nodes"].append(pencil.node(9))
    made = await caller.create(body)
    assert [each.reason for each in made.problems] == ["UNREACHABLE"]
    assert (await caller.publish(made.id)).created
    body["nodes"][1]["handlers"]["main"]["entrypoint"] = "slack:send"
    body["nodes"].append(pencil.node(10, "subflow"))
    changed = await caller.update(made.id, body, "*")
    refused = await caller.refusal(caller.publish(made.id))
    assert isinstance(refused, HasProblems)
    assert [each.pointer for each in refused.violations] == [
        "/nodes/1/handlers/main/entrypoint",
        "/nodes/4/handlers/main",
    ]
    assert {each.pointer for each in changed.problems if each.severity == 1} == {
        each.pointer for each in refused.violations
    }
    assert (await caller.get(made.id)).latest_version == "1"


async def test_what_is_not_there_is_told_apart(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    assert isinstance(await caller.refusal(caller.version(made.id)), NoVersion)
    unknown = await caller.refusal(caller.version(NOWHERE))
    assert isinstance(unknown, NotFound)
    assert unknown.resource == "flow"
    await caller.publish(made.id)
    for number in ("2", "0", "01", "-1", "x", "1.0", "9" * 30, "٣"):
        missing = await caller.refusal(caller.version(made.id, number))
        assert isinstance(missing, NotFound), number
        assert missing.resource == "version"
    assert isinstance(await caller.refusal(caller.publish(NOWHERE)), NotFound)
    assert isinstance(await caller.refusal(caller.publish(made.id, "a\0")), Invalid)


async def test_pages_hold_every_version_once_newest_first(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    for number in range(1, 12):
        await caller.update(made.id, pencil.chain() | {"settings": {"timeoutSeconds": number}}, "*")
        await caller.publish(made.id)
    seen: list[str] = []
    token = ""
    while not seen or token:
        page = await versions(caller, made.id, page_size=4, page_token=token)
        assert not any(version.HasField("blueprint") for version in page.versions)
        seen += [version.version for version in page.versions]
        token = page.next_page_token
    assert seen == [str(number) for number in range(11, 0, -1)]
    assert isinstance(await caller.refusal(versions(caller, NOWHERE)), NotFound)
    assert isinstance(await caller.refusal(versions(caller, made.id, page_size=300)), BadParameter)
    other = await caller.create(pencil.chain())
    token = (await versions(caller, made.id, page_size=1)).next_page_token
    assert isinstance(await caller.refusal(versions(caller, other.id, page_token=token)), BadCursor)


async def test_a_run_is_told_its_version_and_the_flows_name_of_now(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain("First name"))
    with pytest.raises(NoVersion):
        await run_version(caller, made.id)
    await caller.publish(made.id)
    await caller.update(made.id, pencil.chain("Second name") | {"settings": {"timeoutSeconds": 9}}, "*")
    assert await run_version(caller, made.id) == ("1", "Second name")
    await caller.publish(made.id)
    assert await run_version(caller, made.id) == ("2", "Second name")
    assert await run_version(caller, made.id, "1") == ("1", "Second name")
    for unknown in ("3", "0", "01", "one", "9" * 30):
        with pytest.raises(NotFound) as caught:
            await run_version(caller, made.id, unknown)
        assert caught.value.resource == "version"
    for version in ("", "1"):
        with pytest.raises(NotFound) as caught:
            await run_version(caller, NOWHERE, version)
        assert caught.value.resource == "flow"


async def run_version(caller: Any, flow_id: str, version: str = "") -> tuple[str, str]:
    answer = await caller.ask(caller.stub.GetRunVersion(pb.GetRunVersionRequest(flow_id=flow_id, version=version)))
    return answer.version, answer.flow_name
