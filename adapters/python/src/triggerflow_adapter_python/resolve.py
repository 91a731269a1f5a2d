"""From a dotted path to the function, staying inside the modules that are allowed."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from triggerflow_adapter_sdk import HandlerError


class NotAFunction(HandlerError, LookupError):
    """A dotted path leads to nothing that can be called, or out of the allowed modules."""


def allowed_by(modules: Sequence[str], name: str) -> bool:
    """Whether a dotted name is one of these modules, or lies in one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def resolve(path: str, modules: Sequence[str]) -> Any:
    """Import the module and get the function. Raises NotAFunction, and what the module raises when imported."""
    module, attributes = _import(path, modules)
    found: Any = module
    for name in attributes:
        try:
            found = getattr(found, name)
        except AttributeError:
            raise NotAFunction(f"{path}: {module.__name__} has no {'.'.join(attributes)}") from None
        # `allowed.os.system` is not a function of `allowed`.
        if isinstance(found, ModuleType):
            raise NotAFunction(f"{path}: {name} is a module that was imported there, and no part of it")
    if not callable(found):
        raise NotAFunction(f"{path} is no function but {type(found).__name__}")
    home = getattr(found, "__module__", None) if inspect.isroutine(found) or inspect.isclass(found) else None
    if isinstance(home, str) and not allowed_by(modules, home) and not _accelerates(home, module.__name__):
        raise NotAFunction(f"{path} is defined in {home}, which TFCANVAS_PYTHON_MODULES does not allow")
    return found


def _accelerates(home: str, module: str) -> bool:
    """`operator.add` says it lives in `_operator`, the C half of the same module."""
    return home.rpartition(".")[2] == "_" + module.rpartition(".")[2]


def _import(path: str, modules: Sequence[str]) -> tuple[ModuleType, list[str]]:
    """The longest beginning of the path that is a module inside the allowed ones, and the names after it."""
    names = path.split(".")
    shortest = min(len(module.split(".")) for module in modules if path.startswith(f"{module}."))
    module = importlib.import_module(".".join(names[:shortest]))
    at = shortest
    while at < len(names) - 1 and hasattr(module, "__path__"):
        inner = ".".join(names[: at + 1])
        if importlib.util.find_spec(inner) is None:
            break
        module = importlib.import_module(inner)
        at += 1
    return module, names[at:]
