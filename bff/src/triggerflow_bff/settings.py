"""What the BFF can be told from outside. Frozen; made once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triggerflow_chassis.settings import Secret

MAX_BODY_BYTES = 8_388_608
# The built canvas beside the sources; where it is not built, a page says how to build it.
BUILT_CANVAS = Path(__file__).resolve().parents[3] / "canvas-web" / "dist"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one caller may take. Times are in seconds."""

    body_bytes: int = MAX_BODY_BYTES
    # A body may pause for so long, and may take so long in all: a form with a large file over a slow line does.
    body_pause_seconds: float = 20.0
    body_seconds: float = 300.0
    # A live reader may fall behind by this much before it is dropped and has to resume by cursor.
    queued_events: int = 2_048
    queued_bytes: int = 4 * 1024 * 1024
    # Live readers (WebSocket and SSE) of one process.
    watchers: int = 4_096
    # Of them, those nobody signed in for: streams of chats, which may not take the place of all others.
    strangers: int = 1_024
    # A reader of history may be as far behind as it likes, but not take nothing at all for so long.
    stall_seconds: float = 5.0
    # A feed that lost its upstream tries for so long to take it up again before its readers are told.
    resume_seconds: float = 10.0
    # An upstream that says nothing for so long is lost; it sends checkpoints oftener.
    silent_seconds: float = 45.0
    # How long a dropped reader gets to take its close frame before the connection is cut.
    close_seconds: float = 60.0
    sse_comment_seconds: float = 15.0
    read_seconds: float = 15.0
    write_seconds: float = 30.0
    # A synchronous run is answered with 202 after this long.
    wait_seconds: int = 30


@dataclass(frozen=True, slots=True)
class BffSettings:
    """Where the BFF is reached, who may sign in, and what it serves as static files."""

    port: int
    # Of the bearer header. The composition root reads or makes $TFCANVAS_HOME/token.
    token: Secret
    # Sessions are kept here, hashed, so that a restart keeps browsers signed in. None keeps them in memory only.
    home: Path | None = None
    # The built canvas. Where it has no index.html, a page says how to build it.
    canvas_dir: Path | None = None
    # Other addresses this is reached at, such as the edge's in the mesh: "host:port".
    more_hosts: tuple[str, ...] = ()
    scheme: str = "http"
    limits: Limits = Limits()

    @property
    def hosts(self) -> frozenset[str]:
        """The values of the Host header that are ours, in lower case."""
        own = {f"127.0.0.1:{self.port}", f"localhost:{self.port}", *(host.lower() for host in self.more_hosts)}
        # A client leaves the port out where it is the scheme's own.
        default_port = ":80" if self.scheme == "http" else ":443"
        return frozenset(own | {host.removesuffix(default_port) for host in own})

    @property
    def origins(self) -> frozenset[str]:
        """The values of the Origin header that are ours."""
        return frozenset(f"{self.scheme}://{host}" for host in self.hosts)

    @property
    def url(self) -> str:
        """The address to show people, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.port}"
