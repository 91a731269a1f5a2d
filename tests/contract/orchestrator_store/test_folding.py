"""Case means the same in every database: Unicode's full folding, as `str.casefold` knows it."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from sqlalchemy import literal, select, text
from triggerflow_chassis.sql_text import folded, json_text
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.ports import ExecutionFilter

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("ẞ", "ss"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("İstanbul", "i\u0307stanbul"),
        ("ﬁnal oﬀer", "FINAL OFFER"),
        ("ÄRGER", "ärger"),
        ("ꭰꭱꭲ", "ᎠᎡᎢ"),
        ("Ა", "ა"),
        ("𐐀", "𐐨"),
    ],
)
async def test_a_name_is_found_whatever_its_case(world: Any, sample: Any, name: str, query: str) -> None:
    world.add_execution(sample.execution(1, flow_name=f"x {name} y"))
    world.add_execution(sample.execution(2, flow_name="another"))
    found = await world.reads.executions(sample.project, ExecutionFilter(query=query), None, 10)
    assert [record.id for record in found] == [sample.id(1)]


async def test_a_message_with_what_a_database_cannot_hold_stops_no_search(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, status="failed", error=Failure("Oops", "nul \x00 and \\u0000 in the end")))
    world.add_execution(sample.execution(2, status="failed", error=Failure("Oops", 'a "quoted" \\ slash')))

    async def find(query: str) -> list[str]:
        found = await world.reads.executions(sample.project, ExecutionFilter(query=query), None, 10)
        return [record.id for record in found]

    assert await find("SLASH") == [sample.id(2)]
    assert await find('"quoted" \\ s') == [sample.id(2)]
    assert await find("nul ") == [sample.id(1)]


@pytest.mark.parametrize("world", ["sqlite", POSTGRES], indirect=True)
async def test_every_letter_that_python_knows_is_folded_alike(world: Any) -> None:
    # Without the surrogates, which no text holds, and what only a later edition of Unicode has.
    letters = [chr(number) for number in range(1, 0x110000) if not 0xD800 <= number < 0xE000]
    known = [letter for letter in letters if unicodedata.category(letter) != "Cn"]
    async with world.database.snapshot() as connection:
        # Apart, since folding one looks at no other.
        whole = "\n".join(known)
        found = (await connection.execute(select(folded(literal(whole))))).scalar_one()
    assert found == whole.casefold()


@pytest.mark.parametrize("world", ["sqlite", POSTGRES], indirect=True)
async def test_each_member_is_its_own_and_one_that_is_not_there_is_nothing(world: Any) -> None:
    async with world.database.snapshot() as connection:
        for member, found in (("a", "b"), ("c", None), ("d", "e")):
            member_of = json_text(literal('{"a":"b","d":"e"}'), member)
            assert (await connection.execute(select(member_of))).scalar_one() == found


@pytest.mark.parametrize("world", [POSTGRES], indirect=True)
async def test_texts_compare_by_their_bytes_whatever_the_language_of_the_database(world: Any) -> None:
    async with world.database.snapshot() as connection:
        columns = await connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
                " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
            )
        )
        assert columns.all() == []
