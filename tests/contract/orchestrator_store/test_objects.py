"""Where large values are kept: files, and an S3 bucket."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.s3_bucket import Bucket
from triggerflow_orchestrator.store.s3_objects import S3Objects

_BUCKETS = itertools.count(1)


@pytest.fixture(params=["files", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "files":
        return FileObjects(tmp_path / "objects")
    server: S3Server = request.getfixturevalue("shared_s3")
    return S3Objects(Bucket(BucketPlace.parse(server.url(f"values-{next(_BUCKETS)}"))))


async def test_a_value_is_read_in_pieces(objects: Objects, sample: Any) -> None:
    key = await objects.put(sample.id(1), b"0123456789")
    assert key == sample.id(1)
    assert await objects.get(key, 0, 4) == b"0123"
    assert await objects.get(key, 8, 4) == b"89"
    assert await objects.get(key, 10, 4) == b""
    assert await objects.get(key, 99, 4) == b""


async def test_a_value_put_again_after_a_crash_is_the_same(objects: Objects, sample: Any) -> None:
    key = await objects.put(sample.id(1), b"text")
    assert await objects.put(sample.id(1), b"text") == key
    assert await objects.get(key, 0, 99) == b"text"


async def test_what_is_there_is_never_overwritten(objects: Objects, sample: Any) -> None:
    key = await objects.put(sample.id(1), b"first")
    await objects.put(sample.id(1), b"second, and longer")
    assert await objects.get(key, 0, 99) == b"first"


async def test_of_many_who_put_at_once_one_text_stays_whole(objects: Objects, sample: Any) -> None:
    texts = [str(number).encode() * 100_000 for number in range(10)]
    await asyncio.gather(*(objects.put(sample.id(1), text) for text in texts))
    assert await objects.get(sample.id(1), 0, 200_000) in texts


async def test_a_value_of_many_megabytes_comes_back_as_it_was(objects: Objects, sample: Any) -> None:
    text = b"".join(b"%08d" % number for number in range(2_000_000))
    key = await objects.put(sample.id(1), text)
    piece = 5_000_000
    read = [await objects.get(key, offset, piece) for offset in range(0, len(text), piece)]
    assert b"".join(each or b"" for each in read) == text


@pytest.mark.parametrize("key", ["", "../../secret", "01900000-0000-7000-8000-000000000099", "/etc/passwd", "ab" * 40])
async def test_a_key_that_was_never_put_gives_none(objects: Objects, key: str) -> None:
    assert await objects.get(key, 0, 10) is None
    assert await objects.get(key, 10, 10) is None


@pytest.mark.parametrize("ref", ["../../outside", "", "values/x", "A" * 36])
async def test_what_is_no_reference_is_not_put(objects: Objects, tmp_path: Path, ref: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        await objects.put(ref, b"x")
    assert list(tmp_path.rglob("outside")) == []


async def test_nothing_half_written_stays(tmp_path: Path, sample: Any) -> None:
    await FileObjects(tmp_path).put(sample.id(1), b"x" * 100_000)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [sample.id(1)]


async def test_a_folder_that_is_gone_is_unavailable_and_named(tmp_path: Path, sample: Any) -> None:
    folder = tmp_path / "objects"
    objects = FileObjects(folder)
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(Unavailable, match=str(folder)):
        await objects.put(sample.id(1), b"x")
    with pytest.raises(Unavailable, match=str(folder)):
        await objects.get(sample.id(1), 0, 1)


async def test_a_store_that_is_gone_is_unavailable_and_back_when_it_is(own_s3: S3Server, sample: Any) -> None:
    objects = S3Objects(Bucket(BucketPlace.parse(own_s3.url())))
    key = await objects.put(sample.id(1), b"text")
    own_s3.kill()
    with pytest.raises(Unavailable, match="S3_URL") as told:
        await objects.put(sample.id(2), b"later")
    assert own_s3.host in told.value.detail
    assert own_s3.secret not in told.value.detail
    with pytest.raises(Unavailable, match="S3_URL"):
        await objects.get(key, 0, 4)
    own_s3.start()
    await objects.put(sample.id(2), b"later")
    assert await objects.get(key, 0, 4) == b"text"


async def test_a_store_that_does_not_answer_is_unavailable_within_its_time_limit(
    shared_s3: S3Server, sample: Any
) -> None:
    objects = S3Objects(Bucket(BucketPlace.parse(shared_s3.url("paused")), request_seconds=0.5))
    await objects.put(sample.id(1), b"text")
    shared_s3.pause()
    try:
        with pytest.raises(Unavailable, match="S3_URL"):
            await asyncio.wait_for(objects.put(sample.id(2), b"later"), timeout=30)
        with pytest.raises(Unavailable, match="S3_URL"):
            await asyncio.wait_for(objects.get(sample.id(1), 0, 4), timeout=30)
    finally:
        shared_s3.go_on()
    await objects.put(sample.id(2), b"later")
    assert await objects.get(sample.id(2), 0, 9) == b"later"


async def test_a_wrong_secret_is_unavailable_and_is_not_shown(shared_s3: S3Server, sample: Any) -> None:
    objects = S3Objects(Bucket(BucketPlace.parse(shared_s3.url("values", secret="wrong-one"))))
    with pytest.raises(Unavailable, match="S3_URL") as told:
        await objects.put(sample.id(1), b"text")
    assert "wrong-one" not in told.value.detail


async def test_a_value_that_was_removed_is_gone_and_may_be_removed_again(objects: Objects, sample: Any) -> None:
    await objects.put(sample.id(1), b"text")
    await objects.put(sample.id(2), b"stays")
    for key in (sample.id(1), sample.id(1), "", "../../outside"):
        await objects.remove(key)
    assert await objects.get(sample.id(1), 0, 9) is None
    assert await objects.get(sample.id(2), 0, 9) == b"stays"
