"""Run the BFF as a process of its own: `python -m triggerflow_bff`."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from contextlib import AsyncExitStack

import structlog
from triggerflow_chassis.grpc.peers import open_peers
from triggerflow_chassis.lifecycle import run_until_stopped
from triggerflow_chassis.logging import configure
from triggerflow_chassis.settings import SettingsError

from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.process import ProcessSettings, read_settings
from triggerflow_bff.server import Server

# The edge keeps connections for 30 s. This end must not be the one that closes: a request that is on its way then has
# nobody to answer it.
KEEP_ALIVE_SECONDS = 75

log = structlog.get_logger("triggerflow.bff")


async def serve(settings: ProcessSettings, stopped: asyncio.Event) -> None:
    """Until the event is set. Raises OSError where the address cannot be bound or the folder not be made."""
    home = settings.bff.home
    if home is not None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(_listen(settings.host, settings.port))
        channel = await stack.enter_async_context(open_peers(settings.peers, settings.bff.token.reveal()))
        server = Server(create_app(settings.bff, channel=channel), timeout_keep_alive=KEEP_ALIVE_SECONDS)
        await server.start(listening)
        stack.push_async_callback(server.stop)
        # Start-up made much and dropped little; what it made stays, so the collector need not walk it again.
        gc.freeze()
        log.info("bff_started", address=f"{settings.host}:{settings.port}", edge=settings.bff.url)
        await stopped.wait()
    log.info("bff_stopped")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # For connections of the last process that linger; a port that someone listens at stays taken.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2_048)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def main() -> int:
    """Exit with 0 after a clean stop, with 1 and a line for each reason where it cannot start."""
    # Sessions are their owner's alone.
    os.umask(0o077)
    try:
        settings = read_settings()
        configure(settings.log_level)
        run_until_stopped(lambda stopped: serve(settings, stopped))
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"TFCANVAS_BFF_ADDRESS or TFCANVAS_HOME cannot be used: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
