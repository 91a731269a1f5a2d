"""Apache Kafka in KRaft mode, one node that is broker and controller."""

from __future__ import annotations

import base64
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.free_port import free_port
from triggerflow_local.mesh.kafka import artefacts
from triggerflow_local.mesh.process import launched

_LOGGING = Path(artefacts.__file__).with_name("log4j2.properties")
# One node holds each partition alone. Fewer partitions of its own topics: each costs a start some milliseconds.
_ALONE = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is taken for alive for so long, and cannot be there again before.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # Whoever needs a topic makes it, with the partitions it needs.
    "auto.create.topics.enable": "false",
}


def server(
    folder: Path, port: int = 0, controller_port: int = 0, *, say: Callable[[str], None] = lambda _: None
) -> Component:
    """A broker whose data is in `folder`, at a port of 127.0.0.1; 0 takes a free one. `say` hears of a download."""
    port, controller_port = port or free_port(), controller_port or free_port()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings, data = folder / "server.properties", folder / "data"
    java = artefacts.java()
    library = artefacts.library(say)
    classes = ("-cp", f"{library}/*")

    def prepare() -> None:
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(data),
            **_ALONE,
        }
        settings.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), "utf-8")
        if not (data / "meta.properties").exists():
            _format(java, classes, settings)

    return Component(
        name="kafka",
        folder=folder,
        command=(
            *(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.net.preferIPv4Stack=true"),
            *(f"-Dlog4j2.configurationFile={_LOGGING}", *classes, "kafka.Kafka", str(settings)),
        ),
        ready=lambda: probe(f"127.0.0.1:{port}"),
        url=f"127.0.0.1:{port}",
        prepare=prepare,
        start_seconds=120.0,
    )


def _format(java: str, classes: tuple[str, ...], settings: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
    # A start in a hurry: half the time of the default compiler.
    tool = (java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *classes, "kafka.tools.StorageTool")
    done = subprocess.run(
        # With an equals sign: an id may begin with a dash.
        launched(
            (*tool, "format", f"--cluster-id={cluster}", "--config", str(settings), "--ignore-formatted"),
            end_signal=signal.SIGKILL,
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-1_500:]
        raise CannotStart(f"KAFKA_BOOTSTRAP: Kafka's folder {settings.parent} cannot be made ready: {said}")


def probe(bootstrap: str) -> None:
    """Raises NotReady unless one of the brokers of KAFKA_BOOTSTRAP tells of the cluster."""
    # Asked first, since the client below writes a line for each refusal.
    refused: OSError | None = None
    for broker in bootstrap.split(","):
        host, _, port = broker.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1.0).close()
            break
        except OSError as error:
            refused = error
    else:
        raise NotReady(str(refused))

    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": 2_000, "log_level": 0})
    try:
        if not client.list_topics(timeout=2.0).brokers:
            raise NotReady("no broker has joined the cluster yet")
    except KafkaException as error:
        raise NotReady(str(error)) from None
