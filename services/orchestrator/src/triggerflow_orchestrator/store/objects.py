"""Keep large values as files, `<folder>/<aa>/<ref>`. Once put, a value is on disk, and it never changes."""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from pathlib import Path
from typing import Final

from triggerflow_chassis.errors import Unavailable

# Part of a path: nothing but what the server makes may pass.
_REF: Final = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")


class FileObjects:
    """`ports.Objects` in a folder, made where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def put(self, ref: str, text: bytes) -> str:
        try:
            return await asyncio.to_thread(self.put_now, ref, text)
        except OSError as error:
            raise Unavailable(f"The folder {self._folder} does not take values now: {error}.") from error

    def put_now(self, ref: str, text: bytes) -> str:
        """`put` on the caller's thread. Raises OSError."""
        path = self._path(ref)
        if path is None:
            raise ValueError(f"not a reference: {ref!r}")
        path.parent.mkdir(exist_ok=True)
        if not path.exists():  # what is there came whole, by the renaming
            _write(path, text)
        _sync_folder(path.parent)
        _sync_folder(self._folder)
        return ref

    async def get(self, key: str, offset: int, limit: int) -> bytes | None:
        path = self._path(key)
        try:
            return None if path is None else await asyncio.to_thread(_read, path, offset, limit)
        except OSError as error:
            raise Unavailable(f"The folder {self._folder} cannot be read now: {error}.") from error

    async def remove(self, key: str) -> None:
        path = self._path(key)
        if path is not None:
            try:
                await asyncio.to_thread(path.unlink, missing_ok=True)
            except OSError as error:
                raise Unavailable(f"The folder {self._folder} does not let values go now: {error}.") from error

    def _path(self, ref: str) -> Path | None:
        # The last digits: of a UUIDv7 the first are the time, alike for weeks.
        return self._folder / ref[-2:] / ref if _REF.fullmatch(ref) else None


def _write(path: Path, text: bytes) -> None:
    part = path.with_suffix(f".{uuid.uuid4().hex}.part")  # two who put the same write side by side
    try:
        with part.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # what a full disk cut off would keep it full
        raise


def _read(path: Path, offset: int, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return None


def _sync_folder(folder: Path) -> None:
    # A file whose name was not written is lost with its bytes on disk.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
