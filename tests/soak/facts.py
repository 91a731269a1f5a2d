"""Read what the database holds once all is over, past every service: the oracle trusts none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from oracle import Effect, Execution, Outcome

Resolve = Callable[[str], Awaitable[Any]]


async def executions(database_url: str, resolve: Resolve) -> dict[str, Execution]:
    """Every execution with its journal and its events. `resolve` fetches a large value by reference."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "orchestrator"})
    try:
        labels: dict[str, set[str]] = defaultdict(set)
        for row in await connection.fetch("SELECT execution_id, label FROM execution_labels"):
            labels[row["execution_id"]].add(row["label"])
        found: dict[str, Execution] = {}
        for row in await connection.fetch("SELECT id, status, outputs FROM executions"):
            outputs = {key: await _whole(value, resolve) for key, value in orjson.loads(row["outputs"]).items()}
            found[row["id"]] = Execution(row["id"], row["status"], outputs, frozenset(labels[row["id"]]))
        rows = await connection.fetch(
            "SELECT execution_id, activation_id, node_id, scope, status, seq, ended_at FROM journal"
            " ORDER BY execution_id, seq"
        )
        for row in rows:
            outcome = Outcome(
                row["activation_id"], row["node_id"], row["status"], row["seq"], row["ended_at"], row["scope"]
            )
            found[row["execution_id"]].journal.append(outcome)
        for row in await connection.fetch("SELECT execution_id, sequence, body FROM events ORDER BY execution_id, id"):
            found[row["execution_id"]].events.append({**orjson.loads(row["body"]), "sequence": row["sequence"]})
        return found
    finally:
        await connection.close()


async def not_ended(database_url: str) -> int:
    """How many executions have not ended."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "orchestrator"})
    try:
        return int(await connection.fetchval("SELECT count(*) FROM executions WHERE ended_at IS NULL"))
    finally:
        await connection.close()


async def fires(database_url: str, flow_id: str) -> list[tuple[int, list[str]]]:
    """What a schedule of every minute started: due time in minutes, and the executions of it, by due time."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "orchestrator"})
    try:
        found: dict[int, list[str]] = {}
        query = "SELECT due_at, execution_id FROM firings WHERE flow_id = $1 ORDER BY due_at"
        for row in await connection.fetch(query, flow_id):
            started = found.setdefault(row["due_at"] // 60_000_000, [])
            if row["execution_id"] is not None:
                started.append(row["execution_id"])
        return list(found.items())
    finally:
        await connection.close()


def effects(path: Path) -> list[Effect]:
    """What the recorder wrote."""
    return [_effect(orjson.loads(line)) for line in path.read_bytes().splitlines()]


def _effect(said: Mapping[str, Any]) -> Effect:
    return Effect(said["execution_id"], said["activation_id"], said["attempt"], said["key"], said["at"])


async def _whole(value: Any, resolve: Resolve) -> Any:
    if isinstance(value, dict) and "$value" in value:
        return await resolve(value["$value"])
    return value
