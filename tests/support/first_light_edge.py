"""The BFF and the stream service of First light as one process: `python first_light_edge.py`, on its sources.

That release had no such process: both lived with the services. Only what it had is imported here.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.server import Server
from triggerflow_bff.settings import BffSettings
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.settings import Secret
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings


class ByService:
    """A channel to each service, by the second word of a method's package."""

    def __init__(self, channels: dict[str, Any]) -> None:
        self._channels = channels

    def __getattr__(self, kind: str) -> Any:
        def make(method: str, *args: Any, **named: Any) -> Any:
            calls = {name: getattr(each, kind)(method, *args, **named) for name, each in self._channels.items()}
            called = method.split(".")[1]
            # Health is every service's; the request says whose is asked.
            return calls.get(called) or (lambda request, **more: calls[request.service.split(".")[1]](request, **more))

        return make


async def serve() -> None:
    token = os.environ["TFCANVAS_TOKEN"]
    port = int(os.environ["TFCANVAS_BFF_ADDRESS"].rpartition(":")[2])
    home = Path(os.environ["TFCANVAS_HOME"])
    async with AsyncExitStack() as stack:
        channels = {}
        for name in ("registry", "orchestrator", "stream"):
            address = os.environ[f"TFCANVAS_{name.upper()}_ADDRESS"]
            channels[name] = await stack.enter_async_context(open_channel(address, token))
        channel: Any = ByService(channels)
        # The log is looked at often: nobody tells this process of events.
        settings = StreamSettings(idle_seconds=0.2)
        stream = await stack.enter_async_context(open_stream(settings, channel=channel, bus=InProcessBus()))
        address = os.environ["TFCANVAS_STREAM_ADDRESS"]
        await stack.enter_async_context(open_server(addresses=[address], register=[stream.register], token=token))
        bff = BffSettings(port=port, token=Secret(token), home=home / "edge", canvas_dir=home)
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        # Until SIGTERM: uvicorn listens to that itself.
        await Server(create_app(bff, channel=channel)).serve(sockets=[listening])


asyncio.run(serve())
