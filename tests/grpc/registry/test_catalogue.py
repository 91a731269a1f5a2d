"""The handlers that installed adapters offer, and what they say of a draft."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.errors import BadCursor, Invalid
from triggerflow_chassis.wire import flow as wire


async def handlers(caller: Any, **rest: Any) -> Any:
    return await caller.ask(caller.stub.ListHandlers(pb.ListHandlersRequest(**rest)))


async def problems(caller: Any, body: Any) -> list[tuple[str, str]]:
    made = await caller.create(body)
    return [(each.reason, each.pointer) for each in made.problems]


async def test_handlers_come_by_reference_in_pages(caller: Any) -> None:
    everything = [each.reference for each in (await handlers(caller)).handlers]
    assert everything == sorted(everything)
    assert {"core:manual", "core:map", "core:condition", "core:parse", "http:request"} <= set(everything)
    seen: list[str] = []
    token = ""
    while not seen or token:
        page = await handlers(caller, page_size=2, page_token=token)
        seen += [each.reference for each in page.handlers]
        token = page.next_page_token
    assert seen == everything
    flows = pb.ListFlowsRequest(page_token=(await handlers(caller, page_size=1)).next_page_token)
    assert isinstance(await caller.refusal(caller.ask(caller.stub.ListFlows(flows))), BadCursor)


async def test_a_handler_is_a_node_complete_but_for_id_and_position(caller: Any, pencil: Any) -> None:
    for each in (await handlers(caller)).handlers:
        shown = wire.handler_to_json(each)
        assert "id" not in shown["node"]
        assert "position" not in shown["node"]
        assert shown["adapter"] == shown["reference"].partition(":")[0]
        assert shown["configSchema"]
        assert shown["health"]["status"] == "ok"
        await caller.create({"name": each.reference, "nodes": [pencil.node(1) | shown["node"]]})


async def test_a_condition_is_checked_by_its_adapter(caller: Any, pencil: Any) -> None:
    def flow(**config: Any) -> Any:
        main = {"entrypoint": "core:condition", "config": config}
        return {
            "name": "A",
            "nodes": [
                pencil.node(1, "trigger"),
                pencil.node(2, "condition", handlers={"main": main}),
                pencil.node(3, "output"),
            ],
            "edges": [pencil.edge(1, 1, 2), pencil.edge(2, 2, 3, out="true" if "expression" in config else "default")],
        }

    config = "/nodes/1/handlers/main/config"
    assert await problems(caller, flow(expression="input > 1")) == []
    assert await problems(caller, flow(cases=[{"port": "a", "when": "input > 1"}])) == []
    assert ("CONFIG_INVALID", f"{config}/expression") in await problems(caller, flow(expression="input >"))
    found = await problems(caller, flow(cases=[{"port": "in", "when": "true"}]))
    assert found
    assert {reason for reason, _ in found} == {"CONFIG_INVALID"}
    assert all(pointer.startswith(f"{config}/cases") for _, pointer in found)


async def test_a_broken_config_is_saved_and_told_where_it_is_broken(caller: Any, pencil: Any) -> None:
    body = pencil.chain()
    body["nodes"][1]["handlers"]["main"]["config"] = {"expression": "$eval('1')", "surplus": 1}
    found = await problems(caller, body)
    assert {reason for reason, _ in found} == {"CONFIG_INVALID"}
    assert {pointer for _, pointer in found} == {
        "/nodes/1/handlers/main/config/expression",
        "/nodes/1/handlers/main/config/surplus",
    }


async def test_the_environment_is_read_only_where_a_secret_belongs(caller: Any, pencil: Any) -> None:
    def flow(**config: Any) -> Any:
        body = pencil.chain()
        body["nodes"][1]["handlers"]["main"] = {
            "entrypoint": "http:request",
            "config": {"method": "GET", "url": "http://127.0.0.1/", **config},
        }
        return body

    assert await problems(caller, flow(headers={"Authorization": {"$env": "KEY", "prefix": "Bearer "}})) == []
    assert await problems(caller, flow(headers={"Accept": {"$env": "KEY"}})) == []
    found = await problems(caller, flow(url={"$env": "KEY"}))
    assert found == [("CONFIG_INVALID", "/nodes/1/handlers/main/config/url")]
    for value in ("Bearer x", {"$expr": "token"}):
        refused = await caller.refusal(caller.create(flow(headers={"x-api-key": value})))
        assert isinstance(refused, Invalid)
        assert [each.pointer for each in refused.violations] == ["/nodes/1/handlers/main/config/headers/x-api-key"]


@pytest.mark.parametrize("entrypoint", ["core:nothing", "nobody:here", "some.dotted.path"])
async def test_an_unknown_handler_is_saved_and_says_what_to_do(caller: Any, pencil: Any, entrypoint: str) -> None:
    body = pencil.chain()
    body["nodes"][1]["handlers"] = {"main": {"entrypoint": entrypoint}}
    made = await caller.create(body)
    (problem,) = made.problems
    assert (problem.reason, problem.pointer) == ("UNKNOWN_HANDLER", "/nodes/1/handlers/main/entrypoint")
    assert problem.node_id == pencil.id(2)
    assert problem.message.endswith(".")
