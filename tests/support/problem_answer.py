"""Assert that an answer is the problem that was expected. CONTRACT section 1, "Problem"."""

from __future__ import annotations

from typing import Any

import httpx


def refused(answer: httpx.Response, status: int, reason: str | None, *pointers: str) -> dict[str, Any]:
    """The problem. Where pointers are given, its errors stand at exactly these, in any order."""
    assert answer.status_code == status, (answer.status_code, answer.text[:600])
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "reason", "traceId", "errors"} <= set(problem), problem
    assert problem["status"] == status
    if reason is not None:
        assert problem["reason"] == reason, problem
    assert problem["type"] == f"urn:triggerflow:problem:{problem['reason']}"
    for text in ("title", "detail", "traceId"):
        assert isinstance(problem[text], str) and problem[text], problem
    assert len(problem["errors"]) <= 100
    for error in problem["errors"]:
        assert set(error) == {"pointer", "message"} and error["message"], error
    if pointers:
        found = sorted({error["pointer"] for error in problem["errors"]})
        assert found == sorted(pointers), problem["errors"]
    return problem
