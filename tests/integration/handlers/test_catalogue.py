"""The page of handlers. CONTRACT section 1, "Handler"."""

from __future__ import annotations

import uuid

import httpx
from triggerflow_chassis.schemas import violations

BUILT_IN = {"core:manual", "core:map", "core:condition", "core:parse", "http:request"}
PURE = {"core:map", "core:condition", "core:parse"}


def test_every_handler_is_described(client: httpx.Client) -> None:
    page = client.get("/handlers?pageSize=250").json()
    references = [item["reference"] for item in page["items"]]
    assert references == sorted(references) and page["nextPageToken"] is None
    assert set(references) >= BUILT_IN
    for item in page["items"]:
        assert set(item) == {"reference", "adapter", "node", "configSchema", "ui", "pure", "health"}
        whole = {**item["node"], "id": str(uuid.uuid4()), "position": {"x": 0, "y": 0}}
        assert not {"id", "position"} & set(item["node"])
        assert violations("node-metadata", whole) == []
        if item["reference"] in BUILT_IN:
            assert item["reference"].split(":")[0] == item["adapter"]
            assert item["pure"] is (item["reference"] in PURE)
            assert item["node"]["handlers"]["main"]["entrypoint"] == item["reference"]
    kinds = {item["reference"]: item["node"]["type"] for item in page["items"]}
    assert kinds["core:manual"] == "trigger" and kinds["core:condition"] == "condition"
    assert kinds["core:map"] == kinds["http:request"] == kinds["core:parse"] == "action"


def test_handlers_are_paged(client: httpx.Client) -> None:
    whole = client.get("/handlers").json()["items"]
    items, token = [], None
    while True:
        page = client.get("/handlers", params={"pageSize": 2, **({"pageToken": token} if token else {})}).json()
        items += page["items"]
        token = page["nextPageToken"]
        if token is None:
            break
    assert items == whole


def test_a_described_node_can_be_drawn_at_once(client: httpx.Client) -> None:
    for item in client.get("/handlers").json()["items"]:
        node = {**item["node"], "id": str(uuid.uuid4()), "position": {"x": 0, "y": 0}}
        assert client.post("/flows", json={"name": "drawn", "nodes": [node]}).status_code == 201, item
