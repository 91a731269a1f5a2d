"""`tfcanvas mesh up` from its first line to its end, and the commands beside it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from running_mesh import Mesh
from running_product import Product, wait_for
from triggerflow_local.mesh.alone import running
from triggerflow_local.mesh.components import kafka, postgres, seaweedfs, valkey

pytestmark = pytest.mark.timeout(400)


def test_the_link_signs_a_browser_in_at_envoys_address(mesh: Mesh) -> None:
    assert mesh.link.startswith(f"{mesh.url}/canvas/?code=")
    with httpx.Client(follow_redirects=False, trust_env=False) as browser:
        entered = browser.get(mesh.link)
        assert entered.status_code in (302, 303)
        assert "HttpOnly" in entered.headers["set-cookie"]
        browser.cookies.update(entered.cookies)
        assert browser.get(f"{mesh.url}/flows").status_code == 200


def test_what_it_said_before_the_link_is_where_envoy_is(mesh: Mesh) -> None:
    said = mesh.home / "said"
    # A second start says the link alone, and ends.
    again = mesh.command("mesh", "up")
    said.write_text(again.stdout)
    assert again.returncode == 0
    (line,) = again.stdout.splitlines()
    assert line.startswith(f"{mesh.url}/canvas/?code=")
    assert line != mesh.link


def test_the_note_names_every_process_and_is_its_owners_alone(mesh: Mesh) -> None:
    path = mesh.home / "mesh" / "run.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    note = json.loads(path.read_text())
    assert mesh.process is not None
    assert note["pid"] == mesh.process.pid
    assert all(psutil.Process(pid).parent() == psutil.Process(note["pid"]) for pid in note["processes"].values())
    assert {"database", "redis", "kafka", "s3", "registry"} <= set(note["addresses"])


def test_every_listener_is_on_loopback(mesh: Mesh) -> None:
    for name, pid in mesh.pids().items():
        found = psutil.Process(pid).net_connections(kind="tcp")
        # gRPC's own sockets are of IPv6, with IPv4's addresses in them.
        places = {each.laddr.ip.removeprefix("::ffff:") for each in found if each.status == psutil.CONN_LISTEN}
        assert places <= {"127.0.0.1"}, name


def test_status_shows_every_process_and_how_much_waits(mesh: Mesh) -> None:
    shown = mesh.command("mesh", "status")
    assert shown.returncode == 0, shown.stderr
    for name in mesh.pids():
        assert name in shown.stdout
    assert "Waiting for a worker: 0 high, 0 normal, 0 low" in shown.stdout
    figures = json.loads(mesh.command("mesh", "status", "--json").stdout)
    assert {row["name"]: row["pid"] for row in figures["processes"]} == mesh.pids()
    assert all(row["memoryBytes"] > 1_000_000 for row in figures["processes"])
    assert {"worker-1", "worker-2"} <= {each["name"] for each in figures["load"]["workers"]}


def test_the_other_commands_find_the_mesh(mesh: Mesh) -> None:
    assert mesh.command("link").stdout.startswith(f"{mesh.url}/canvas/?code=")
    assert mesh.command("flow", "list").returncode == 0


def test_the_log_of_requests_is_bounded(mesh: Mesh) -> None:
    log = mesh.home / "mesh" / "logs" / "access.log"
    os.truncate(log, 40 * 1024 * 1024)
    wait_for(log.with_name("access.log.1").exists, what="a turn of the log")
    with mesh.client() as client:
        wait_for(lambda: client.get("/flows") and log.exists() and b"/flows" in log.read_bytes(), what="a new line")


def test_reset_refuses_while_it_runs(mesh: Mesh) -> None:
    refused = mesh.command("mesh", "reset", "--yes")
    assert refused.returncode == 1
    assert "is running" in refused.stderr
    assert (mesh.home / "mesh" / "postgres" / "data" / "PG_VERSION").exists()


def test_a_listener_that_is_not_loopback_is_refused_with_the_reason(mesh: Mesh, tmp_path: Path) -> None:
    refused = mesh.command("mesh", "up", TFCANVAS_BIND="0.0.0.0", TFCANVAS_HOME=str(tmp_path))
    assert refused.returncode == 1
    assert "until sign-in exists" in refused.stderr


@pytest.mark.parametrize("setting", ["TFCANVAS_PORT", "TFCANVAS_GRPC_PORT"])
def test_a_port_that_is_taken_ends_it_with_one_line_that_names_the_setting(
    mesh: Mesh, tmp_path: Path, setting: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = mesh.command("mesh", "up", **{setting: str(taken.getsockname()[1]), "TFCANVAS_HOME": str(tmp_path)})
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert setting in line


def test_flows_are_copied_from_local_mode_that_runs_beside_it(
    mesh: Mesh, make_product: Callable[..., Product], tmp_path: Path
) -> None:
    # The same folder, as a user has it: only the ports are others.
    local = Product(mesh.home, {})
    local.start()
    try:
        with local.client() as client:
            flow = client.post("/flows", json={"name": "First name"}).json()
            for name in ("First name", "Second name", "Draft name"):
                etag = client.get(f"/flows/{flow['id']}").headers["etag"]
                node = {"id": NODE, "type": "output", "name": name, "position": {"x": 1, "y": 2}, "handlers": {}}
                body = {"name": name, "nodes": [node]}
                assert client.put(f"/flows/{flow['id']}", json=body, headers={"If-Match": etag}).status_code == 200
                if name != "Draft name":
                    published = client.post(f"/flows/{flow['id']}/versions", json={"message": f"why {name}"})
                    assert published.status_code == 201, published.text
            here = _everything(client, flow["id"])
        copied = mesh.command("flow", "copy", "--from", "local", "--to", "mesh")
        assert copied.returncode == 0, copied.stderr
        assert "Draft name:" in copied.stdout
        assert "version 1, 2" in copied.stdout
        with mesh.client() as client:
            (there,) = [each for each in client.get("/flows").json()["items"] if each["name"] == "Draft name"]
            assert _everything(client, there["id"]) == here
        for source in ("local", local.url):
            again = mesh.command("flow", "copy", "--from", source, "--to", mesh.url)
            assert "is as here already" in again.stdout
        # Another computer knows nothing of what this one copied, and makes no second flow either.
        (mesh.home / "copies.json").unlink()
        again = mesh.command("flow", "copy", "--from", "local", "--to", "mesh")
        assert "is as here already" in again.stdout or "the draft" in again.stdout
        with mesh.client() as client:
            (same,) = [each for each in client.get("/flows").json()["items"] if each["name"] == "Draft name"]
            assert _everything(client, same["id"]) == here
        with mesh.client() as client:
            etag = client.get(f"/flows/{there['id']}").headers["etag"]
            client.put(f"/flows/{there['id']}", json={"name": "Changed there"}, headers={"If-Match": etag})
        again = mesh.command("flow", "copy", "--from", "local", "--to", "mesh")
        assert "was changed since it was copied, and is left as it is" in again.stdout
        with mesh.client() as client:
            assert client.get(f"/flows/{there['id']}").json()["name"] == "Changed there"
    finally:
        local.stop()


NODE = "7d0f2c1e-5f0a-4d57-9f43-2f4f8a0d6f10"


def _everything(client: httpx.Client, flow_id: str) -> tuple[object, ...]:
    drawn = ("name", "description", "nodes", "edges", "settings")
    draft = client.get(f"/flows/{flow_id}").json()
    versions = []
    for each in reversed(client.get(f"/flows/{flow_id}/versions").json()["items"]):
        one = client.get(f"/flows/{flow_id}/versions/{each['version']}").json()
        versions.append((one["version"], one["contentHash"], one["message"], _drawn(one["flow"], drawn)))
    return _drawn(draft, drawn), versions


def _drawn(flow: dict[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    kept = {key: flow[key] for key in keys if key in flow}
    # Counted by each server for itself.
    kept["nodes"] = [{**node, "version": None} for node in flow["nodes"]]  # type: ignore[attr-defined]
    return kept


def test_the_whole_mesh_ends_where_its_supervisor_is_killed_and_starts_again_with_its_data(
    make_mesh: Callable[..., Mesh],
) -> None:
    mesh = make_mesh().start()
    with mesh.client() as client:
        flow_id = client.post("/flows", json={"name": "Kept"}).json()["id"]
    families = [psutil.Process(pid).children(recursive=True) for pid in mesh.pids().values()]
    mesh.kill_supervisor()
    left = [*mesh.seen.values(), *(each for family in families for each in family)]
    wait_for(lambda: not [each for each in left if _alive(each)], what="the end of all")
    mesh.start()
    with mesh.client() as client:
        assert client.get(f"/flows/{flow_id}").json()["name"] == "Kept"
    assert mesh.stop() == 0
    assert mesh.left() == []
    assert not (mesh.home / "mesh" / "run.json").exists()
    # All of it is gone, and nothing else.
    cleared = mesh.command("mesh", "reset", "--yes")
    assert cleared.returncode == 0, cleared.stderr
    assert [each.name for each in (mesh.home / "mesh").iterdir()] == ["lock"]
    assert (mesh.home / "token").exists()


def test_a_stop_while_it_starts_leaves_nothing(make_mesh: Callable[..., Mesh]) -> None:
    mesh = make_mesh()
    mesh.home.mkdir(parents=True)
    with (mesh.home / "stderr.log").open("w") as log:
        process = subprocess.Popen(
            mesh.command_line(), env=mesh.environ(), stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
    standings = mesh.home / "mesh" / "processes.json"
    wait_for(lambda: standings.exists() and '"starting"' in standings.read_text(), what="a process that starts")
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said == b""
    assert not [each for each in family if _alive(each)]


def test_where_a_server_of_the_users_own_does_not_answer_nothing_is_started(make_mesh: Callable[..., Mesh]) -> None:
    mesh = make_mesh(REDIS_URL="redis://:hunter2@127.0.0.1:1/0")
    refused = mesh.command("mesh", "up")
    assert refused.returncode == 1
    assert "REDIS_URL: 127.0.0.1:1 does not answer" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert not (mesh.home / "mesh" / "processes.json").exists()


def test_servers_of_the_users_own_are_used_and_left_running(make_mesh: Callable[..., Mesh], tmp_path: Path) -> None:
    with ExitStack() as stack:
        own = {
            setting: stack.enter_context(running(server(tmp_path / setting)))
            for setting, server in (
                ("DATABASE_URL", postgres.server),
                ("REDIS_URL", valkey.server),
                ("KAFKA_BOOTSTRAP", kafka.server),
                ("S3_URL", seaweedfs.server),
            )
        }
        mesh = make_mesh(**{setting: each.url for setting, each in own.items()}).start()
        assert set(mesh.pids()) == {
            *("envoy", "registry", "orchestrator", "stream-1", "stream-2", "bff", "worker-1"),
        }
        with mesh.client() as client:
            assert client.post("/flows", json={"name": "Elsewhere"}).status_code == 201
        assert not (mesh.home / "mesh" / "postgres").exists()
        assert mesh.stop() == 0
        assert all(psutil.pid_exists(each.pid) for each in own.values())
        # Its data is theirs, so clearing the mesh's own leaves it.
        assert mesh.command("mesh", "reset", "--yes").returncode == 0
        mesh.start()
        with mesh.client() as client:
            assert [each["name"] for each in client.get("/flows").json()["items"]] == ["Elsewhere"]
        assert mesh.stop() == 0


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
