"""Every reason has its answer, and generated code stays with the clients."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest
import triggerflow_bff
from openapi_spec_validator import validate
from triggerflow.errors.v1.error_reason_pb2 import ErrorReason
from triggerflow_bff import openapi
from triggerflow_bff.asyncapi import CLOSE_CODES
from triggerflow_bff.problems import KINDS
from triggerflow_bff.routes import ROUTES
from triggerflow_bff.table import Operation, Reply, Resource
from triggerflow_chassis.errors import BY_REASON

PACKAGE = Path(triggerflow_bff.__file__).parent


def test_every_reason_of_the_protocol_has_a_status_and_every_error_a_reason() -> None:
    named = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert set(KINDS) == named
    assert set(BY_REASON) <= named
    assert {kind.close_code for kind in KINDS.values()} <= set(CLOSE_CODES)


def test_the_openapi_document_is_valid() -> None:
    validate(openapi.document(ROUTES))


async def _handler(call: object) -> object:
    return call


@pytest.mark.parametrize(
    "operation",
    [
        Operation("GET", _handler, "", (Reply(200, "It is."),)),  # type: ignore[arg-type]
        Operation("GET", _handler, "It answers", ()),  # type: ignore[arg-type]
        Operation("GET", _handler, "It answers", (Reply(200, "It is.", "NoSuchSchema"),)),  # type: ignore[arg-type]
        Operation("POST", _handler, "It takes", (Reply(200, "It is."),), body="NoSuchSchema"),  # type: ignore[arg-type]
    ],
)
def test_a_route_that_nobody_documented_fails(operation: Operation) -> None:
    routes: Sequence[Resource] = (Resource("/x", "X", (operation,)),)
    with pytest.raises(ValueError, match=r"documentation|NoSuchSchema"):
        openapi.document(routes)


def test_only_the_clients_import_generated_code() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        for statement in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = (
                [statement.module or ""]
                if isinstance(statement, ast.ImportFrom)
                else [alias.name for alias in statement.names]
                if isinstance(statement, ast.Import)
                else []
            )
            if any(name == "triggerflow" or name.startswith("triggerflow.") for name in names):
                found.append(file.relative_to(PACKAGE).parts[0])
    assert set(found) == {"clients"}
