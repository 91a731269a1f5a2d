"""Products that tests start, each in a folder of its own, and stop by process id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

# Its plugin would import it after the last test, where CPython 3.11 has failed to ("AST constructor recursion depth
# mismatch") and the closing line was lost.
import hypothesis  # noqa: F401
import pytest
from chosen_product import chosen_product
from kafka_broker import Broker
from postgres_server import MISSING, PostgresServer, is_installed, open_server
from running_product import Product
from s3_server import S3Server
from triggerflow_local.home import CannotStart
from valkey_server import ValkeyServer

Server = TypeVar("Server", S3Server, ValkeyServer)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def make_product(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Make products that are stopped after the test, whatever happens in it."""
    made: list[Product] = []

    def make(name: str = "home", **environment: str) -> Product:
        product = Product(tmp_path / name, environment)
        made.append(product)
        return product

    yield make
    for product in made:
        if product.process is not None and product.process.poll() is None:
            product.stop()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One running product that tests share. It may run the handlers of tests/handlers."""
    handlers = ROOT / "tests" / "handlers"
    one = chosen_product(
        tmp_path_factory.mktemp("shared") / "home",
        {"PYTHONPATH": str(handlers), "TFCANVAS_PYTHON_MODULES": "sample_handlers"},
    )
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One real PostgreSQL that tests share; each makes a database of its own."""
    if not is_installed():
        pytest.skip(MISSING)
    with open_server() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> str:
    """A new, empty database."""
    return postgres_server.make_database()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One running broker that tests share, each with keys of its own. Tests that kill one have their own."""
    broker = Broker(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def shared_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One real S3 server that tests share; each uses a bucket of its own, and nobody kills it."""
    with _running(S3Server, tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def own_s3(tmp_path: Path) -> Iterator[S3Server]:
    """A real S3 server of the test's own, to be killed and paused."""
    with _running(S3Server, tmp_path / "s3") as server:
        yield server


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A real Redis server of the test's own, to be killed and paused."""
    with _running(ValkeyServer, tmp_path / "valkey") as server:
        yield server


@contextmanager
def _running(kind: type[Server], folder: Path) -> Iterator[Server]:
    try:
        server = kind(folder)
    except CannotStart as error:
        pytest.skip(str(error))
    try:
        server.start()
        yield server
    finally:
        server.stop()
