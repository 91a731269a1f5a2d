"""Sessions end, are bounded, and survive a file that nobody can read."""

from __future__ import annotations

from pathlib import Path

from triggerflow_bff.sessions.sign_in import MOST_CODES, SignIn
from triggerflow_bff.sessions.store import MOST, SECONDS, Sessions
from triggerflow_bff.settings import BffSettings
from triggerflow_chassis.settings import Secret


def test_a_session_ends_after_its_time(tmp_path: Path) -> None:
    now = [1_000.0]
    sessions = Sessions(tmp_path / "s.json", lambda: now[0])
    token = sessions.open()
    assert sessions.find(token) is not None
    assert Sessions(tmp_path / "s.json", lambda: now[0]).find(token) is not None
    now[0] += SECONDS + 1
    assert sessions.find(token) is None


def test_the_oldest_session_makes_room(tmp_path: Path) -> None:
    sessions = Sessions(None)
    tokens = [sessions.open() for _ in range(MOST + 1)]
    assert sessions.find(tokens[0]) is None
    assert all(sessions.find(token) for token in tokens[1:])


def test_a_broken_file_signs_out_and_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    for text in ("{", "[]", '{"sessions": []}', '{"sessions": {"a": "b"}}'):
        file.write_text(text)
        token = Sessions(file).open()
        assert Sessions(file).find(token) is not None


def test_a_folder_that_cannot_be_written_still_signs_in(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "missing" / "s.json")
    assert sessions.find(sessions.open()) is not None


def test_the_oldest_unused_code_makes_room() -> None:
    sign_in = SignIn(BffSettings(port=1, token=Secret("t")))
    codes = [sign_in.mint() for _ in range(MOST_CODES + 1)]
    assert sign_in.redeem(codes[0]) is None
    assert sign_in.redeem(codes[1]) is not None
    assert sign_in.redeem(codes[1]) is None


def test_a_cookie_over_https_is_secure() -> None:
    sign_in = SignIn(BffSettings(port=443, token=Secret("t"), scheme="https"))
    cookie = sign_in.redeem(sign_in.mint())
    assert cookie is not None
    assert cookie.endswith(b"; Secure")


def test_own_hosts_include_those_without_a_default_port() -> None:
    settings = BffSettings(port=80, token=Secret("t"), more_hosts=("Canvas.Example:8443",))
    assert {"127.0.0.1", "localhost:80", "canvas.example:8443"} <= settings.hosts
    assert "http://localhost" in settings.origins


def test_settings_show_no_token() -> None:
    assert "hunter2" not in repr(BffSettings(port=80, token=Secret("hunter2")))
