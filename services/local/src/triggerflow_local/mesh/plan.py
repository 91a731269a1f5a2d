"""Decide what a mesh consists of: which processes, at which addresses, told what. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triggerflow_local.edge import EdgeSettings
from triggerflow_local.mesh.component import Component
from triggerflow_local.mesh.components import envoy, kafka, ours, postgres, seaweedfs, valkey
from triggerflow_local.mesh.free_port import free_port
from triggerflow_local.mesh.settings import MeshSettings

STREAMS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, in which order, and where it is then."""

    # Each group once the one before it is ready; within a group all at once.
    groups: Sequence[Sequence[Component]]
    # Envoy's.
    url: str
    grpc: str
    # Of what stands behind it, as run.json names them.
    addresses: Mapping[str, str]


def plan(settings: MeshSettings, folder: Path, token: str, *, say: Callable[[str], None] = lambda _: None) -> Plan:
    """The mesh of a folder. Ports are chosen here, so each process keeps its own however often it is started.

    Raises CannotStart where a server's parts are missing; `say` hears of what is fetched.
    """
    outside = settings.external
    servers: list[Component] = []
    addresses: dict[str, str] = {}

    def place(name: str, given: str | None, make: Callable[[], Component]) -> None:
        if given is None:
            servers.append(made := make())
            given = made.url
        addresses[name] = given

    place(
        "database",
        None if outside.database is None else outside.database.reveal(),
        lambda: postgres.server(folder / "postgres"),
    )
    place("redis", None if outside.redis is None else outside.redis.reveal(), lambda: valkey.server(folder / "valkey"))
    place("kafka", outside.kafka, lambda: kafka.server(folder / "kafka", say=say))
    place("s3", None if outside.s3 is None else outside.s3.reveal(), lambda: seaweedfs.server(folder / "seaweedfs"))

    names = ("registry", "orchestrator", *(f"stream-{number + 1}" for number in range(STREAMS)), "bff")
    at = {name: f"127.0.0.1:{free_port()}" for name in names}
    edge = EdgeSettings(
        http=f"127.0.0.1:{settings.port or free_port()}",
        grpc=f"127.0.0.1:{settings.grpc_port or free_port()}",
        admin_port=free_port(),
        bff=[at["bff"]],
        registry=[at["registry"]],
        orchestrator=[at["orchestrator"]],
        stream=[at[name] for name in names if name.startswith("stream-")],
        access_log=str(folder / "logs" / "access.log"),
    )
    environment = environment_of_ours(settings, token=token, edge=edge, addresses=addresses)
    processes = folder / "processes"
    services = [ours.service(name, processes, at[name], environment) for name in names if name != "bff"]
    front = [
        ours.bff(processes, at["bff"], environment),
        *(ours.worker(number + 1, processes, at["orchestrator"], environment) for number in range(settings.workers)),
    ]
    return Plan(
        groups=([*servers, envoy.server(folder / "envoy", edge)], services, front),
        url=f"http://{edge.http}",
        grpc=edge.grpc,
        addresses={**addresses, "admin": f"127.0.0.1:{edge.admin_port}", **at},
    )


def environment_of_ours(
    settings: MeshSettings, *, token: str, edge: EdgeSettings, addresses: Mapping[str, str]
) -> dict[str, str]:
    """What every process of ours is told, beside what the user set."""
    port = edge.http.rpartition(":")[2]
    own = f"127.0.0.1:{port},localhost:{port}"
    return {
        "TFCANVAS_HOME": str(settings.home),
        "TFCANVAS_TOKEN": token,
        "TFCANVAS_MESH_GRPC": edge.grpc,
        "TFCANVAS_EDGE": f"http://{edge.http}",
        "TFCANVAS_LOG_LEVEL": settings.log_level,
        # Its own address, for the data of the examples, as local mode.
        "TFCANVAS_HTTP_ALLOW": own if settings.http_allow is None else settings.http_allow,
        "DATABASE_URL": addresses["database"],
        "REDIS_URL": addresses["redis"],
        "KAFKA_BOOTSTRAP": addresses["kafka"],
        "S3_URL": addresses["s3"],
    }
