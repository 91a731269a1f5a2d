"""Talk to the running server over HTTP, as the commands do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import httpx

from triggerflow_local.home import Home, alive

_SECONDS = 60.0
# A server that is started again is back within seconds.
_RETRIES = 40
_RETRY_SECONDS = 0.3


Which = Literal["local", "mesh"]


class NothingRuns(Exception):
    """No server runs on the folder, or none of the one kind that is meant."""

    def __init__(self, home: Home, which: Which | None = None) -> None:
        match which:
            case "local":
                how = "Nothing runs locally on {}. Start it with: tfcanvas up (TFCANVAS_PORT, beside a mesh)"
            case "mesh":
                how = (
                    "No mesh runs on {}. Start it with: make mesh, or tfcanvas mesh up (TFCANVAS_PORT, beside another)"
                )
            case None:
                how = "Nothing runs on {}. Start it with: tfcanvas up"
        super().__init__(how.format(home.path))


class ApiError(Exception):
    """The server refused: its problem, for a person."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        errors = [error for error in problem.get("errors") or () if isinstance(error, dict)]
        lines = [f"  {error.get('pointer') or '(whole)'}: {error.get('message')}" for error in errors]
        super().__init__("\n".join([detail, *lines]))
        self.status = status
        self.reason = str(problem.get("reason", ""))
        self.problem = problem


class Api:
    """A signed-in client of one server."""

    def __init__(self, home: Home, url: str, token: str, which: Which | None = None) -> None:
        self._home = home
        self._which = which
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, trust_env=False
        )

    @staticmethod
    def of(home: Home, which: Which | None = None) -> Api:
        """The server of a folder; where it is not said which, the mesh where local mode does not run. Raises
        NothingRuns."""
        url, token = address_of(home, which), home.known_token()
        if url is None or token is None:
            raise NothingRuns(home, which)
        return Api(home, url, token, which)

    def link(self) -> str:
        """A fresh address that signs a browser in, once."""
        return str(self.call("POST", "/session/links").json()["url"])

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """One request. Raises ApiError where it is refused, NothingRuns where nobody answers."""
        try:
            answer = self._client.request(
                method,
                path,
                params={key: value for key, value in query.items() if value is not None},
                headers=dict(headers or {}),
                **({"json": body} if body is not None else {}),
            )
        except httpx.ConnectError:
            raise NothingRuns(self._home, self._which) from None
        except httpx.TransportError as error:
            raise ApiError(0, {"detail": f"The server did not answer: {error or type(error).__name__}"}) from None
        return self._checked(answer)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path."""
        return self.call("GET", path, **query).json()

    def items(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a paged list."""
        token: str | None = None
        while True:
            page = self.get(path, pageSize=250, pageToken=token, **query)
            yield from page["items"]
            token = page["nextPageToken"]
            if token is None:
                return

    def events(self, execution_id: str, after: str | None = None) -> Iterator[dict[str, Any]]:
        """An execution's events as they happen, until its last; a broken connection is taken up again by cursor."""
        from httpx_sse import connect_sse

        failures = 0
        while True:
            headers = {"Last-Event-ID": after} if after else {}
            try:
                with connect_sse(
                    self._client, "GET", f"/executions/{execution_id}/events", headers=headers, timeout=_SECONDS
                ) as source:
                    if source.response.status_code == 204:
                        return
                    if source.response.is_error:
                        source.response.read()
                    self._checked(source.response)
                    for message in source.iter_sse():
                        failures = 0
                        event: dict[str, Any] = json.loads(message.data)
                        after = event["id"]
                        yield event
                        if event["type"] in ("execution.completed", "execution.failed"):
                            return
            except (httpx.TransportError, ApiError) as error:
                if isinstance(error, ApiError) and error.status < 502:
                    raise
                failures += 1
                if failures > _RETRIES:
                    raise NothingRuns(self._home, self._which) from error
                self._wait_for_server()

    def _wait_for_server(self) -> None:
        import time

        time.sleep(_RETRY_SECONDS)
        url = address_of(self._home, self._which)
        if url is not None:
            self._client.base_url = httpx.URL(url)

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= 400:
            try:
                problem = answer.json()
            except ValueError:
                problem = {}
            raise ApiError(answer.status_code, problem if isinstance(problem, dict) else {})
        return answer


def address_of(home: Home, which: Which | None = None) -> str | None:
    """Where the server of a folder is, None where it does not run."""
    for kind, place in (("local", home), ("mesh", home.mesh)):
        if which in (None, kind):
            note = place.note()
            if note is not None and alive(note):
                return note.url.rstrip("/")
    return None
