"""Hold every answer against the OpenAPI document that the product itself publishes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema_rs


def _pattern(path: str) -> re.Pattern[str]:
    # {path} stands for all that is left, slashes included, and for nothing.
    known = re.escape(path).replace(r"\{path\}", ".*")
    return re.compile("^" + re.sub(r"\\\{[^/]+?\\\}", "[^/]+", known) + "$")


class PublishedApi:
    """The document of one running product, as a check of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[tuple[str, str, int]] = set()
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._paths = [
            (_pattern(path), path) for path in sorted(document["paths"], key=lambda path: (path.count("{"), -len(path)))
        ]

    def path_of(self, path: str) -> str | None:
        """The documented path that an address belongs to."""
        return next((shown for pattern, shown in self._paths if pattern.match(path)), None)

    def check(self, answer: httpx.Response) -> None:
        """Fail where the answer is not documented, or its body not what the document says."""
        request = answer.request
        path, method = self.path_of(request.url.path), request.method.lower()
        if path is None or (request.url.path.startswith("/canvas/") and answer.status_code >= 400):
            return
        operation = self.document["paths"][path].get(method)
        if operation is None:
            assert answer.status_code in (401, 403, 404, 405) or method in ("head", "options"), (method, path)
            return
        status = answer.status_code
        self.seen.add((method, path, status))
        responses = operation["responses"]
        assert str(status) in responses, f"{method} {path} answered {status}, which openapi.json does not know"
        content = responses[str(status)].get("content")
        if content is None:
            assert answer.headers.get("content-length", "0") == "0" or status in (204, 303), (method, path, status)
            return
        media_type = answer.headers["content-type"].split(";")[0]
        assert media_type in content, (method, path, status, media_type)
        if not media_type.endswith("json"):
            return
        answer.read()
        errors = list(self._validator(content[media_type]["schema"]).iter_errors(answer.json()))
        assert errors == [], (method, path, status, [(each.instance_path, each.message) for each in errors][:5])

    def _validator(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        key = str(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]
