"""Where large values are kept: S3_URL, parsed once. Pure; loads no driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from triggerflow_chassis.settings import Secret

SETTING: Final = "S3_URL"
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


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
