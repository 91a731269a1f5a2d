"""Put the BFF together: clients, sign-in, routes. The one place that knows all of them."""

from __future__ import annotations

import grpc.aio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from triggerflow_chassis import tracing
from triggerflow_chassis.errors import NotFound

from triggerflow_bff import problems
from triggerflow_bff.clients.health import HealthClient
from triggerflow_bff.clients.hooks import HookClient
from triggerflow_bff.clients.interventions import InterventionClient
from triggerflow_bff.clients.orchestrator import OrchestratorClient
from triggerflow_bff.clients.registry import RegistryClient
from triggerflow_bff.clients.rerun import RerunClient
from triggerflow_bff.clients.schedules import SchedulesClient
from triggerflow_bff.clients.stream import StreamClient
from triggerflow_bff.gate import Gate
from triggerflow_bff.live.feeds import Feeds
from triggerflow_bff.live.websocket import EventSocket, refuse_upgrade
from triggerflow_bff.parts import Parts
from triggerflow_bff.routes import ROUTES
from triggerflow_bff.sessions.sign_in import SignIn
from triggerflow_bff.settings import BffSettings
from triggerflow_bff.static import StaticFiles
from triggerflow_bff.table import route


def create_app(settings: BffSettings, *, channel: grpc.aio.Channel) -> Starlette:
    """The application over a channel of `triggerflow_chassis.grpc.client.open_channel`, which stays the caller's.

    `app.state.sign_in.mint()` gives a one-time code and `.link()` a whole address; `app.state.drain()` ends every live
    reader, which has to happen before the server waits for its connections (`triggerflow_bff.server.Server` does).
    """
    orchestrator = OrchestratorClient(channel, settings.limits)
    stream = StreamClient(channel, settings.limits)
    parts = Parts(
        settings=settings,
        registry=RegistryClient(channel, settings.limits),
        orchestrator=orchestrator,
        rerun=RerunClient(channel, settings.limits),
        interventions=InterventionClient(channel, settings.limits),
        schedules=SchedulesClient(channel, settings.limits),
        stream=stream,
        hooks=HookClient(channel, settings.limits),
        health=HealthClient(channel),
        feeds=Feeds(orchestrator, stream, settings.limits),
        sign_in=SignIn(settings),
        files=StaticFiles(settings.canvas_dir, settings.hosts),
    )
    routes: list[Route | WebSocketRoute] = [route(resource, parts) for resource in ROUTES]
    routes += [WebSocketRoute(resource.path, EventSocket(parts)) for resource in ROUTES if resource.websocket]
    open_paths = [resource.path for resource in ROUTES if resource.open]
    gate = Middleware(Gate, settings=settings, sign_in=parts.sign_in, open_paths=open_paths)
    app = Starlette(routes=routes, middleware=[gate])
    # A slash too many is another path, and so is a 404.
    app.router.redirect_slashes = False
    app.router.default = _nothing_here
    app.state.sign_in = parts.sign_in
    app.state.feeds = parts.feeds
    app.state.drain = parts.closing.close
    return app


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    error = NotFound("path", scope["path"][:200], "There is nothing at this path.")
    if scope["type"] == "websocket":
        await refuse_upgrade(error, scope, receive, send)
    else:
        await problems.answer(error, tracing.current())(scope, receive, send)
