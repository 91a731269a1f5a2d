"""What S3_URL may be."""

from __future__ import annotations

import pytest
from triggerflow_orchestrator.bucket_place import BucketPlace


def test_key_and_secret_are_decoded_and_the_secret_is_not_shown() -> None:
    place = BucketPlace.parse("http://k%2Fey:s%2Fe%2Bcret@127.0.0.1:8333/values")
    assert place.key_id == "k/ey"
    assert place.secret.reveal() == "s/e+cret"
    assert str(place) == place.endpoint + "/values" == "http://127.0.0.1:8333/values"
    assert "cret@" not in repr(place)
    assert "s/e+cret" not in repr(place)
    assert place.region == "us-east-1"


def test_a_region_may_be_named() -> None:
    assert BucketPlace.parse("https://k:s@s3.example.com/b?region=eu-central-1").region == "eu-central-1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://k:topsecret@host/bucket",
        "http://host/bucket",
        "http://k@host/bucket",
        "http://k:topsecret@host",
        "http://k:topsecret@host/",
        "http://k:topsecret@host/bucket/folder",
        "http://k:topsecret@:9000/bucket",
        "http://k:topsecret@[::1/bucket",
    ],
)
def test_what_cannot_be_used_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        BucketPlace.parse(url)
    assert "topsecret" not in str(refused.value)
