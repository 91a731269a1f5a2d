"""The sources of First light, and a deployment of separate services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from first_light import MISSING, unpack
from separate_services import Services


@pytest.fixture(scope="session")
def first_light(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The PYTHONPATH of the sources of First light."""
    path = unpack(tmp_path_factory.mktemp("first-light"))
    if path is None:
        pytest.skip(MISSING)
    return path


@pytest.fixture
def make_services(tmp_path: Path) -> Iterator[Callable[..., Services]]:
    """Make deployments that are stopped after the test, whatever happens in it."""
    made: list[Services] = []

    def make(name: str = "home", **environment: str) -> Services:
        services = Services(tmp_path / name, environment)
        made.append(services)
        return services

    yield make
    for services in made:
        services.stop()
