"""Read requests to run executions again as strictly as REST reads their bodies: the same schemas, the same pointers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triggerflow.orchestrator.v1 import rerun_pb2 as pb
from triggerflow_chassis import jsontext, schemas
from triggerflow_chassis.errors import MAX_VIOLATIONS, Invalid, ServiceError, Violation
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.wire import freeform


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, in the words of the REST body, with what is wrong with it."""

    document: Mapping[str, Any]
    refusal: ServiceError | None
    """Where there is one, `inputs` in the document may be the text as it came."""

    def fingerprint(self, of: str = "") -> str:
        """Equal for requests that ask for the same, however their JSON is written. `of` is what the path names."""
        return hashlib.sha256(jsontext.canonical({**self.document, "of": of})).hexdigest()


def read_one(request: pb.RetryExecutionRequest | pb.PlanRetryRequest) -> Asked:
    """Never raises: a refusal must be told in its place, after a stored answer was looked for."""
    document: dict[str, Any] = {}
    if request.start:
        document["from"] = request.start
    if request.HasField("blueprint_version"):
        document["blueprintVersion"] = request.blueprint_version
    found: list[Violation] = []
    if request.HasField("inputs_json"):
        try:
            document["inputs"] = freeform.read(request.inputs_json, "/inputs")
        except ServiceError as error:
            document["inputs"] = request.inputs_json
            found.extend(error.violations)
    return _judged("retry", document, found, inputs_are_json=not found)


def read_many(request: pb.RetryExecutionsRequest) -> Asked:
    """Never raises."""
    document: dict[str, Any] = {"executionIds": [normalise(id) for id in request.execution_ids]}
    if request.start:
        document["from"] = request.start
    if request.HasField("blueprint_version"):
        document["blueprintVersion"] = request.blueprint_version
    return _judged("retries", document, [], inputs_are_json=True)


def _judged(schema: str, document: Mapping[str, Any], found: list[Violation], *, inputs_are_json: bool) -> Asked:
    inputs = document.get("inputs")
    # The schema says nothing about what is inside inputs, and walking through megabytes of them would take its time.
    free = isinstance(inputs, dict) or not inputs_are_json
    found.extend(schemas.violations(schema, {**document, "inputs": {}} if "inputs" in document and free else document))
    if "\0" in document.get("blueprintVersion", ""):
        found.append(Violation("/blueprintVersion", "Text may not contain U+0000. Remove it."))
    return Asked(document, Invalid(found[:MAX_VIOLATIONS]) if found else None)
