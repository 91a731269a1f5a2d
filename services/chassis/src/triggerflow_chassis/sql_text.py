"""Say in SQL what SQLite and PostgreSQL say differently: parts of texts, case, JSON, and some of many rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Delete, String, delete, func, literal_column, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class has_part(FunctionElement[bool]):
    """Whether the first text contains the second. No patterns, and so no wildcards and none of their limits."""

    name = "has_part"
    type = Boolean()
    inherit_cache = True


class folded(FunctionElement[str]):
    """A text without case, by Unicode's full case folding, as `str.casefold`.

    SQLite needs a function `casefold` on the connection: its own lower() knows ASCII only.
    """

    name = "folded"
    type = String()
    inherit_cache = True


class json_text(FunctionElement[str]):
    """A text member of a JSON object that is stored as text; NULL where there is none. `json_text(column, "member")`"""

    name = "json_text"
    type = String()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], member: str) -> None:
        if not member.isidentifier():
            raise ValueError(f"a member whose name would need quoting: {member!r}")
        # As a clause: what is not one is no part of the key by which compiled statements are found again.
        super().__init__(column, literal_column(f"'{member}'"))


@compiles(has_part, "sqlite")
def _has_part_sqlite(element: has_part, compiler: Any, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(has_part, "postgresql")
def _has_part_postgresql(element: has_part, compiler: Any, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(folded, "sqlite")
def _folded_sqlite(element: folded, compiler: Any, **kw: Any) -> str:
    return f"casefold({compiler.process(element.clauses, **kw)})"


@compiles(folded, "postgresql")
def _folded_postgresql(element: folded, compiler: Any, **kw: Any) -> str:
    # The collation says whose rules, not the language of the database: only this one folds ß to ss everywhere.
    return f"casefold(({compiler.process(element.clauses, **kw)}) COLLATE pg_catalog.pg_unicode_fast)"


@compiles(json_text, "sqlite")
def _json_text_sqlite(element: json_text, compiler: Any, **kw: Any) -> str:
    column, member = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"json_extract({column}, '$.' || {member})"


@compiles(json_text, "postgresql")
def _json_text_postgresql(element: json_text, compiler: Any, **kw: Any) -> str:
    # PostgreSQL holds no U+0000, and would refuse the whole search over an exception's message that has one.
    column, member = (compiler.process(clause, **kw) for clause in element.clauses)
    return rf"(replace({column}, '\u0000', '\ufffd')::json ->> {member})"


def delete_some(dialect: str, by: Column[Any], condition: ColumnElement[bool], limit: int) -> Delete:
    """Delete at most `limit` rows of a condition on the column `by`, which leads an index. Neither database has a limit
    for DELETE itself."""
    table, key = by.table, by.table.primary_key
    # The order is the index's, or PostgreSQL may think that reading the whole table finds so few rows sooner.
    if dialect == "postgresql":
        # By their place on disk: a quarter of the time that finding each again by its key takes.
        place: ColumnElement[Any] = literal_column("ctid")
        chosen = select(place).select_from(table).where(condition).order_by(by).limit(limit)
        return delete(table).where(place == func.any(func.array(chosen.scalar_subquery())))
    columns = list(key)
    chosen = select(*columns).where(condition).order_by(by).limit(limit)
    return delete(table).where((tuple_(*columns) if len(columns) > 1 else columns[0]).in_(chosen))
