"""Talk to one bucket of an S3 store: create what is not there, read pieces, delete. Nothing is ever overwritten."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.bucket_place import SETTING, BucketPlace

_CONNECT_SECONDS: Final = 2
# Below what callers wait for an answer, so that they hear the reason and not only that time is up.
_REQUEST_SECONDS: Final = 10
_RETRIES: Final = 2
_RETRY_SECONDS: Final = 5
_LONGEST_REASON: Final = 300


class Bucket:
    """A bucket. Requests have time limits and few retries: whoever asks decides whether to wait longer.

    Opens no connection before the first request, and holds nothing that must be closed.
    """

    def __init__(self, place: BucketPlace, *, request_seconds: float = _REQUEST_SECONDS) -> None:
        self._place = place
        self._store = S3Store(
            place.bucket,
            endpoint=place.endpoint,
            region=place.region,
            access_key_id=place.key_id,
            secret_access_key=place.secret.reveal(),
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                "timeout": timedelta(seconds=request_seconds),
            },
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1)},
            },
        )

    async def create(self, key: str, content: bytes) -> bool:
        """Store an object durably. False where there is one of this key: it stays as it is. Raises Unavailable."""
        try:
            # In one request: parts put together later would be no conditional put.
            await obstore.put_async(self._store, key, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as error:
            raise self._unavailable("take", error) from error
        return True

    async def read(self, key: str, offset: int, limit: int) -> bytes | None:
        """A piece, shorter than `limit` only at the end, and empty past it. None where there is no such object.
        Raises Unavailable."""
        try:
            found = await obstore.get_range_async(self._store, key, start=offset, length=limit)
            return found.to_bytes()
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            # A store refuses a range that begins at or past the end.
            if offset and await self._size(key) <= offset:
                return b""
            raise self._unavailable("give", error) from error

    async def remove(self, key: str) -> None:
        """Delete an object; there need be none. Raises Unavailable."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._unavailable("forget", error) from error

    async def _size(self, key: str) -> int:
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except (BaseError, OSError) as error:
            raise self._unavailable("give", error) from error

    def _unavailable(self, verb: str, error: Exception) -> Unavailable:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        # Before its last dash the client repeats the address, and how often it tried.
        reason = first.rpartition(" - ")[2][:_LONGEST_REASON]
        return Unavailable(f"The object store {self._place} does not {verb} values now ({SETTING}): {reason}")
