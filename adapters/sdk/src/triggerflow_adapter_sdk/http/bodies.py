"""Read an answer's body, unpacked, counting before and after: what is too large is never held."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from triggerflow_adapter_sdk.errors import ParseFailed, ResponseTooLarge

_STEP = 256 * 1024


class _Inflate:
    """gzip or deflate, in steps, so that a small chunk cannot become a large one in memory."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        # gzip has a header of its own; `deflate` means zlib, and some servers send it bare.
        self._inflate = zlib.decompressobj(31 if encoding == "gzip" else 15)
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What a chunk unpacks to, a step at a time. Raises ParseFailed."""
        while data:
            try:
                piece = self._inflate.decompress(data, _STEP)
            except zlib.error as broken:
                if self._encoding == "deflate" and not self._begun:
                    self._begun = True
                    self._inflate = zlib.decompressobj(-15)
                    continue
                raise ParseFailed(f"the answer is not {self._encoding}: {broken}") from None
            self._begun = True
            yield piece
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                # Several gzip members in a row are one text.
                data = self._inflate.unused_data
                if not data or self._encoding != "gzip":
                    return
                self._inflate = zlib.decompressobj(31)

    @property
    def finished(self) -> bool:
        return self._inflate.eof or not self._begun


async def read_body(chunks: AsyncIterator[bytes], encodings: str, limit: int, *, cut: bool = False) -> bytes:
    """All of a body. Raises ResponseTooLarge past `limit` bytes (`cut`: gives the beginning), ParseFailed."""
    unpackers = []
    for name in reversed([part.strip().lower() for part in encodings.split(",")]):
        if name in ("", "identity"):
            continue
        if name not in ("gzip", "x-gzip", "deflate"):
            raise ParseFailed(f"the answer is packed as {name}, which was not asked for")
        unpackers.append(_Inflate("deflate" if name == "deflate" else "gzip"))
    if len(unpackers) > 2:
        raise ParseFailed("the answer is packed more than twice")
    body = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        for piece in _unpacked(chunk, unpackers):
            body += piece
            if len(body) > limit:
                break
        if received > limit or len(body) > limit:
            if cut:
                return bytes(body[:limit])
            raise ResponseTooLarge(f"the answer is larger than {limit} bytes")
    if not all(unpacker.finished for unpacker in unpackers) and not cut:
        raise ParseFailed("the packed answer ends too early")
    return bytes(body)


def _unpacked(data: bytes, unpackers: list[_Inflate]) -> Iterator[bytes]:
    if not unpackers:
        yield data
        return
    for piece in unpackers[0].pieces(data):
        yield from _unpacked(piece, unpackers[1:])
