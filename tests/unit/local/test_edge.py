"""The edge's configuration is a template that anything can fill, and what it says by heart is what the code says."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from google.rpc import status_pb2
from triggerflow_bff.problems import KINDS, document
from triggerflow_chassis.errors import BY_REASON, ServiceError
from triggerflow_chassis.grpc.status import from_status
from triggerflow_local.edge import TEMPLATE, EdgeSettings, render

PLAIN = EdgeSettings(
    http="127.0.0.1:8484",
    grpc="127.0.0.1:8485",
    admin_port=8486,
    bff=["127.0.0.1:1"],
    registry=["registry.mesh:2"],
    orchestrator=["[::1]:3"],
    stream=["127.0.0.1:4", "127.0.0.1:5"],
)


def test_every_dollar_sign_begins_a_placeholder_so_that_a_chart_can_replace_them() -> None:
    text = TEMPLATE.read_text("utf-8")
    assert text.count("$") == len(re.findall(r"\$\{[A-Z_]+\}", text)) > 10
    assert "{{" not in text
    assert "$" not in render(PLAIN)


def test_what_is_filled_in_is_json() -> None:
    text = render(PLAIN)
    endpoints = re.findall(r"lb_endpoints: (\[.*?\])\}\]", text)
    addresses = [[each["endpoint"]["address"]["socket_address"] for each in json.loads(found)] for found in endpoints]
    assert addresses[1] == [{"address": "registry.mesh", "port_value": 2}]
    assert addresses[2] == [{"address": "::1", "port_value": 3}]
    assert [each["port_value"] for each in addresses[3]] == [4, 5]
    assert 'domains: ["127.0.0.1:8484", "localhost:8484"]' in text
    assert "tracing: null" in text


def test_with_the_schemes_own_port_the_host_may_come_without_it() -> None:
    text = render(EdgeSettings("127.0.0.1:80", "127.0.0.1:1", 2, [], [], [], []))
    assert '["127.0.0.1:80", "localhost:80", "127.0.0.1", "localhost"]' in text


def test_the_statuses_that_envoy_gives_are_ours() -> None:
    text = render(PLAIN)
    given = re.findall(r'value: (C[\w+/]+)\}\n(?:.|\n)*?inline_string: "([^"]+)"', text)
    assert len(given) == 6
    reasons = set()
    for details, message in given:
        status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
        error = from_status(status)
        assert error.detail == message == status.message
        reasons.add(error.reason)
    assert reasons == {"UNAVAILABLE", "TOO_MANY", "DEADLINE"}


def problems() -> list[dict[str, Any]]:
    found = []
    for block in re.findall(
        r"json_format:\n((?: +(?:type|title|status|detail|reason|traceId|errors): .*\n)+)", render(PLAIN)
    ):
        found.append({key: value.strip('"') for key, value in re.findall(r"^ +(\w+): (.*)$", block, re.MULTILINE)})
    return found


@pytest.mark.parametrize("problem", problems(), ids=lambda problem: problem["reason"])
def test_the_problems_that_envoy_gives_are_as_the_bff_gives_them(problem: dict[str, Any]) -> None:
    reason = problem["reason"]
    cls: type[ServiceError] = BY_REASON[reason]
    ours = document(cls.rebuild(problem["detail"], (), {}), "0" * 32)
    assert set(problem) == set(ours)
    assert (problem["type"], problem["title"]) == (ours["type"], KINDS[reason].title)
    # Where it tells several statuses alike, it says the one it gives.
    assert problem["status"] in (str(ours["status"]), "%RESPONSE_CODE%")
