"""A topic starts runs through a real Apache Kafka: each record once, whatever dies; none too odd, none in the way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from drawing import Drawing
from kafka_broker import Broker
from running_product import Product, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

# A deadline of a busy machine: each wait ends as soon as what it waits for is there.
SECONDS = 180.0


@pytest.fixture
def product(tmp_path: Path, kafka_broker: Broker) -> Iterator[Product]:
    product = Product(tmp_path / "home", {"KAFKA_BOOTSTRAP": kafka_broker.bootstrap})
    yield product.start()
    product.stop()


class Topic:
    """A topic of the test's own."""

    def __init__(self, broker: Broker) -> None:
        self.name = f"orders-{uuid.uuid4()}"
        self._config = {"bootstrap.servers": broker.bootstrap}
        self._producer = Producer({**self._config, "acks": "all"})

    def make(self, partitions: int = 3) -> None:
        admin = AdminClient(self._config)
        for future in admin.create_topics([NewTopic(self.name, partitions, 1)]).values():
            future.result(SECONDS)

    def say(self, *values: Any, key: str | None = None, headers: Any = None) -> None:
        for value in values:
            text = value if isinstance(value, bytes) else json.dumps(value).encode()
            self._producer.produce(self.name, text, key, headers=headers)
        assert self._producer.flush(SECONDS) == 0


@pytest.fixture
def topic(kafka_broker: Broker) -> Topic:
    return Topic(kafka_broker)


def publish(client: httpx.Client, topic: Topic, **config: Any) -> tuple[str, str]:
    """The flow's id and its trigger's."""
    drawing = Drawing("Topic")
    drawing.node("trigger", "heard", "kafka:topic", config={"topic": topic.name, **config})
    drawing.node("output", "result")
    drawing.wire("heard", "result")
    flow = client.post("/flows", json=drawing.body()).raise_for_status().json()
    assert flow["problems"] == []
    client.post(f"/flows/{flow['id']}/versions").raise_for_status()
    return str(flow["id"]), drawing.ids["heard"]


def runs(client: httpx.Client, flow: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = None
    while True:
        asked = {"flowId": flow, "pageSize": 250, **({"pageToken": token} if token else {})}
        page = client.get("/executions", params=asked).json()
        found += page["items"]
        token = page["nextPageToken"]
        if token is None:
            return found


def values(client: httpx.Client, flow: str) -> list[Any]:
    return [run["inputs"]["value"] for run in runs(client, flow)]


def until(client: httpx.Client, flow: str, count: int) -> list[dict[str, Any]]:
    def enough() -> Any:
        found = runs(client, flow)
        return found if len(found) >= count else None

    found: list[dict[str, Any]] = wait_for(enough, seconds=SECONDS, what=f"{count} runs")
    return found


def test_each_record_starts_a_run_and_odd_ones_stand_in_nobodys_way(product: Product, topic: Topic) -> None:
    topic.make(1)
    with product.client() as client:
        flow, _ = publish(client, topic)
        topic.say({"n": 0}, key="k", headers=[("kind", b"new")])
        odd = [b"no json", b"\xff\xfe", b'{"deep":' + b"[" * 200, b'"nul\\u0000"', b"12345678901234567890", b""]
        topic.say(*odd, {"$value": "mine"}, "last")
        found = wait_for(
            lambda: (seen := runs(client, flow)) and any(run["inputs"]["value"] == "last" for run in seen) and seen,
            seconds=SECONDS,
            what="the last record",
        )
        first = min(found, key=lambda run: run["inputs"]["offset"])["inputs"]
        assert (first["value"], first["key"], first["headers"], first["topic"]) == (
            {"n": 0}, "k", {"kind": "new"}, topic.name,
        )  # fmt: skip
        heard = [run["inputs"]["value"] for run in sorted(found, key=lambda run: run["inputs"]["offset"])]
        assert "no json" in heard and {"base64": "//4="} in heard and heard[-1] == "last"
        offsets = [run["inputs"]["offset"] for run in found]
        assert len(offsets) == len(set(offsets))


def test_through_kills_nothing_is_lost_and_nothing_comes_twice(product: Product, topic: Topic) -> None:
    with product.client() as client:
        flow, _ = publish(client, topic)
    topic.make(3)
    topic.say(*range(60))
    with product.client() as client:
        until(client, flow, 10)
    product.kill()
    topic.say(*range(60, 120))
    product.start()
    with product.client() as client:
        until(client, flow, 70)
    product.kill()
    product.start()
    with product.client() as client:
        until(client, flow, 120)
        assert sorted(values(client, flow)) == list(range(120))


def test_a_record_over_the_limits_is_dropped_with_the_reason_and_the_next_follows(
    product: Product, topic: Topic
) -> None:
    with product.client() as client:
        flow, node = publish(client, topic, limits={"rateLimit": {"count": 2, "seconds": 3600}})
        topic.make(1)
        topic.say(*range(5))

        def dropped() -> Any:
            path = f"/flows/{flow}/nodes/{node}/fires"
            found = client.get(path, params={"status": "missed"}).raise_for_status().json()["items"]
            return found if len(found) >= 3 else None

        reasons = {each["reason"] for each in wait_for(dropped, seconds=SECONDS, what="three that are dropped")}
        assert reasons == {"rate limit: 2 starts within 3600 s"}
        assert sorted(values(client, flow)) == [0, 1]
