"""Start runs, and cancel some, as a patient client: the same request with the same key until it is answered."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from flows import Kind
from oracle import Accepted

CANCELLED_SHARE = 0.05
_CALL_SECONDS = 10.0


@dataclass
class Load:
    """Every run the product said it took."""

    client: httpx.AsyncClient
    dice: random.Random
    accepted: list[Accepted] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How calls were answered: by status, or by the name of what went wrong."""
    told: list[tuple[str, list[tuple[int, object]]]] = field(default_factory=list)
    """What each who answered a wait was told."""

    async def publish(self, kinds: Sequence[Kind]) -> list[tuple[Kind, str]]:
        """Make and publish the flows."""
        return [(kind, await self.publish_one(kind.document)) for kind in kinds]

    async def publish_one(self, document: object) -> str:
        """The flow's id."""
        flow = await self.persist("POST", "/flows", document)
        assert flow.status_code == 201, flow.text
        flow_id: str = flow.json()["id"]
        version = await self.persist("POST", f"/flows/{flow_id}/versions", {})
        assert version.status_code == 201, version.text
        return flow_id

    async def start(self, kind: Kind, flow_id: str) -> Accepted:
        """One run, accepted. A label of its own tells whether it is there once."""
        label = f"soak-{uuid.uuid4().hex}"
        priority = self.dice.choice(["low", "normal", "normal", "high"])
        body = {"flowId": flow_id, "inputs": {}, "context": {"labels": [label], "priority": priority}}
        answer = await self.persist("POST", "/executions", body)
        assert answer.status_code == 202, answer.text
        accepted = Accepted(answer.json()["id"], label, kind.expected, kind.outputs)
        self.accepted.append(accepted)
        return accepted

    async def cancel(self, accepted: Accepted) -> None:
        """Ask for the end; it may have ended by itself meanwhile."""
        place = self.accepted.index(accepted)
        allowed = accepted.expected | {"cancelled"}
        self.accepted[place] = Accepted(accepted.id, accepted.label, allowed, accepted.outputs)
        answer = await self.persist("POST", f"/executions/{accepted.id}/cancel", {})
        assert answer.status_code in (202, 409), answer.text

    async def answer(self, accepted: Accepted) -> None:
        """Wait for the run's wait, think about it, and have two people answer at once."""
        path = f"/waits?status=open&kind=approval&executionId={accepted.id}"
        while True:
            waits = await self.persist("GET", path, None)
            assert waits.status_code == 200, waits.text
            found = [wait for wait in waits.json()["items"] if wait["kind"] == "approval"]
            if found:
                break
            execution = await self.persist("GET", f"/executions/{accepted.id}", None)
            if execution.json()["endedAt"] is not None:
                return  # cancelled before it got there
            await asyncio.sleep(0.3)
        await asyncio.sleep(self.dice.uniform(0, 8))

        async def one(who: int) -> tuple[int, object]:
            value = {"decision": "approved", "data": {"who": who}}
            body = {"waitId": found[0]["id"], "value": value}
            said = await self.persist("POST", f"/executions/{accepted.id}/resume", body)
            return said.status_code, said.json().get("answer", {}).get("data")

        told = await asyncio.gather(one(1), one(2))
        if "cancelled" not in self._allowed(accepted):
            self.told.append((found[0]["id"], list(told)))

    def _allowed(self, accepted: Accepted) -> frozenset[str]:
        return next(each.expected for each in self.accepted if each.id == accepted.id)

    async def persist(self, method: str, path: str, body: object) -> httpx.Response:
        """Ask until the answer is one of the product's own, below 500 and not 429."""
        key = uuid.uuid4().hex
        while True:
            try:
                said = {} if body is None else {"json": body, "headers": {"Idempotency-Key": key}}
                answer = await self.client.request(method, path, timeout=_CALL_SECONDS, **said)
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
            else:
                self.answers[str(answer.status_code)] += 1
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            await asyncio.sleep(self.dice.uniform(0.1, 0.5))
