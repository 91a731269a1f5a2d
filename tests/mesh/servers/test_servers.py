"""Each server of the mesh comes up, keeps what it was given through kill -9, and is on loopback only."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
import redis
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from obstore.store import S3Store
from running_product import wait_for
from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.alone import Alone, running
from triggerflow_local.mesh.component import Component
from triggerflow_local.mesh.components import kafka, postgres, seaweedfs, valkey

SERVERS = {"postgres": postgres.server, "valkey": valkey.server, "kafka": kafka.server, "seaweedfs": seaweedfs.server}


@pytest.fixture(params=SERVERS)
def component(request: pytest.FixtureRequest, tmp_path: Path) -> Component:
    try:
        return SERVERS[request.param](tmp_path / request.param)
    except CannotStart as error:
        pytest.skip(str(error))


def test_what_a_server_was_given_is_there_after_kill_9_at_the_same_address(component: Component) -> None:
    with running(component) as server:
        keep, kept = KEEPERS[component.name]
        keep(server.url)
        server.kill()
        server.start()
        assert kept(server.url)


def test_what_a_server_was_given_is_there_after_a_stop(component: Component) -> None:
    keep, kept = KEEPERS[component.name]
    with running(component) as server:
        keep(server.url)
        server.stop()
        server.start()
        assert kept(server.url)


def test_a_server_listens_on_loopback_only(component: Component) -> None:
    with running(component) as server:
        listening = [each.laddr.ip for each in _process(server).net_connections() if each.status == "LISTEN"]
        assert set(listening) == {"127.0.0.1"}


def test_no_process_is_left_after_a_kill_and_a_stop(component: Component) -> None:
    with running(component) as server:
        family = [_process(server), *_process(server).children(recursive=True)]
        server.kill()
        # Those of a killed PostgreSQL go when they notice; a new start is not held up by them.
        server.start()
        assert not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        family = [_process(server), *_process(server).children(recursive=True)]
        server.stop()
        wait_for(lambda: not [each for each in family if each.is_running()], what="the end of all")


def test_a_server_ends_with_whoever_started_it(component: Component) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, component.name, str(component.folder)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    server = psutil.Process(int(starter.stdout.readline()))
    family = [server, *server.children(recursive=True)]
    starter.kill()
    starter.wait()
    starter.stdout.close()
    wait_for(lambda: not [each for each in family if each.is_running()], what="the end of all")
    with running(component):
        pass


STARTER = """
import importlib, signal, sys
from pathlib import Path
from triggerflow_local.mesh.alone import running
server = importlib.import_module("triggerflow_local.mesh.components." + sys.argv[1]).server
with running(server(Path(sys.argv[2]))) as started:
    print(started.pid, flush=True)
    signal.pause()
"""


def test_a_long_statement_of_a_killed_postgres_does_not_keep_a_new_one_from_starting(tmp_path: Path) -> None:
    with running(postgres.server(tmp_path / "postgres")) as server:

        async def busy() -> psutil.Process:
            connection = await asyncpg.connect(server.url)
            try:
                pid = await connection.fetchval("select pg_backend_pid()")
                # It computes, and so never waits for anything at which it would notice the end of its parent.
                counting = asyncio.ensure_future(
                    connection.fetchval("select count(*) from generate_series(1, 10000000000)")
                )
                backend = psutil.Process(pid)
                while backend.cpu_times().user < 0.2:
                    await asyncio.sleep(0.01)
                assert not counting.done()
                # Not `server.kill()`, which clears up behind it: somebody else's kill -9 does not.
                server.signal(signal.SIGKILL)
                assert backend.is_running()
                connection.terminate()
                await asyncio.wait([counting])
                counting.exception()
                return backend
            finally:
                connection.terminate()

        backend = asyncio.run(busy())
        server.start()
        assert not backend.is_running()


def test_a_postgres_note_whose_id_is_another_programs_by_now_keeps_nobody_from_starting(tmp_path: Path) -> None:
    with running(postgres.server(tmp_path / "postgres")) as server:
        server.kill()
        note = tmp_path / "postgres" / "data" / "postmaster.pid"
        lines = note.read_text().splitlines()
        note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        server.start()


def test_data_of_another_postgres_is_left_alone_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    with (
        pytest.raises(CannotStart, match=r"PostgreSQL 15, here is 18\..*make mesh-reset"),
        running(postgres.server(tmp_path / "postgres")),
    ):
        pass
    assert (data / "PG_VERSION").read_text() == "15\n"


def test_a_start_on_a_taken_port_fails_with_the_server_s_own_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(CannotStart, match=r"valkey .*\n(.*\n)*.*in use"),
            running(valkey.server(tmp_path / "valkey", port)),
        ):
            pass


def test_a_server_without_its_password_is_refused(tmp_path: Path) -> None:
    with running(postgres.server(tmp_path / "postgres")) as server:
        address = urlsplit(server.url)
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asyncpg.connect(host="127.0.0.1", port=address.port, user="triggerflow", password="guess"))
    with running(valkey.server(tmp_path / "valkey")) as server, pytest.raises(redis.AuthenticationError):
        redis.Redis(port=urlsplit(server.url).port or 0).ping()


def _process(server: Alone) -> psutil.Process:
    return psutil.Process(server.pid)


def _postgres(url: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def _s3(url: str) -> S3Store:
    address = urlsplit(url)
    return S3Store(
        address.path.strip("/"),
        endpoint=f"http://127.0.0.1:{address.port}",
        access_key_id=address.username,
        secret_access_key=address.password,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def _produce(bootstrap: str) -> None:
    # In a name of its own: a client that nobody holds answers nothing.
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic("kept", num_partitions=1)])["kept"].result(10)
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    producer.produce("kept", b"value")
    assert producer.flush(10) == 0


def _consume(bootstrap: str) -> bool:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe(["kept"])
    try:
        record = consumer.poll(20)
        return record is not None and record.error() is None and record.value() == b"value"
    finally:
        consumer.close()


def _set(url: str) -> None:
    client = redis.Redis.from_url(url)
    client.set("kept", "value")
    # The file is synced every second; this waits until it was.
    assert client.waitaof(1, 0, 5_000) == [1, 0]


KEEPERS: dict[str, tuple[Callable[[str], object], Callable[[str], object]]] = {
    "postgres": (
        lambda url: _postgres(url, "create table kept as select 'value' as value"),
        lambda url: _postgres(url, "select value from kept") == "value",
    ),
    "valkey": (_set, lambda url: redis.Redis.from_url(url).get("kept") == b"value"),
    "kafka": (_produce, _consume),
    "seaweedfs": (
        lambda url: _s3(url).put("kept", b"value"),
        lambda url: _s3(url).get("kept").bytes() == b"value",
    ),
}
