"""Keep archives in a bucket, each created once."""

from __future__ import annotations

from typing import Final

from triggerflow_orchestrator.store.s3_bucket import Bucket

_PIECE_BYTES: Final = 8 * 1024 * 1024


class S3Archives:
    """`ports.Archives` in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def create(self, key: str, content: bytes) -> bool:
        return await self._bucket.create(key, content)

    async def get(self, key: str) -> bytes | None:
        pieces: list[bytes] = []
        while True:
            piece = await self._bucket.read(key, sum(map(len, pieces)), _PIECE_BYTES)
            if piece is None:
                return None
            pieces.append(piece)
            if len(piece) < _PIECE_BYTES:
                return b"".join(pieces)
