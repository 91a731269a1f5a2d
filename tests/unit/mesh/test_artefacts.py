"""What Kafka needs, and what is said where it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.kafka import artefacts


def _program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_without_java_it_is_said_how_to_get_one_or_to_do_without() -> None:
    with pytest.raises(CannotStart, match=r"none on the PATH.*Install a JDK 17.*apt-get.*set KAFKA_BOOTSTRAP"):
        artefacts.java()


def test_a_java_home_without_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(CannotStart, match=r"none in JAVA_HOME \(.*gone\)"):
        artefacts.java()


def test_a_java_that_is_too_old_is_refused_with_its_version(tmp_path: Path) -> None:
    _program(tmp_path / "bin", "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(CannotStart, match=r"Java 17 or newer, .*java is 11\. "):
        artefacts.java()


def test_the_java_of_java_home_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "bin", "java", "echo 'openjdk version \"11.0.2\"' >&2")
    own = _program(tmp_path / "jdk-bin", "java", "echo 'openjdk version \"21.0.1\" 2023-10-17' >&2")
    (tmp_path / "jdk").mkdir()
    (tmp_path / "jdk" / "bin").symlink_to(own.parent)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert artefacts.java() == str(tmp_path / "jdk" / "bin" / "java")


def test_without_maven_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"no mvn on the PATH.*set KAFKA_BOOTSTRAP"):
        artefacts.library()


def test_where_maven_fails_its_own_words_are_shown_and_nothing_that_looks_whole_is_left(tmp_path: Path) -> None:
    _program(tmp_path / "bin", "mvn", "echo 'Could not transfer artifact'; exit 1")
    with pytest.raises(CannotStart, match="Could not transfer artifact"):
        artefacts.library()
    assert not (tmp_path / "cache" / "triggerflow-canvas" / f"kafka-{artefacts.VERSION}").exists()
