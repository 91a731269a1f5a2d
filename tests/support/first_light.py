"""The sources of the first release, First light, as its last commit left them: what an upgrade meets in the field."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

COMMIT = "0fee9f6"
MISSING = f"the commit {COMMIT} is not in this clone: run `git fetch --unshallow`"
_REPOSITORY = Path(__file__).resolve().parents[2]
_ROOTS = (
    "proto/gen/src",
    "services/chassis/src",
    "services/registry/src",
    "services/orchestrator/src",
    "services/stream/src",
    "services/local/src",
    "bff/src",
    "adapters/sdk/src",
    "adapters/core/src",
    "adapters/http/src",
    "adapters/python/src",
)


def unpack(folder: Path) -> str | None:
    """Unpack the sources; the PYTHONPATH that puts them before those of this release. None where there are none."""
    packed = subprocess.run(["git", "-C", _REPOSITORY, "archive", COMMIT, *_ROOTS], check=False, capture_output=True)
    if packed.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return ":".join(str(folder / root) for root in _ROOTS)
