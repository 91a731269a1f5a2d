"""What can be said of a config without running it, and at which pointer."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_adapter_sdk import Catalogue

URL = "https://example.com"
DAILY = {"cron": "0 9 * * *", "timeZone": "UTC", "missed": "once"}
Config = dict[str, Any]


def problems(catalogue: Catalogue, reference: str, config: Config) -> list[tuple[str, bool]]:
    description = catalogue.describe(reference)
    assert description is not None
    return [(problem.pointer, problem.literal_secret) for problem in description.check_config(config)]


@pytest.mark.parametrize(
    ("reference", "config"),
    [
        ("core:manual", {}),
        ("core:manual", {"inputSchema": {"type": "object", "properties": {"a": {"type": "integer"}}}}),
        ("core:map", {"expression": "$sum(input.price)"}),
        ("core:map", {"expression": "$evaluate(1)"}),
        ("core:condition", {"expression": "input > 1 && has(inputs.b)"}),
        ("core:condition", {"expression": "double(input) > 1"}),
        ("core:condition", {"cases": [{"port": "a", "when": "input == 1"}, {"port": "true", "when": "false"}]}),
        ("core:parse", {"format": "csv"}),
        ("core:schedule", {"cron": "30 2 * * *", "timeZone": "Europe/Berlin", "missed": "all"}),
        ("core:schedule", {**DAILY, "limits": {"debounceSeconds": 5, "key": "inputs.dueAt"}}),
        ("core:schedule", {**DAILY, "limits": {"concurrency": {"count": 1, "surplus": "cancelOldest"}}}),
        ("core:parse", {"format": {"$expr": "format"}}),
        ("http:request", {"method": "GET", "url": URL}),
        ("http:request", {"method": "GET", "url": {"$expr": "input.url"}, "query": {"$expr": "input.query"}}),
        ("http:request", {"method": "POST", "url": URL, "body": {"a": [{"$expr": "input"}, {"$expr": 1, "b": 2}]}}),
        (
            "http:request",
            {"method": "GET", "url": URL, "headers": {"authorization": {"$env": "KEY", "prefix": "Bearer "}}},
        ),
        ("http:request", {"method": "GET", "url": URL, "headers": {"X-Any": {"$env": "KEY"}}}),
        ("http:request", {"method": "GET", "url": URL, "headers": {"$expr": "input.headers"}}),
        ("allowed.module.function", {"anything": [1, {"x": None}]}),
    ],
)
def test_a_config_that_may_run_has_no_problem(catalogue: Catalogue, reference: str, config: Config) -> None:
    assert problems(catalogue, reference, config) == []


@pytest.mark.parametrize(
    ("reference", "config", "pointer"),
    [
        ("core:manual", {"inputSchema": {"type": "nonsense"}}, "/inputSchema"),
        ("core:manual", {"inputSchema": {"$ref": "http://127.0.0.1:1/schema"}}, "/inputSchema"),
        ("core:manual", {"surplus": 1}, "/surplus"),
        ("core:map", {}, "/expression"),
        ("core:map", {"expression": 5}, "/expression"),
        ("core:map", {"expression": "$sum("}, "/expression"),
        ("core:map", {"expression": "  "}, "/expression"),
        ("core:map", {"expression": "$eval('1')"}, "/expression"),
        ("core:map", {"expression": "/* $eval */ 1"}, "/expression"),
        ("core:map", {"expression": "'$eval'"}, "/expression"),
        ("core:map", {"expression": {"$expr": "input"}}, "/expression"),
        ("core:condition", {}, ""),
        ("core:condition", {"expression": "true", "cases": []}, "/cases"),
        ("core:condition", {"expression": "input >"}, "/expression"),
        ("core:condition", {"cases": [{"port": "a", "when": "true"}, {"port": "a", "when": "true"}]}, "/cases/1/port"),
        ("core:condition", {"cases": [{"port": "default", "when": "true"}]}, "/cases/0/port"),
        ("core:condition", {"cases": [{"port": "while", "when": "true"}]}, "/cases/0/port"),
        ("core:condition", {"cases": [{"port": "A-b", "when": "true"}]}, "/cases/0/port"),
        ("core:condition", {"cases": [{"port": "a", "when": "x("}]}, "/cases/0/when"),
        ("core:parse", {"format": "xml"}, "/format"),
        ("core:schedule", {**DAILY, "cron": "61 * * * *"}, "/cron"),
        ("core:schedule", {**DAILY, "cron": "0 0 30 2 *"}, "/cron"),
        ("core:schedule", {**DAILY, "timeZone": "Europe/Nowhere"}, "/timeZone"),
        ("core:schedule", {**DAILY, "missed": "perhaps"}, "/missed"),
        ("core:schedule", {**DAILY, "limits": {}}, "/limits"),
        ("core:schedule", {**DAILY, "limits": {"key": "inputs.dueAt"}}, "/limits/key"),
        ("core:schedule", {**DAILY, "limits": {"debounceSeconds": 5, "key": "nothing"}}, "/limits/key"),
        ("core:schedule", {**DAILY, "limits": {"throttle": {"count": 1}}}, "/limits/throttle/seconds"),
        (
            "core:schedule",
            {**DAILY, "limits": {"singleton": "drop", "concurrency": {"count": 1, "surplus": "drop"}}},
            "/limits/singleton",
        ),
        ("http:request", {"method": "BREW", "url": URL}, "/method"),
        ("http:request", {"url": URL}, "/method"),
        ("http:request", {"method": "GET", "url": "ftp://example.com"}, "/url"),
        ("http:request", {"method": "GET", "url": "https://user:pass@example.com"}, "/url"),
        ("http:request", {"method": "GET", "url": URL, "timeoutSeconds": 0}, "/timeoutSeconds"),
        ("http:request", {"method": "GET", "url": URL, "headers": {"X": "a\r\nY: b"}}, "/headers/X"),
        ("http:request", {"method": "GET", "url": URL, "headers": {"a b": "x"}}, "/headers"),
        ("http:request", {"method": "GET", "url": URL, "headers": {"Host": "x"}}, "/headers/Host"),
        ("http:request", {"method": "GET", "url": URL, "body": {"key": {"$env": "KEY"}}}, "/body/key"),
        ("http:request", {"method": "GET", "url": {"$env": "KEY"}}, "/url"),
        ("http:request", {"method": "GET", "url": {"$expr": "a("}}, "/url/$expr"),
        ("http:request", {"method": "GET", "url": {"$expr": 5}}, "/url/$expr"),
        ("http:request", {"method": "GET", "url": {"$expr": "$eval(input)"}}, "/url/$expr"),
        (
            "http:request",
            {"method": "GET", "url": URL, "headers": {"Cookie": {"$env": "A", "prefix": "é"}}},
            "/headers/Cookie/prefix",
        ),
        ("http:request", {"method": "GET", "url": URL, "headers": {"X": {"$env": "not a name"}}}, "/headers/X/$env"),
        ("allowed.module.function", {"token": {"$env": "KEY"}}, "/token"),
    ],
)  # fmt: skip
def test_a_problem_is_told_at_the_member_itself(
    catalogue: Catalogue, reference: str, config: Config, pointer: str
) -> None:
    assert (pointer, False) in problems(catalogue, reference, config)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "PROXY-AUTHORIZATION", "Cookie", "x-api-key"])
@pytest.mark.parametrize("value", ["sk-live-123", {"$expr": "input.key"}, "", 5, None, {"$env": 5}])
def test_a_secret_header_refuses_literals_and_expressions(catalogue: Catalogue, name: str, value: Any) -> None:
    found = problems(catalogue, "http:request", {"method": "GET", "url": URL, "headers": {name: value}})
    assert (f"/headers/{name}", True) in found


def test_the_condition_names_the_ports_that_its_node_declares(catalogue: Catalogue) -> None:
    description = catalogue.describe("core:condition")
    assert description is not None
    node: Config = {
        "type": "condition",
        "handlers": {
            "main": {"entrypoint": "core:condition", "config": {"cases": [{"port": "a", "when": "input == 1"}]}}
        },
        "ports": {"outputs": [{"key": "a", "label": "A"}, {"key": "default", "label": "Else"}]},
    }
    assert description.check_node(node) == []
    node["ports"]["outputs"] = [{"key": "a", "label": "A"}, {"key": "b", "label": "B"}]
    assert {problem.pointer for problem in description.check_node(node)} == {"/ports/outputs/1", "/ports/outputs"}


def test_a_condition_may_use_its_input_ports_only(catalogue: Catalogue) -> None:
    description = catalogue.describe("core:condition")
    assert description is not None
    node: Config = {
        "type": "condition",
        "handlers": {"main": {"entrypoint": "core:condition", "config": {"expression": "left > right"}}},
        "ports": {"inputs": [{"key": "left", "label": "L", "type": "any"}]},
    }
    assert [problem.pointer for problem in description.check_node(node)] == ["/handlers/main/config/expression"]
    node["ports"]["inputs"].append({"key": "right", "label": "R", "type": "any"})
    assert description.check_node(node) == []


@pytest.mark.parametrize("path", ["os.system", "allowedx.f", "allowed", "allowed..f", "allowed.__class__", "no:colon"])
def test_a_path_outside_the_allowed_modules_is_unknown(catalogue: Catalogue, path: str) -> None:
    assert catalogue.describe(path) is None
    assert catalogue.explain_unknown(path)


def test_the_refusal_of_a_path_names_the_setting(catalogue: Catalogue) -> None:
    assert "TFCANVAS_PYTHON_MODULES" in catalogue.explain_unknown("os.system")


def test_the_palette_offers_every_built_in_node_and_no_function(catalogue: Catalogue) -> None:
    assert [handler.reference for handler in catalogue.handlers()] == [
        "core:approval", "core:channel", "core:chat", "core:condition", "core:event", "core:form", "core:manual",
        "core:map", "core:output", "core:parse", "core:schedule", "core:subflow", "core:timer", "core:webhook",
        "http:request", "kafka:topic",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "config", "pointer", "message"),
    [
        ("http:request", {"method": "GET", "url": ""}, "/url", "Fill this in."),
        (
            "http:request",
            {"method": "GET", "url": "example.com"},
            "/url",
            "Write the whole address, beginning with http:// or https://.",
        ),
        ("http:request", {"method": "GET"}, "/url", "Fill this in."),
        ("http:request", {"method": "GET", "url": URL, "x": 1}, "/x", "There is no such setting here. Remove it."),
        (
            "http:request",
            {"method": "GET", "url": URL, "headers": {"X": {"$env": "A B"}}},
            "/headers/X/$env",
            "This is no name of an environment variable. Use letters, digits and underscores, such as API_KEY.",
        ),
        (
            "http:request",
            {"method": "GET", "url": URL, "query": {"q": {}}},
            "/query/q",
            "This fits none of the forms it may have.",
        ),
        ("core:map", {"expression": ""}, "/expression", "Fill this in."),
        ("core:condition", {"expression": " "}, "/expression", "Fill this in."),
    ],
)
def test_a_place_has_one_problem_the_one_that_helps(
    catalogue: Catalogue, reference: str, config: Config, pointer: str, message: str
) -> None:
    description = catalogue.describe(reference)
    assert description is not None
    assert [(p.pointer, p.message) for p in description.check_config(config)] == [(pointer, message)]


@pytest.mark.parametrize(
    ("reference", "config"),
    [
        ("core:condition", {"expression": "input >"}),
        (
            "core:condition",
            {"expression": "1", "cases": [{"port": "default", "when": "true"}, {"port": "in", "when": 1}]},
        ),
        ("core:map", {"expression": "$sum("}),
        ("core:map", {"expression": "$eval('1')"}),
        ("core:manual", {"inputSchema": {"type": "nonsense"}}),
        ("core:parse", {"format": "xml"}),
        (
            "http:request",
            {"method": "LOOK", "url": "http://u:p@x/", "headers": {"Host": "a", "host": "b", "Cookie": "c"}},
        ),
        ("http:request", {"method": 1, "url": 2, "timeoutSeconds": 0, "headers": {"X": {"$env": 1}}, "query": []}),
    ],
)
def test_what_is_wrong_is_told_in_sentences(catalogue: Catalogue, reference: str, config: Config) -> None:
    description = catalogue.describe(reference)
    assert description is not None
    found = description.check_config(config)
    assert found
    for problem in found:
        first = problem.message.split(" ", 1)[0]
        assert problem.message.endswith("."), problem
        assert not (first.isalpha() and first.islower()), problem
