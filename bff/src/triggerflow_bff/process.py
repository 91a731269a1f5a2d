"""What the BFF is told by the environment where it is a process of its own, behind the edge of the mesh or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from triggerflow_chassis.grpc.peers import read_peers
from triggerflow_chassis.settings import Reader, Secret

from triggerflow_bff.settings import BUILT_CANVAS, BffSettings

DEFAULT_HOME = Path("~/.local/share/triggerflow-canvas")
DEFAULT_ADDRESS = "127.0.0.1:8490"


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What `python -m triggerflow_bff` needs."""

    bff: BffSettings
    # Where it listens.
    host: str
    port: int
    # Where the services are reached, by name.
    peers: Mapping[str, str]
    log_level: str


def read_settings(environ: Mapping[str, str] | None = None) -> ProcessSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    address = reader.listening("BFF_ADDRESS", DEFAULT_ADDRESS)
    if address.startswith("unix:"):
        reader.problem("BFF_ADDRESS", "must be host:port: a browser opens no Unix socket")
    host, _, port = address.rpartition(":")
    edge = reader.text("EDGE")
    public = _public_port(reader, edge) if edge else port
    token = reader.secret("TOKEN")
    if token is None:
        reader.problem("TOKEN", "must be set: it is what programs sign in with, and what the services ask for")
    level = reader.level()
    home = reader.path("HOME", DEFAULT_HOME)
    peers = read_peers(reader, "registry", "orchestrator", "stream")
    canvas = reader.path("CANVAS", BUILT_CANVAS)
    reader.done()
    return ProcessSettings(
        # Links, cookies and the Host check are about the address that people see, the edge's. Whoever looks after this
        # process asks it at its own.
        bff=BffSettings(
            port=int(public),
            token=token or Secret(""),
            # Local mode on the same folder keeps its own.
            home=home / "mesh",
            canvas_dir=canvas,
            more_hosts=(f"127.0.0.1:{port}", f"localhost:{port}"),
        ),
        host=host.strip("[]"),
        port=int(port),
        peers=peers,
        log_level=level,
    )


def _public_port(reader: Reader, url: str) -> str:
    try:
        parts = urlsplit(url)
        port = str(parts.port or 80)
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost") or parts.path.strip("/"):
        reader.problem(
            "EDGE",
            f"must be http://127.0.0.1:port, not {url!r}: until sign-in exists, the edge is for this machine alone",
        )
    return port
