"""A real Apache Kafka of a test's own, on free ports: killed, stopped and started again by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

VERSION = "4.4.0"
_READY_SECONDS = 60.0

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>triggerflow</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""


def libraries() -> Path:
    """The folder of Kafka's jars, fetched once. Skips the test where there is no JDK or Maven."""
    if shutil.which("java") is None:
        pytest.skip("Kafka needs a JDK 17 (Debian: apt-get install openjdk-17-jre-headless maven)")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"triggerflow-kafka-{VERSION}"
    if not (cache / "complete").exists():
        if shutil.which("mvn") is None:
            pytest.skip("Kafka's artefacts need Maven (Debian: apt-get install maven)")
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "pom.xml").write_text(_POM)
        subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={cache / 'lib'}"],
            cwd=cache,
            check=True,
        )
        (cache / "complete").touch()
    return cache / "lib"


class Broker:
    """One broker in KRaft mode. Its data stays when it is killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._libraries = libraries()
        folder.mkdir(parents=True, exist_ok=True)
        self._port, controller = _free_ports(2)
        self.bootstrap = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "server.properties").write_text(
            "\n".join(
                (
                    "process.roles=broker,controller",
                    "node.id=1",
                    f"controller.quorum.voters=1@127.0.0.1:{controller}",
                    f"listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
                    f"advertised.listeners=PLAINTEXT://{self.bootstrap}",
                    "controller.listener.names=CONTROLLER",
                    f"log.dirs={folder / 'data'}",
                    "offsets.topic.replication.factor=1",
                    "offsets.topic.num.partitions=1",
                    "transaction.state.log.replication.factor=1",
                    "transaction.state.log.min.isr=1",
                    "auto.create.topics.enable=false",
                    "log.retention.check.interval.ms=1000",
                    "log.initial.task.delay.ms=1000",
                )
            )
        )
        self._run("kafka.tools.StorageTool", "format", "-t", "4puoI2glTVy8wNBSxAhBwQ", "-c", "server.properties")

    def start(self) -> None:
        """Start it, or again, and return once it answers."""
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", "server.properties"), cwd=self._folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _READY_SECONDS
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        while True:
            try:
                client.list_topics(timeout=1)
            except KafkaException:
                assert self._process.poll() is None, (self._folder / "broker.log").read_text()[-2_000:]
                assert time.monotonic() < deadline, "the broker does not answer"
            else:
                return

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: its connections stay and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """However it is now, it is gone."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def wipe(self) -> None:
        """Forget all records of a stopped broker, as somebody does who clears its disk."""
        shutil.rmtree(self._folder / "data")
        self._run("kafka.tools.StorageTool", "format", "-t", "4puoI2glTVy8wNBSxAhBwQ", "-c", "server.properties")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _run(self, *arguments: str) -> None:
        subprocess.run(self._command(*arguments), cwd=self._folder, check=True, capture_output=True)

    def _command(self, *arguments: str) -> list[str]:
        return ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{self._libraries}/*", *arguments]


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports
