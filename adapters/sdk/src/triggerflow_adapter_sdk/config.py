"""A node's config, ready to be resolved: `$expr` evaluated over inputs, `$env` read, the whole validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from triggerflow_adapter_sdk.errors import ConfigInvalid
from triggerflow_adapter_sdk.expressions.jsonata import JsonataExpression
from triggerflow_adapter_sdk.markers import EnvironmentText, Expression, Marks, Misplaced
from triggerflow_adapter_sdk.pointers import Path, placed, to_pointer
from triggerflow_adapter_sdk.schemas import violations
from triggerflow_adapter_sdk.secrets import Secret, resolve_secret
from triggerflow_adapter_sdk.settings import AdapterSettings


class ConfigSource:
    """One node's config. A handler gets a fresh copy each time: what it does to it stays with it."""

    __slots__ = (
        "_environment",
        "_expressions",
        "_invalid",
        "_marks",
        "_settings",
        "_template",
        "_validator",
        "is_static",
        "pure",
    )

    def __init__(
        self,
        config: Mapping[str, Any],
        marks: Marks,
        validator: jsonschema_rs.Draft202012Validator,
        settings: AdapterSettings,
    ) -> None:
        self._marks = marks
        self._validator = validator
        self._settings = settings
        self._expressions: list[tuple[Path, JsonataExpression]] = []
        self._environment: list[EnvironmentText] = []
        self._invalid: str | None = None
        for marker in marks.scan(config):
            match marker:
                case Misplaced(path, message):
                    self._invalid = self._invalid or _told(path, message)
                case Expression(path, text):
                    self._expressions.append((path, JsonataExpression(text)))
                case EnvironmentText():
                    self._environment.append(marker)
        self.pure = all(expression.pure for _, expression in self._expressions)
        self._template = orjson.dumps(config)
        self.is_static = not self._expressions and not self._environment
        if self.is_static and self._invalid is None:
            # Nothing in it changes, so it is validated once.
            self._invalid = self._first_violation(config)

    def fresh(self) -> Any:
        """A static config. Raises ConfigInvalid."""
        if self._invalid is not None:
            raise ConfigInvalid(self._invalid)
        return orjson.loads(self._template)

    def secrets(self) -> dict[Path, Secret]:
        """What the environment holds now, by place. Raises SecretRefused."""
        return {at.path: resolve_secret(at.name, at.prefix, self._settings) for at in self._environment}

    async def resolve(self, inputs: Mapping[str, Any], secrets: Mapping[Path, Secret]) -> Any:
        """The config for these inputs. Raises ConfigInvalid, ExpressionFailed."""
        config = self.fresh()
        for path, expression in self._expressions:
            config = placed(config, path, await expression.evaluate(inputs))
        for path, secret in secrets.items():
            # The validator knows plain text only.
            config = placed(config, path, str(secret))
        if (invalid := self._first_violation(config)) is not None:
            raise ConfigInvalid(invalid)
        for path, secret in secrets.items():
            config = placed(config, path, secret)
        self._refuse_computed_secrets(config)
        return config

    def _refuse_computed_secrets(self, config: Any) -> None:
        """What an expression made neither names a variable of the environment nor fills what only that may fill."""
        if not self._expressions:
            return
        for path, value in self._marks.environment_places(config):
            if isinstance(value, Secret):
                continue
            if isinstance(value, dict) and "$env" in value:
                raise ConfigInvalid(_told(path, "An expression cannot give $env."))
            if self._marks.is_secret(path):
                raise ConfigInvalid(
                    _told(path, 'A secret belongs here. Name the variable that holds it: {"$env": "NAME"}.')
                )

    def _first_violation(self, config: Any) -> str | None:
        for path, message in violations(self._validator, config):
            return _told(path, message)
        return None


def _told(path: Path, message: str) -> str:
    return f"config{to_pointer(path)}: {message}"
