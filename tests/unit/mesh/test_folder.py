"""The mesh's folder: its note, how its processes stand, and clearing it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
from triggerflow_local.mesh.folder import MeshFolder, MeshNote, Standing, process_of
from triggerflow_local.mesh.secret import kept

NOTE = MeshNote(os.getpid(), "http://127.0.0.1:1", "127.0.0.1:2", {"worker-1": 3}, {"database": "postgresql://u:p@h/d"})


def _folder(home: Path) -> MeshFolder:
    folder = MeshFolder(home)
    folder.home.prepare()
    return folder


def _sleeper() -> tuple[subprocess.Popen[bytes], Standing]:
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    return process, Standing("ready", process.pid, psutil.Process(process.pid).create_time(), 0)


def test_the_note_is_private_and_read_back(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert folder.read_note() is None
    folder.write_note(NOTE)
    assert folder.read_note() == NOTE
    assert stat.S_IMODE((tmp_path / "mesh" / "run.json").stat().st_mode) == 0o600


def test_a_note_of_the_mesh_is_one_that_the_commands_understand(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    folder.write_note(NOTE)
    note = folder.home.note()
    assert note is not None
    assert (note.pid, note.url, note.grpc) == (NOTE.pid, NOTE.url, NOTE.grpc)


def test_what_a_killed_supervisor_left_running_is_ended(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    process, standing = _sleeper()
    folder.write_standings({"worker-1": standing, "worker-2": Standing("waiting", None, None, 4)})
    assert folder.end_left_over() == ["worker-1"]
    assert process.poll() is not None
    assert folder.standings() == {}


def test_a_process_that_only_has_the_id_of_an_old_one_is_left_alone(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    process, standing = _sleeper()
    try:
        other = Standing("ready", process.pid, (standing.born or 0) - 60, 0)
        assert process_of(other) is None
        folder.write_standings({"worker-1": other})
        assert folder.end_left_over() == []
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_clearing_leaves_the_lock_and_nothing_else(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder.path / "postgres" / "data").mkdir(parents=True)
    (folder.path / "link").symlink_to(tmp_path)
    (tmp_path / "token").write_text("kept")
    with folder.home.locked():
        folder.clear()
        assert [each.name for each in folder.path.iterdir()] == ["lock"]
    assert (tmp_path / "token").read_text() == "kept"


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    secret = kept(tmp_path / "password")
    assert len(secret) >= 32
    assert secret.isalnum()
    assert kept(tmp_path / "password") == secret
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
