"""`tfcanvas flow copy`: move flows from one server to another, drafts and all versions, as often as one likes."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import Any, get_args

import typer

from triggerflow_local.api import Api, ApiError, NothingRuns, Which, address_of
from triggerflow_local.commands.session import fail
from triggerflow_local.home import Home
from triggerflow_local.settings import read_settings

_DRAWN = ("name", "description", "nodes", "edges", "channels", "settings")


@dataclass
class Copy:
    """What is known of a flow that was copied: its other id, its newest version here, its draft's tag there."""

    flow: str
    version: int
    etag: str


def copy(source: str, target: str) -> None:
    """Copy every flow. Ends with 1 where one could not be."""
    if source == target:
        fail(f"--from and --to are both {source}.")
    home = Home(read_settings().home)
    failed = 0
    try:
        here, there = _server(home, source, "TFCANVAS_FROM_TOKEN"), _server(home, target, "TFCANVAS_TO_TOKEN")
        if here.url == there.url:
            fail(f"--from {source} and --to {target} are the same server, {here.url}.")
        memory = _Memory(home, here, there)
        # Oldest first, so that the lists of both are in the same order.
        for flow in reversed(list(here.items("/flows"))):
            try:
                typer.echo(f"{flow['name']}: {_Copier(here, there, memory, flow['id']).copy()}")
            except ApiError as error:
                failed += 1
                typer.echo(f"{flow['name']}: not copied further: {error}", err=True)
    except (NothingRuns, ApiError) as error:
        fail(str(error))
    typer.echo("Runs are not copied; neither are credentials and settings, which are the environment's.")
    if failed:
        fail(f"{failed} of the flows could not be copied whole. Run the same command again once the reason is gone.")


class _Copier:
    """One flow."""

    def __init__(self, here: Api, there: Api, memory: _Memory, flow_id: str) -> None:
        self._here = here
        self._there = there
        self._memory = memory
        self._id = flow_id

    def copy(self) -> str:
        """Copy what is not there yet; in a few words, what that was."""
        draft = self._here.get(f"/flows/{self._id}")
        known = self._memory.known.get(self._id)
        if known is not None and (etag := self._etag(known.flow)) is None:
            # Deleted there, or the server was made empty.
            known = None
        elif known is not None and etag != known.etag:
            return f"{known.flow} was changed since it was copied, and is left as it is"
        made = known is None
        if known is None:
            known = self._memory.known[self._id] = self._make(draft["name"])
        versions = [each for each in self._versions() if int(each) > known.version]
        for version in versions:
            self._publish(known, version)
        moved = self._draw(known, draft)
        did = [f"version {', '.join(versions)}"] if versions else []
        did += ["the draft"] if moved or made else []
        return f"{known.flow} has {' and '.join(did)} now" if did else f"{known.flow} is as here already"

    def _make(self, name: str) -> Copy:
        # By the same key a try that was cut off, or forgotten, is taken up: no second flow is made.
        key = hashlib.sha256(f"{self._id} {name}".encode()).hexdigest()[:32]
        answer = self._there.call("POST", "/flows", {"name": name}, headers={"Idempotency-Key": f"copy-{key}"})
        flow_id = str(answer.json()["id"])
        return Copy(flow_id, self._newest_in_both(flow_id), self._etag(flow_id) or answer.headers["etag"])

    def _newest_in_both(self, flow_id: str) -> int:
        newest = 0
        for ours, theirs in zip(self._hashes(self._here, self._id), self._hashes(self._there, flow_id), strict=False):
            if ours[1] != theirs[1]:
                break
            newest = ours[0]
        return newest

    @staticmethod
    def _hashes(api: Api, flow_id: str) -> list[tuple[int, str]]:
        return sorted((int(each["version"]), each["contentHash"]) for each in api.items(f"/flows/{flow_id}/versions"))

    def _versions(self) -> list[str]:
        return sorted((each["version"] for each in self._here.items(f"/flows/{self._id}/versions")), key=int)

    def _publish(self, known: Copy, version: str) -> None:
        kept = self._here.get(f"/flows/{self._id}/versions/{version}")
        self._draw(known, kept["flow"])
        body = {"message": kept["message"]} if kept["message"] else {}
        made = self._there.call("POST", f"/flows/{known.flow}/versions", body).json()
        known.version = int(version)
        self._memory.keep()
        if made["version"] != version:
            typer.echo(f"  version {version} is version {made['version']} there", err=True)
        if made["contentHash"] != kept["contentHash"]:
            typer.echo(f"  version {version} does not mean the same there: {made['contentHash']}", err=True)

    def _draw(self, known: Copy, flow: dict[str, Any]) -> bool:
        """Make the draft there be `flow`; whether that changed it."""
        drawing = {key: flow[key] for key in _DRAWN if key in flow}
        before = known.etag
        answer = self._there.call("PUT", f"/flows/{known.flow}", drawing, headers={"If-Match": before})
        known.etag = answer.headers["etag"]
        self._memory.keep()
        return known.etag != before

    def _etag(self, flow_id: str) -> str | None:
        try:
            return str(self._there.call("GET", f"/flows/{flow_id}").headers["etag"])
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _server(home: Home, place: str, token_setting: str) -> Api:
    if place in get_args(Which):
        return Api.of(home, "mesh" if place == "mesh" else "local")
    if not place.startswith(("http://", "https://")):
        fail(f"--from and --to take local, mesh or the address of a server, not {place!r}.")
    token = os.environ.get(token_setting) or home.known_token()
    if token is None:
        fail(f"{token_setting} must be set to the token of {place}, which is in the file `token` of its TFCANVAS_HOME.")
    return Api(home, place, token)


class _Memory:
    """What was copied before between two servers: `copies.json` in TFCANVAS_HOME."""

    def __init__(self, home: Home, here: Api, there: Api) -> None:
        # A server of this folder is the same one by its name and by its address, which another start may change.
        own = {address_of(home, which): which for which in get_args(Which)}
        ends = [own.get(api.url, api.url) for api in (here, there)]
        self._between = " ".join(ends)
        self._path = home.path / "copies.json"
        self.known = {flow_id: Copy(**each) for flow_id, each in self._read().get(self._between, {}).items()}

    def keep(self) -> None:
        """Write it down, after every step: what was cut off goes on from there."""
        known = {flow_id: asdict(each) for flow_id, each in self.known.items()}
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        fresh.write_text(json.dumps({**self._read(), self._between: known}, indent=1) + "\n", "utf-8")
        fresh.replace(self._path)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
