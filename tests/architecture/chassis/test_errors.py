"""Every reason of the protocol has one class and one code, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.rpc import code_pb2
from triggerflow.errors.v1 import error_reason_pb2
from triggerflow_chassis import errors
from triggerflow_chassis.grpc.status import CODES

PROTO = Path(__file__).parents[3] / "proto/triggerflow/errors/v1/error_reason.proto"
REASONS = {
    name.removeprefix("ERROR_REASON_")
    for name in dict(error_reason_pb2.ErrorReason.items())
    if not name.endswith("UNSPECIFIED")
}


def test_every_reason_is_one_class_and_every_class_is_a_reason() -> None:
    assert set(errors.BY_REASON) == REASONS
    assert set(CODES) == REASONS
    assert all(cls.reason == reason for reason, cls in errors.BY_REASON.items())
    assert set(errors.BY_REASON.values()) == set(errors.ServiceError.__subclasses__()) & {
        value for value in vars(errors).values() if isinstance(value, type)
    }


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_documented_and_its_code_is_the_documented_one(reason: str) -> None:
    match = re.search(rf"((?:  //.*\n)+)  ERROR_REASON_{reason} = ", PROTO.read_text())
    assert match is not None
    codes = [name for name in re.findall(r"\b[A-Z_]{6,}\b", match[1]) if name in dict(code_pb2.Code.items())]
    if codes:
        assert code_pb2.Code.Name(CODES[reason]) == codes[-1]
    else:
        assert "REST 4" in match[1] or reason == "INTERNAL"
    assert errors.BY_REASON[reason].__doc__
