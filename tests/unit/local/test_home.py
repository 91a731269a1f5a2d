"""The folder: one server at a time, one token for good, notes that are whole."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from triggerflow_local.home import AlreadyRunning, CannotStart, Home, RunNote, alive
from triggerflow_local.settings import read_settings

HOLD = """
import sys
from pathlib import Path
from triggerflow_local.home import Home
with Home(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_token_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.known_token() is None
    token = home.token()
    assert len(token) >= 32
    (tmp_path / "token").chmod(0o644)
    assert home.token() == home.known_token() == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_a_second_server_is_refused_until_the_first_is_gone_even_by_kill_9(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    home = Home(tmp_path)
    with pytest.raises(AlreadyRunning), home.locked():
        pytest.fail("two servers on one folder")
    holder.kill()
    holder.communicate()
    with home.locked():
        pass


def test_the_note_is_private_and_one_left_by_a_killed_server_is_cleared_with_its_socket(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = tmp_path / "tfcanvas-left"
    folder.mkdir()
    (folder / "grpc.sock").touch()
    home.write_note(RunNote(os.getpid(), "http://127.0.0.1:1", f"unix:{folder}/grpc.sock"))
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    assert set(json.loads((tmp_path / "run.json").read_text())) == {"pid", "url", "grpc"}
    note = home.note()
    assert note is not None
    assert alive(note)
    with home.locked():
        assert home.note() is None
        assert not folder.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "url": "", "grpc": ""}'])
def test_a_note_that_is_none_says_that_nothing_runs(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert Home(tmp_path).note() is None


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="TFCANVAS_HOME"):
        Home(tmp_path / "file" / "home").prepare()


def test_an_unset_allow_list_differs_from_an_empty_one() -> None:
    assert read_settings({}).http_allow is None
    assert read_settings({"TFCANVAS_HTTP_ALLOW": ""}).http_allow == ()
    assert read_settings({"TFCANVAS_HTTP_ALLOW": "a:1, b:2"}).http_allow == ("a:1", "b:2")
    assert read_settings({}).port == 8484
