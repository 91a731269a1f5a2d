"""DATABASE_URL: what is read of it, what is said of one that cannot be used, and that its password is never shown."""

from __future__ import annotations

import pytest
from triggerflow_chassis.postgres.address import advisory_key, parse_postgres, read_postgres
from triggerflow_chassis.settings import Reader, SettingsError

WRITE_KEY = 2259297990730765507
GOOD = "postgresql://someone:canary-7@db.example:5433/canvas?sslmode=require"


def test_an_address_is_kept_whole_and_shown_without_its_password() -> None:
    postgres = parse_postgres(GOOD, "registry", "triggerflow-registry")
    assert postgres.url.reveal() == GOOD
    assert postgres.place == "db.example:5433/canvas"
    assert "canary-7" not in repr(postgres)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgres://u:p@host/db", "host:5432/db"),
        ("postgresql://u:p@[::1]:6000/db", "::1:6000/db"),
        ("postgresql:///db?host=/run/postgresql", "socket:5432/db"),
    ],
)
def test_other_forms_are_understood(url: str, place: str) -> None:
    assert parse_postgres(url, "registry", "x").place == place


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:canary-7@host/db", "begin with postgresql://"),
        ("postgresql+asyncpg://u:canary-7@host/db", "begin with postgresql://"),
        ("canary-7", "begin with postgresql://"),
        ("postgresql://u:canary-7@host:many/db", "port"),
        ("postgresql://u:canary-7@host:99999/db", "port"),
        ("postgresql://u:canary-7@host", "names no database"),
        ("postgresql:///db", "names no host"),
        ("postgresql://u:canary-7@[::1/db", "is no address"),
    ],
)
def test_one_that_cannot_be_used_is_a_problem_that_shows_no_password(url: str, says: str) -> None:
    reader = Reader({"DATABASE_URL": url, "TFCANVAS_X": "y"}, prefix="TFCANVAS_")
    assert read_postgres(reader, "registry", "x") is None
    reader.integer("X", 1, least=0, most=9)
    with pytest.raises(SettingsError) as refused:
        reader.done()
    about_it, about_x = refused.value.problems
    assert about_it.startswith("DATABASE_URL ")
    assert says in about_it
    assert "canary-7" not in str(refused.value)
    assert about_x.startswith("TFCANVAS_X ")


def test_none_is_local_mode() -> None:
    reader = Reader({"DATABASE_URL": ""}, prefix="TFCANVAS_")
    assert read_postgres(reader, "registry", "x") is None
    reader.done()


def test_a_lock_has_one_key_everywhere_and_each_its_own() -> None:
    keys = {
        advisory_key(schema, purpose) for schema in ("registry", "orchestrator") for purpose in ("write", "migrate")
    }
    assert len(keys) == 4
    assert all(-(2**63) <= key < 2**63 for key in keys)
    # Part of what two releases beside each other agree on.
    assert advisory_key("registry", "write") == WRITE_KEY
