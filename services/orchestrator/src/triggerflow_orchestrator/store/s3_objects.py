"""Keep large values in a bucket, as `values/<aa>/<ref>`. Once put, a value never changes."""

from __future__ import annotations

import re
from typing import Final

from triggerflow_orchestrator.store.s3_bucket import Bucket

# Part of a key: nothing but what the server makes may pass.
_REF: Final = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")


class S3Objects:
    """`ports.Objects` in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def put(self, ref: str, text: bytes) -> str:
        key = _key(ref)
        if key is None:
            raise ValueError(f"not a reference: {ref!r}")
        await self._bucket.create(key, text)
        return ref

    async def get(self, key: str, offset: int, limit: int) -> bytes | None:
        path = _key(key)
        return None if path is None else await self._bucket.read(path, offset, limit)

    async def remove(self, key: str) -> None:
        path = _key(key)
        if path is not None:
            await self._bucket.remove(path)


def _key(ref: str) -> str | None:
    # The last digits: of a UUIDv7 the first are the time, and stores spread their load by the first of a key.
    return f"values/{ref[-2:]}/{ref}" if _REF.fullmatch(ref) else None
