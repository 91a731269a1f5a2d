"""Check JSON against the schemas: the mission's three, byte for byte, and ours beside them.

`format` is asserted, and every violation stands at the member itself: a missing one at where it should be, a surplus
one at where it is. The files beside this module are also what the canvas is built with.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

from triggerflow_chassis.errors import MAX_VIOLATIONS, Violation
from triggerflow_chassis.jsontext import pointer

# The mission's, then ours. Names are those of the files, without ".json".
NAMES = (
    "node-metadata",
    "execution-request",
    "execution-event",
    "flow",
    "publish-version",
    "retry",
    "retries",
    "intervention",
    "run-node",
)


def text(name: str) -> str:
    """The schema's file as it is. Raises KeyError for a name not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    return (files(__package__) / f"{name}.json").read_text("utf-8")


@cache
def load(name: str) -> dict[str, Any]:
    """The schema as an object; shared, so do not change it. Raises KeyError."""
    schema: dict[str, Any] = orjson.loads(text(name))
    return schema


def violations(name: str, instance: Any, at: str = "") -> list[Violation]:
    """What is wrong with the instance, in document order of the schema, at most 100. `at` goes before each pointer."""
    return violations_of(_validator(name), instance, at)


def violations_of(validator: jsonschema_rs.Validator, instance: Any, at: str = "") -> list[Violation]:
    """The same with a validator of any schema, such as one that a user wrote (see `compile_schema`)."""
    found: list[Violation] = []
    for error in validator.iter_errors(instance):
        found.extend(_at_members(error, at))
        if len(found) >= MAX_VIOLATIONS:
            break
    return found[:MAX_VIOLATIONS]


def compile_schema(schema: Any) -> jsonschema_rs.Validator:
    """A validator that asserts `format` and fetches nothing. Raises ValueError where the schema is none."""
    try:
        return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(f"the schema refers to what is not in it: {error}") from None
    except jsonschema_rs.ValidationError as error:
        raise ValueError(f"not a JSON Schema: {error.message}") from None


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    resources = [(str(load(each)["$id"]), load(each)) for each in NAMES]
    return jsonschema_rs.Draft202012Validator(
        load(name), validate_formats=True, registry=jsonschema_rs.Registry(resources), offline=True
    )


def _at_members(error: jsonschema_rs.ValidationError, at: str) -> Iterator[Violation]:
    here = at + pointer(*error.instance_path)
    kind = error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            yield Violation(here + pointer(name), "This member is missing. Add it.")
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield Violation(here + pointer(name), "This member is not known here. Remove it.")
        case jsonschema_rs.ValidationErrorKind.UnevaluatedProperties(unexpected=names):
            for name in names:
                yield Violation(here + pointer(name), "This member is not known here. Remove it.")
        case _:
            yield Violation(here, _message(error))


def _message(error: jsonschema_rs.ValidationError) -> str:
    kinds = jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kinds.Type(types=types):
            return f"Must be {_one_of([_article(str(name)) for name in types])}, not {_kind(error.instance)}."
        case kinds.Format(format="uuid"):
            return f"{_show(error.instance)} is not a UUID. Write 8-4-4-4-12 hexadecimal digits."
        case kinds.Format(format="date-time"):
            return f"{_show(error.instance)} is not a time. Write it as 2026-01-31T12:00:00Z."
        case kinds.Format(format=name):
            return f"{_show(error.instance)} is not in the format {name}."
        case kinds.Enum(options=options):
            return f"Must be {_one_of([_show(option) for option in options])}, not {_show(error.instance)}."
        case kinds.Constant(expected_value=value):
            return f"Must be {_show(value)}, not {_show(error.instance)}."
        case kinds.Minimum(limit=limit):
            return f"Must be at least {limit}, not {_show(error.instance)}."
        case kinds.Maximum(limit=limit):
            return f"Must be at most {limit}, not {_show(error.instance)}."
        case kinds.ExclusiveMinimum(limit=limit):
            return f"Must be more than {limit}, not {_show(error.instance)}."
        case kinds.ExclusiveMaximum(limit=limit):
            return f"Must be less than {limit}, not {_show(error.instance)}."
        case kinds.MinLength(limit=limit):
            return "Must not be empty." if limit == 1 else f"Must have at least {limit} characters."
        case kinds.MaxLength(limit=limit):
            return f"Must have at most {limit} characters, not {_length(error.instance)}."
        case kinds.MinItems(limit=limit):
            return "Must not be empty." if limit == 1 else f"Must have at least {limit} items."
        case kinds.MaxItems(limit=limit):
            return f"Must have at most {limit} items, not {_length(error.instance)}."
        case kinds.UniqueItems():
            return "An item stands twice. Remove one of them."
        case kinds.Pattern(pattern=pattern):
            return f"{_show(error.instance)} does not match the pattern {pattern}."
        case kinds.AnyOf(context=branches) | kinds.OneOfNotValid(context=branches):
            return f"Fits none of the {len(branches)} forms it may have. {_nearest(branches)}"
        case kinds.OneOfMultipleValid():
            return "Fits more than one of the forms it may have. Leave out what belongs to the others."
        case kinds.FalseSchema():
            return "Nothing is allowed here. Remove it."
        case _:
            return error.message[:1].upper() + error.message[1:500] + "."


def _nearest(branches: list[list[jsonschema_rs.ValidationError]]) -> str:
    # The form with the fewest faults is most likely the one meant; its first fault says what to do.
    meant = min((branch for branch in branches if branch), key=len, default=None)
    if meant is None:
        return "See the schema."
    first = next(_at_members(meant[0], ""))
    return f"Nearest: {first.pointer or 'the value'}: {first.message}"


def _one_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}" if names else "nothing"


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aio" else name if name == "null" else f"a {name}"


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "text"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return _show(value)


def _length(value: Any) -> int:
    return len(value)


def _show(value: Any) -> str:
    try:
        shown = orjson.dumps(value).decode()
    except TypeError:
        shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
