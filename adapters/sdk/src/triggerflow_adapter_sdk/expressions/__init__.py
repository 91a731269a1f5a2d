"""Expressions in configs: JSONata for values, CEL for conditions (docs/contract.md, "Expressions")."""

from triggerflow_adapter_sdk.expressions.cel import CelCondition, cel_key, cel_problem, variable_names
from triggerflow_adapter_sdk.expressions.jsonata import JsonataExpression, compile_problem, is_pure
from triggerflow_adapter_sdk.expressions.pool import close_pool

__all__ = [
    "CelCondition",
    "JsonataExpression",
    "cel_key",
    "cel_problem",
    "close_pool",
    "compile_problem",
    "is_pure",
    "variable_names",
]
