"""Serve the built canvas: files by their content's tag, hashed assets for ever, every route of the page as its index.

Files are read when asked for, so that a new build is served without a restart. Nothing outside the folder is.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from triggerflow_bff.answers import Answer, Headers, html
from triggerflow_bff.pages import NOT_BUILT
from triggerflow_bff.preconditions import not_modified

# What the bundler names by its content, such as index-BxYz1234.js, never changes under its name.
_HASHED = re.compile(r"^assets/.*[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_INLINE = re.compile(rb"<(script|style)(?![^>]*\ssrc=)[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
# Media types differ between systems' tables; these must not.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
_CACHED_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]
    body: bytes
    etag: str
    headers: tuple[tuple[bytes, bytes], ...]


class StaticFiles:
    """The files below one folder."""

    def __init__(self, root: Path | None, hosts: frozenset[str]) -> None:
        self._root = None if root is None else root.resolve()
        # 'self' covers WebSockets in today's browsers only.
        self._sockets = " ".join(sorted(f"ws://{host} wss://{host}" for host in hosts))
        self._cache: dict[str, _File] = {}
        self._cached = 0

    async def answer(self, path: str, if_none_match: str | None) -> Answer:
        """What GET of `/canvas/<path>` gets."""
        file = await asyncio.to_thread(self._find, path)
        if file is None:
            if self._root is None or not (self._root / "index.html").is_file():
                return html(NOT_BUILT, 503)
            return Answer(404, b"There is no such file.\n", [(b"content-type", b"text/plain; charset=utf-8")])
        headers: Headers = list(file.headers)
        if if_none_match is not None and not_modified(if_none_match, file.etag):
            return Answer(304, b"", headers)
        return Answer(200, file.body, headers)

    def _find(self, path: str) -> _File | None:
        found = self._load(path or "index.html")
        if found is not None or path.startswith(("assets/", "data/")) or PurePosixPath(path).suffix:
            return found
        # A route of the page itself: the page reads it from the address.
        return self._load("index.html")

    def _load(self, path: str) -> _File | None:
        if self._root is None or "\0" in path:
            return None
        try:
            file = (self._root / path).resolve()
            if not file.is_relative_to(self._root) or not file.is_file():
                return None
            stat = file.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            cached = self._cache.get(path)
            if cached is not None and cached.stamp == stamp:
                return cached
            body = file.read_bytes()
        except (OSError, ValueError):
            return None
        fresh = self._describe(file.relative_to(self._root).as_posix(), stamp, body)
        self._keep(path, fresh)
        return fresh

    def _keep(self, path: str, file: _File) -> None:
        # Threads may race here; at worst a file is read twice.
        old = self._cache.pop(path, None)
        self._cached += len(file.body) - (len(old.body) if old else 0)
        self._cache[path] = file
        while self._cached > _CACHED_BYTES and len(self._cache) > 1:
            gone = self._cache.pop(next(iter(self._cache)))
            self._cached -= len(gone.body)

    def _describe(self, name: str, stamp: tuple[int, int], body: bytes) -> _File:
        suffix = PurePosixPath(name).suffix.lower()
        media = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        etag = '"' + base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:15]).decode() + '"'
        immutable = _HASHED.match(name) is not None
        headers = [
            (b"content-type", media.encode()),
            (b"etag", etag.encode()),
            (b"cache-control", b"public, max-age=31536000, immutable" if immutable else b"no-cache"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"content-security-policy", self._policy(body if suffix == ".html" else b"").encode()),
            (b"referrer-policy", b"no-referrer"),
        ]
        if suffix == ".html":
            headers.append((b"cross-origin-opener-policy", b"same-origin"))
        return _File(stamp, body, etag, tuple(headers))

    def _policy(self, page: bytes) -> str:
        # What the build itself wrote into the page may run, by its hash; nothing else that is inline may.
        inline: dict[bytes, list[str]] = {b"script": [], b"style": []}
        for tag, text in _INLINE.findall(page):
            digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
            inline[tag.lower()].append(f" 'sha256-{digest}'")
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self'{''.join(inline[b'script'])}",
                f"style-src 'self'{''.join(inline[b'style'])}",
                # Attributes can move and colour an element, not load or run anything.
                "style-src-attr 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self' {self._sockets}",
                "worker-src 'self' blob:",
                "manifest-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "object-src 'none'",
                "frame-ancestors 'none'",
            )
        )
