"""How much a watch may hold, how long it may be silent, and what the service needs as a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from triggerflow_chassis.grpc.peers import ADDRESSES, read_peers
from triggerflow_chassis.kafka.settings import KafkaSettings, read_kafka
from triggerflow_chassis.settings import Reader, Secret

# Without a bus that tells, the log is looked at this often instead.
POLLING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Bounds of watches. The defaults suit one process for one user."""

    # Events that wait for one slow reader; past it the reader gets them from history.
    mailbox_events: int = 2_048
    # Seconds without an event until a checkpoint is sent and the log is looked at again.
    idle_seconds: float = 15.0
    # Open watches of one principal. The BFF is one principal in local mode, and shares a watch among its readers.
    watches_per_principal: int = 4_096


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the stream service needs as a process of its own."""

    stream: StreamSettings
    # `host:port` of this machine or `unix:/path` to serve at.
    address: str
    # Where registry and orchestrator are reached, by name.
    peers: Mapping[str, str]
    # The bus of the deployment. None: there is none, and logs are looked at often.
    kafka: KafkaSettings | None
    # Whether callers reach this service and its peers at one address.
    behind_edge: bool
    # Asked of callers and shown to peers. None asks for none.
    token: Secret | None
    log_level: str


def read_settings(environ: Mapping[str, str] | None = None) -> ServerSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    kafka = read_kafka(reader)
    settings = ServerSettings(
        stream=StreamSettings() if kafka is not None else StreamSettings(idle_seconds=POLLING_SECONDS),
        address=reader.listening("STREAM_ADDRESS", ADDRESSES["stream"]),
        peers=read_peers(reader, "orchestrator", "registry"),
        kafka=kafka,
        behind_edge=bool(reader.text("MESH_GRPC")),
        token=reader.secret("TOKEN"),
        log_level=reader.level(),
    )
    reader.done()
    return settings
