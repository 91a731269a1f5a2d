"""Read a StartExecutionRequest as strictly as REST reads its body: the same schema, the same pointers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triggerflow.orchestrator.v1 import execution_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow_chassis import jsontext, schemas
from triggerflow_chassis.errors import MAX_VIOLATIONS, Invalid, ServiceError, Violation
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.wire import execution as wire
from triggerflow_chassis.wire import freeform

_SCHEMA: Final = "execution-request"


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What was asked for, in the words of the REST body, with what is wrong with it."""

    document: Mapping[str, Any]
    trigger_node_id: str | None
    refusal: ServiceError | None
    """Where there is one, `inputs` in the document may be the text as it came."""

    @property
    def fingerprint(self) -> str:
        """Equal for requests that ask for the same, however their JSON is written."""
        asked = {**self.document, "trigger": self.trigger_node_id}
        return hashlib.sha256(jsontext.canonical(asked)).hexdigest()


def read(request: pb.StartExecutionRequest) -> StartRequest:
    """Never raises: a refusal must be told in its place, after a stored answer was looked for."""
    document: dict[str, Any] = {"flowId": normalise(request.flow_id)}
    if request.HasField("blueprint_version"):
        document["blueprintVersion"] = request.blueprint_version
    if request.HasField("context"):
        document["context"] = wire.context_to_json(request.context)
    if request.HasField("options"):
        document["executionOptions"] = _given(request.options)
    trigger = request.trigger_node_id if request.HasField("trigger_node_id") else None
    refusal: ServiceError | None = None
    try:
        document["inputs"] = freeform.read(request.inputs_json, "/inputs") if request.inputs_json else {}
    except ServiceError as error:
        document["inputs"] = request.inputs_json
        refusal = error
    found = [*(refusal.violations if refusal is not None else ()), *_violations(document, refusal is None)]
    if found:
        refusal = Invalid(found[:MAX_VIOLATIONS])
    return StartRequest(document, trigger, refusal)


def _violations(document: Mapping[str, Any], inputs_are_json: bool) -> Iterator[Violation]:
    inputs = document["inputs"]
    # The schema says nothing about what is inside inputs, and walking through megabytes of them would take its time.
    judged = {} if isinstance(inputs, dict) or not inputs_are_json else inputs
    yield from schemas.violations(_SCHEMA, {**document, "inputs": judged})
    if inputs_are_json and isinstance(inputs, dict) and "$value" in inputs:
        yield Violation("/inputs/$value", "This name is kept for references. Choose another one.")
    context = document.get("context", {})
    texts = {"/context/userId": context.get("userId", ""), "/blueprintVersion": document.get("blueprintVersion", "")}
    texts.update((f"/context/labels/{index}", label) for index, label in enumerate(context.get("labels", ())))
    for pointer, text in texts.items():
        if "\0" in text:
            yield Violation(pointer, "Text may not contain U+0000. Remove it.")


def _given(options: execution_pb2.ExecutionOptions) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.HasField("async"):
        found["async"] = getattr(options, "async")  # a word of Python, hence getattr
    if options.HasField("timeout_seconds"):
        found["timeoutSeconds"] = options.timeout_seconds
    if options.HasField("trace"):
        found["trace"] = options.trace
    return found
