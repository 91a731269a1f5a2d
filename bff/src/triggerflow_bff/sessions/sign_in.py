"""Let people and programs in: a one-time code becomes a cookie, and a bearer token needs none."""

from __future__ import annotations

import hmac
import secrets

from starlette.types import Scope
from triggerflow_chassis.identity import LOCAL, Principal

from triggerflow_bff.sessions.store import SECONDS, Sessions
from triggerflow_bff.settings import BffSettings

# Codes that nobody used yet; the oldest goes first.
MOST_CODES = 50


class SignIn:
    """Mints codes, redeems each once, and says who a request comes from."""

    def __init__(self, settings: BffSettings) -> None:
        home = settings.home
        self._settings = settings
        self._sessions = Sessions(None if home is None else home / "sessions.json")
        self._bearer = settings.token.reveal().encode()
        self._codes: dict[str, None] = {}
        self._by_request: dict[str, str] = {}
        # Browsers keep one jar for all ports of a host; by its port, two servers leave each other's session alone.
        self._cookie = f"tfcanvas_{settings.port}".encode()

    def mint(self) -> str:
        """A new one-time code. It is valid until it is used, the server stops, or 50 newer ones exist."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = None
        while len(self._codes) > MOST_CODES:
            del self._codes[next(iter(self._codes))]
        return code

    def link(self, request_id: str = "") -> str:
        """The address, with a new one-time code, that signs a browser in. The same request gets the same one."""
        code = self._by_request.get(request_id) if request_id else None
        if code is None:
            code = self.mint()
            if request_id:
                self._by_request[request_id] = code
                while len(self._by_request) > MOST_CODES:
                    del self._by_request[next(iter(self._by_request))]
        return f"{self._settings.url}/canvas/?code={code}"

    def redeem(self, code: str) -> bytes | None:
        """Use the code up: the Set-Cookie header of a new session, or None where the code is used or was never made."""
        for known in self._codes:
            if hmac.compare_digest(known.encode(), code.encode("utf-8", "replace")):
                break
        else:
            return None
        del self._codes[known]
        secure = b"; Secure" if self._settings.scheme == "https" else b""
        token = self._sessions.open().encode()
        return b"%b=%b; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%b" % (self._cookie, token, SECONDS, secure)

    def principal(self, scope: Scope) -> Principal | None:
        """Who the request comes from; None where it shows neither a session nor the token."""
        for name, value in scope["headers"]:
            if name == b"authorization":
                kind, _, token = value.partition(b" ")
                if kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._bearer):
                    return LOCAL
            elif name == b"cookie":
                found = self._by_cookie(value)
                if found is not None:
                    return found
        return None

    def _by_cookie(self, header: bytes) -> Principal | None:
        if self._cookie not in header:
            return None
        for pair in header.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == self._cookie:
                found = self._sessions.find(value.decode("latin-1"))
                if found is not None:
                    return found
        return None
