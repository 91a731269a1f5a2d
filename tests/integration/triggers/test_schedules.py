"""Schedules of a running product: their page, pauses, runs now, what was missed while it was down, once each."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for

MINUTE = 60_000_000


def drawn(name: str, cron: str = "0 0 1 1 *", missed: str = "once", zone: str = "UTC", **limits: Any) -> Drawing:
    drawing = Drawing(name)
    config = {"cron": cron, "timeZone": zone, "missed": missed, **({"limits": limits} if limits else {})}
    drawing.node("trigger", "clock", "core:schedule", config=config)
    drawing.node("output", "result")
    drawing.wire("clock", "result")
    return drawing


def publish(client: httpx.Client, drawing: Drawing) -> str:
    flow = client.post("/flows", json=drawing.body()).raise_for_status().json()
    assert flow["problems"] == []
    client.post(f"/flows/{flow['id']}/versions").raise_for_status()
    return f"/schedules/{flow['id']}/{drawing.ids['clock']}"


def runs_of(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/executions", params={"flowId": path.split("/")[2]}).json()["items"]
    return items


def test_a_published_schedule_is_listed_with_what_it_means(client: httpx.Client) -> None:
    path = publish(client, drawn("Listed", "30 2 * * *", zone="Europe/Berlin"))
    found = client.get(path).json()
    assert found["flowName"] == "Listed" and found["nodeName"] == "clock"
    assert (found["cron"], found["timeZone"], found["missed"]) == ("30 2 * * *", "Europe/Berlin", "once")
    assert found["sentence"] == "At 02:30 every day"
    assert found["paused"] is False and found["lastAt"] is found["lastExecutionId"] is None
    assert found in client.get("/schedules", params={"pageSize": 250}).json()["items"]

    fires = client.get(f"{path}/fires", params={"pageSize": 3}).json()
    assert [each["status"] for each in fires["items"]] == ["upcoming"] * 3
    assert fires["items"][0]["dueAt"] == found["nextAt"]
    more = client.get(f"{path}/fires", params={"pageSize": 3, "pageToken": fires["nextPageToken"]}).json()
    assert more["items"][0]["dueAt"] > fires["items"][2]["dueAt"]


def test_an_unpublished_one_is_not_there(client: httpx.Client) -> None:
    drawing = drawn("Draft")
    flow = client.post("/flows", json=drawing.body()).json()
    refused(client.get(f"/schedules/{flow['id']}/{drawing.ids['clock']}"), 404, "NOT_FOUND")
    refused(client.post(f"/schedules/{flow['id']}/{uuid.uuid4()}/run"), 404, "NOT_FOUND")


def test_what_cannot_fire_is_a_problem_at_its_field(client: httpx.Client) -> None:
    flow = client.post("/flows", json=drawn("Wrong", "0 0 30 2 *", zone="Mars/Olympus").body()).json()
    told = {problem["pointer"]: problem["reason"] for problem in flow["problems"]}
    assert told == {
        "/nodes/0/handlers/main/config/cron": "CONFIG_INVALID",
        "/nodes/0/handlers/main/config/timeZone": "CONFIG_INVALID",
    }


def test_a_preview_says_what_an_expression_means(client: httpx.Client) -> None:
    asked = {"cron": "0 9 * * MON-FRI", "timeZone": "America/New_York", "count": 2}
    found = client.get("/schedules/preview", params=asked).json()
    assert found["sentence"] == "At 09:00 on Monday through Friday" and len(found["next"]) == 2
    for wrong in ({"cron": "0 9 * *"}, {"cron": "0 9 * * *", "timeZone": "Nowhere"}, {}):
        refused(client.get("/schedules/preview", params=wrong), 400, "BAD_PARAMETER")


def test_run_now_starts_one_run_paused_or_not(client: httpx.Client) -> None:
    path = publish(client, drawn("Now"))
    assert client.post(f"{path}/pause").json()["paused"] is True
    assert client.get(path).json()["nextAt"] is None
    assert client.get(f"{path}/fires").json()["items"] == []
    key = {"Idempotency-Key": str(uuid.uuid4())}
    fired = [client.post(f"{path}/run", headers=key) for _ in range(2)]
    assert [each.status_code for each in fired] == [202, 202]
    assert fired[0].json() == fired[1].json() and fired[0].json()["status"] == "started"
    run = fired[0].json()["executionId"]
    ended = wait_for(lambda: _ended(client, run), what="the run's end")
    assert ended["outputs"]["result"]["reason"] == "runNow"
    assert [each["id"] for each in runs_of(client, path)] == [run]
    past = client.get(f"{path}/fires", params={"status": "past"}).json()["items"]
    assert [each["executionId"] for each in past] == [run]
    assert client.get(path).json()["lastExecutionId"] == run


def test_a_pause_outlives_a_new_version_and_resumed_it_is_due_again(client: httpx.Client) -> None:
    drawing = drawn("Paused")
    path = publish(client, drawing)
    client.post(f"{path}/pause")
    flow = path.split("/")[2]
    drawing.nodes[0]["handlers"]["main"]["config"]["cron"] = "0 0 2 1 *"
    client.put(f"/flows/{flow}", json=drawing.body(), headers={"If-Match": "*"}).raise_for_status()
    client.post(f"/flows/{flow}/versions").raise_for_status()
    again = client.get(path).json()
    assert (again["cron"], again["paused"], again["nextAt"]) == ("0 0 2 1 *", True, None)
    assert client.post(f"{path}/resume").json()["nextAt"] is not None


def test_a_run_over_the_limits_is_told_why(client: httpx.Client) -> None:
    path = publish(client, drawn("Limited", rateLimit={"count": 1, "seconds": 3600}))
    assert client.post(f"{path}/run").json()["status"] == "started"
    dropped = client.post(f"{path}/run").json()
    assert (dropped["status"], dropped["reason"]) == ("dropped", "rate limit: 1 starts within 3600 s")
    missed = client.get(f"{path}/fires", params={"status": "missed"}).json()["items"]
    assert [each["reason"] for each in missed] == [dropped["reason"]]


def test_a_deleted_flow_takes_its_schedule_with_it(client: httpx.Client) -> None:
    path = publish(client, drawn("Deleted"))
    client.delete(f"/flows/{path.split('/')[2]}", headers={"If-Match": "*"}).raise_for_status()
    refused(client.get(path), 404, "NOT_FOUND")


# What follows has a product of its own.


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "home")
    yield product.start()
    product.stop()


def late(product: Product, minutes: int) -> None:
    """As if the product had been down so long, with its schedule due all the while. It must not run."""
    with closing(sqlite3.connect(product.home / "orchestrator.sqlite3")) as database, database:
        database.execute("UPDATE schedules SET next_at = next_at - ?", (minutes * MINUTE,))


def test_after_a_stop_what_was_missed_runs_by_policy_once_through_kills(alone: Product) -> None:
    with alone.client() as client:
        path = publish(client, drawn("Every minute", "* * * * *", "all"))
        client.get(path).raise_for_status()
    alone.kill()
    late(alone, 5)
    for _ in range(2):
        # Killed at once: wherever it was, nothing is fired twice or lost.
        alone.start()
        alone.kill()
    alone.start()
    with alone.client() as client:

        def done() -> list[dict[str, Any]] | None:
            found = client.get(f"{path}/fires", params={"status": "past"}).json()["items"]
            return found if len(found) >= 5 and all(each["status"] == "started" for each in found) else None

        fires = wait_for(done, what="five runs")
        dues = [each["dueAt"] for each in fires]
        assert dues == sorted(set(dues), reverse=True)
        runs = runs_of(client, path)
        assert sorted(each["executionId"] for each in fires) == sorted(each["id"] for each in runs)
        reasons = sorted(each["inputs"]["reason"] for each in runs)
        assert reasons.count("missed") >= 3 and set(reasons) <= {"due", "missed"}
        assert {each["context"].get("userId") for each in runs} == {None}


@pytest.mark.slow
def test_a_minute_that_comes_starts_one_run(alone: Product) -> None:
    with alone.client() as client:
        path = publish(client, drawn("Every minute", "* * * * *"))
        due = client.get(path).json()["nextAt"]
        run = wait_for(lambda: runs_of(client, path), seconds=75, what="the next minute")[0]
        assert run["inputs"]["dueAt"] == due and run["inputs"]["reason"] == "due"
        assert run["createdAt"] >= due
        assert client.get(path).json()["lastAt"] == due


def test_the_command_lists_pauses_and_runs(alone: Product) -> None:
    with alone.client() as client:
        path = publish(client, drawn("Nightly", "30 2 * * *", zone="Europe/Berlin"))
        client.get(path).raise_for_status()

    def command(*arguments: str) -> str:
        tfcanvas = Path(sys.executable).parent / "tfcanvas"
        environment = {"TFCANVAS_HOME": str(alone.home), "COLUMNS": "200", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [tfcanvas, "schedules", *arguments], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    listed = command("list")
    assert "Nightly" in listed and "At 02:30 every day" in listed
    assert "paused" in command("pause", "Nightly")
    assert "paused" in command("list")
    assert "run " in command("run", "Nightly/clock")
    assert "resumed 1 schedules" in command("resume", "--all")
    assert "started" in command("fires", "Nightly", "--status", "past")


def _ended(client: httpx.Client, run: str) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"/executions/{run}").json()
    return found if found["endedAt"] else None
