"""Talk to one bucket of an S3 store: create what is not there, read pieces, delete. Nothing is ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.settings import Secret

_CONNECT_SECONDS: Final = 2
_REQUEST_SECONDS: Final = 15
_RETRIES: Final = 2
_RETRY_SECONDS: Final = 5
_LONGEST_REASON: Final = 300
_FORM: Final = "http://key:secret@host:port/bucket"
_DEFAULT_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """Where a bucket is, and the key to it."""

    endpoint: str
    """`http://host:port`, without the secret: fit for logs."""
    bucket: str
    key_id: str
    secret: Secret
    region: str = _DEFAULT_REGION

    @staticmethod
    def parse(url: str) -> BucketPlace:
        """From `http://key:secret@host:port/bucket?region=…`. Raises ValueError that says what is wrong and shows no
        part of the secret."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ValueError(f"must have the form {_FORM}") from None
        if parts.scheme not in ("http", "https"):
            raise ValueError("must begin with http:// or https://")
        bucket = parts.path.strip("/")
        if not parts.hostname or not bucket or "/" in bucket:
            raise ValueError(f"must name a host and one bucket, as {_FORM}")
        if not parts.username or not parts.password:
            raise ValueError(f"must hold key and secret, percent-encoded, as {_FORM}")
        return BucketPlace(
            endpoint=f"{parts.scheme}://{_host(parts)}",
            bucket=bucket,
            key_id=unquote(parts.username),
            secret=Secret(unquote(parts.password)),
            region=parse_qs(parts.query).get("region", [_DEFAULT_REGION])[0],
        )

    def __str__(self) -> str:
        return f"{self.endpoint}/{self.bucket}"


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
        reason = (str(error).splitlines() or [type(error).__name__])[0][:_LONGEST_REASON]
        return Unavailable(f"The object store {self._place} does not {verb} values now (S3_URL): {reason}")


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
