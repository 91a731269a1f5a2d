"""Passwords of the mesh's servers, made once and kept beside their data, for their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def kept(path: Path) -> str:
    """The secret of a file, made where it is missing: letters and digits that no URL has to escape."""
    try:
        found = path.read_text("ascii").strip()
    except FileNotFoundError:
        found = ""
    if not found:
        found = secrets.token_hex(20)
        write_private(path, found + "\n")
    return found


def write_private(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file that only its owner may read, all at once; on the disk at the return where it is to be durable."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    fresh.replace(path)
