"""Versions from the registry: asked for once, and never older than the last thing heard of the flow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from triggerflow_chassis.errors import Invalid, NoVersion, Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.transport.registry_client import FreshBlueprints, NamedBlueprints, RegistryBlueprints

PROJECT = LOCAL.project_id


@pytest.fixture
async def blueprints(served: Any) -> AsyncIterator[RegistryBlueprints]:
    client = RegistryBlueprints(served.channel, served.bus)
    yield client
    client.close()


@pytest.fixture
def flow(served: Any, draw: Any) -> str:
    flow_id = str(served.registry.add("Shown name"))
    served.registry.publish(flow_id, draw())
    return flow_id


async def test_a_version_comes_with_its_blueprint_and_the_flows_name(
    served: Any, blueprints: RegistryBlueprints, flow: str
) -> None:
    version = await blueprints.get_version(flow, None, PROJECT)
    assert (version.flow_id, version.flow_name, version.version, version.content_hash) == (
        flow,
        "Shown name",
        "1",
        "hash-1",
    )
    assert version.blueprint["name"] == "Published name"
    assert [node["name"] for node in version.blueprint["nodes"]] == ["start", "report"]
    assert version.blueprint["edges"][0]["target"]["port"] == "input"


async def test_the_registry_is_asked_once_however_many_ask_at_once(
    served: Any, blueprints: RegistryBlueprints, flow: str
) -> None:
    served.registry.gate.clear()
    calls = [asyncio.ensure_future(blueprints.get_version(flow, None, PROJECT)) for _ in range(20)]
    await served.registry.asked.reach(2)
    served.registry.gate.set()
    found = await asyncio.gather(*calls)
    found.append(await blueprints.get_version(flow, None, PROJECT))
    assert {version.version for version in found} == {"1"}
    assert sorted(served.registry.asked.items) == [("flow", flow), ("version", flow, "")]


async def test_one_that_hangs_up_does_not_fail_the_others(
    served: Any, blueprints: RegistryBlueprints, flow: str
) -> None:
    served.registry.gate.clear()
    first = asyncio.ensure_future(blueprints.get_version(flow, None, PROJECT))
    second = asyncio.ensure_future(blueprints.get_version(flow, None, PROJECT))
    await served.registry.asked.reach(2)
    first.cancel()
    served.registry.gate.set()
    assert (await second).version == "1"


async def test_a_publish_is_seen_by_the_next_who_asks(
    served: Any, blueprints: RegistryBlueprints, flow: str, draw: Any
) -> None:
    await blueprints.get_version(flow, None, PROJECT)
    await blueprints.get_version(flow, "1", PROJECT)
    served.registry.publish(flow, draw())
    assert (await blueprints.get_version(flow, None, PROJECT)).version == "2"
    assert (await blueprints.get_version(flow, "1", PROJECT)).version == "1"
    assert served.registry.asked.items.count(("version", flow, "1")) == 1


async def test_an_answer_under_way_at_a_publish_is_not_given_to_who_asks_after_it(
    served: Any, blueprints: RegistryBlueprints, flow: str, draw: Any
) -> None:
    served.registry.gate.clear()
    before = asyncio.ensure_future(blueprints.get_version(flow, None, PROJECT))
    await served.registry.asked.reach(2)
    served.registry.publish(flow, draw())
    after = asyncio.ensure_future(blueprints.get_version(flow, None, PROJECT))
    await served.registry.asked.reach(4)
    served.registry.gate.set()
    assert [(await before).version, (await after).version] == ["1", "2"]
    assert (await blueprints.get_version(flow, None, PROJECT)).version == "2"


async def test_a_new_name_is_seen_without_a_new_version(served: Any, blueprints: RegistryBlueprints, flow: str) -> None:
    await blueprints.get_version(flow, "1", PROJECT)
    served.registry.rename(flow, "Other name")
    assert (await blueprints.get_version(flow, "1", PROJECT)).flow_name == "Other name"
    assert served.registry.asked.items.count(("version", flow, "1")) == 1


async def test_a_deleted_flow_is_gone_with_its_versions(served: Any, blueprints: RegistryBlueprints, flow: str) -> None:
    await blueprints.get_version(flow, None, PROJECT)
    await blueprints.get_version(flow, "1", PROJECT)
    served.registry.delete(flow)
    for version in (None, "1"):
        with pytest.raises(Invalid) as caught:
            await blueprints.get_version(flow, version, PROJECT)
        assert [violation.pointer for violation in caught.value.violations] == ["/flowId"]


async def test_what_is_not_there_is_told_at_its_member_and_not_kept(
    served: Any, blueprints: RegistryBlueprints, flow: str, draw: Any
) -> None:
    for version in ("2", "", "one"):
        with pytest.raises(Invalid) as caught:
            await blueprints.get_version(flow, version, PROJECT)
        assert [violation.pointer for violation in caught.value.violations] == ["/blueprintVersion"]
    unknown = uuid7()
    with pytest.raises(Invalid) as caught:
        await blueprints.get_version(unknown, "1", PROJECT)
    assert [violation.pointer for violation in caught.value.violations] == ["/flowId"]
    served.registry.add(flow_id=unknown)
    with pytest.raises(NoVersion):
        await blueprints.get_version(unknown, None, PROJECT)
    served.registry.publish(unknown, draw())
    assert (await blueprints.get_version(unknown, None, PROJECT)).version == "1"


async def test_a_registry_that_cannot_be_reached_is_unavailable(served: Any, tmp_path: Any) -> None:
    async with open_channel(f"unix:{tmp_path / 'nobody'}", None) as channel:
        client = RegistryBlueprints(channel, served.bus)
        with pytest.raises(Unavailable):
            await client.get_version(uuid7(), None, PROJECT)
        client.close()


async def test_in_the_mesh_a_publish_or_a_new_name_is_seen_without_a_word_from_the_bus(
    served: Any, flow: str, draw: Any
) -> None:
    fresh = FreshBlueprints(served.channel)
    assert (await fresh.get_version(flow, None, PROJECT)).version == "1"
    served.registry.publish(flow, draw())
    served.registry.rename(flow, "Other name")
    found = await fresh.get_version(flow, None, PROJECT)
    assert (found.version, found.flow_name) == ("2", "Other name")
    assert (await fresh.get_version(flow, "1", PROJECT)).flow_name == "Other name"
    # Each blueprint was read once, for it never changes.
    assert [item for item in served.registry.asked.items if item[0] == "version"] == [
        ("version", flow, "1"),
        ("version", flow, "2"),
    ]
    served.registry.delete(flow)
    for version in (None, "1"):
        with pytest.raises(Invalid):
            await fresh.get_version(flow, version, PROJECT)


async def test_in_the_mesh_an_answer_under_way_at_a_publish_is_given_to_nobody_who_asks_after_it(
    served: Any, flow: str, draw: Any
) -> None:
    fresh = FreshBlueprints(served.channel)
    served.registry.gate.clear()
    before = asyncio.ensure_future(fresh.get_version(flow, None, PROJECT))
    await served.registry.asked.reach(1)
    served.registry.publish(flow, draw())
    after = asyncio.ensure_future(fresh.get_version(flow, None, PROJECT))
    await served.registry.asked.reach(2)
    served.registry.gate.set()
    assert [(await before).version, (await after).version] == ["1", "2"]


async def test_in_the_mesh_a_registry_of_first_light_is_asked_the_longer_way(served: Any, flow: str, draw: Any) -> None:
    served.registry.answers_run_versions = False
    fresh = FreshBlueprints(served.channel)
    assert (await fresh.get_version(flow, None, PROJECT)).flow_name == "Shown name"
    served.registry.publish(flow, draw())
    assert (await fresh.get_version(flow, None, PROJECT)).version == "2"


@pytest.mark.parametrize("kind", [FreshBlueprints, NamedBlueprints])
async def test_in_the_mesh_too_what_is_not_there_is_told_at_its_member(served: Any, flow: str, kind: Any) -> None:
    client = kind(served.channel)
    for version in ("2", "", "one"):
        with pytest.raises(Invalid) as caught:
            await client.get_version(flow, version, PROJECT)
        assert [violation.pointer for violation in caught.value.violations] == ["/blueprintVersion"]
    with pytest.raises(Invalid) as caught:
        await client.get_version(uuid7(), "1", PROJECT)
    assert [violation.pointer for violation in caught.value.violations] == ["/flowId"]


async def test_a_worker_asks_once_for_a_version_and_never_for_the_name(served: Any, flow: str) -> None:
    named = NamedBlueprints(served.channel)
    found = await asyncio.gather(*(named.get_version(flow, "1", PROJECT) for _ in range(20)))
    assert {version.flow_name for version in found} == {"Published name"}
    await named.get_version(flow, "1", PROJECT)
    assert served.registry.asked.items == [("version", flow, "1")]
