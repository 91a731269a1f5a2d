"""A topic that two orchestrators read as one group: each record starts one run, whatever becomes of either of them."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from drawing import Drawing
from replica_mesh import ReplicaMesh
from running_product import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

PARTITIONS = 3
SECONDS = 180.0


class Speaker:
    """Says numbers to a topic, each partition in turn, until it is stopped."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.topic = f"replicas-{uuid.uuid4()}"
        self.said = 0
        self._producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)

    def start(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for future in admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)]).values():
            future.result(SECONDS)
        self._thread.start()

    def _speak(self) -> None:
        while not self._enough.wait(0.05):
            self._producer.produce(self.topic, json.dumps(self.said).encode(), partition=self.said % PARTITIONS)
            assert self._producer.flush(SECONDS) == 0
            self.said += 1

    def stop(self) -> int:
        """How many it said."""
        self._enough.set()
        self._thread.join(SECONDS)
        return self.said

    def committed(self, group: str) -> list[int]:
        """How far the group is, by partition."""
        client = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            places = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            return [place.offset for place in client.committed(places, timeout=30)]
        finally:
            client.close()


def test_each_record_starts_one_run_though_members_die_and_stand_still(mesh: ReplicaMesh) -> None:
    speaker, group = Speaker(mesh.broker.bootstrap), f"group-{uuid.uuid4()}"
    drawing = Drawing("topic")
    drawing.node("trigger", "heard", "kafka:topic", config={"topic": speaker.topic, "group": group})
    drawing.node("output", "result")
    drawing.wire("heard", "result")
    flow = mesh.publish(drawing.body())[0]

    def heard() -> list[int]:
        return [each["value"] for each in mesh.inputs_of(flow)]

    def hears_what_is_said_now() -> None:
        """Of each partition a record that is said from now on."""
        now = speaker.said
        said = lambda: {value % PARTITIONS for value in heard() if value > now}  # noqa: E731
        wait_for(lambda: len(said()) == PARTITIONS, seconds=SECONDS, what="records of all partitions")

    speaker.start()
    try:
        hears_what_is_said_now()
        for name in ("one", "two"):
            mesh.replicas[name].kill()
            hears_what_is_said_now()
            mesh.await_replicas()
            hears_what_is_said_now()
        for name in ("two", "one"):
            # Until the group has done without it: its partitions are given away once its session is over.
            mesh.replicas[name].pause()
            try:
                hears_what_is_said_now()
            finally:
                mesh.replicas[name].go_on()
            hears_what_is_said_now()
        # Both at once, with what they had taken and not committed.
        for process in mesh.replicas.values():
            process.kill()
        mesh.await_replicas()
        hears_what_is_said_now()
    finally:
        said = speaker.stop()
    wait_for(lambda: len(heard()) >= said, seconds=SECONDS, what=f"{said} runs")
    wait_for(lambda: sum(speaker.committed(group)) == said, seconds=SECONDS, what="the last commit")
    assert sorted(heard()) == list(range(said))
    records = Counter((each["partition"], each["offset"]) for each in mesh.inputs_of(flow))
    assert len(records) == said and set(records.values()) == {1}
    wait_for(
        lambda: (
            {row["status"] for row in mesh.rows("SELECT status FROM {s}.executions WHERE flow_id = $1", flow)}
            == {"succeeded"}
        ),
        seconds=SECONDS,
        what="the end of all runs",
    )
