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
FAILING_SHARE = 0.15
_CALL_SECONDS = 10.0


@dataclass
class Load:
    """Every run the product said it took."""

    client: httpx.AsyncClient
    dice: random.Random
    accepted: list[Accepted] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How calls were answered: by status, or by the name of what went wrong."""

    async def publish(self, kinds: Sequence[Kind]) -> list[tuple[Kind, str]]:
        """Make and publish the flows."""
        made = []
        for kind in kinds:
            flow = await self.persist("POST", "/flows", kind.document)
            assert flow.status_code == 201, flow.text
            flow_id = flow.json()["id"]
            version = await self.persist("POST", f"/flows/{flow_id}/versions", {})
            assert version.status_code == 201, version.text
            made.append((kind, flow_id))
        return made

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

    async def persist(self, method: str, path: str, body: object) -> httpx.Response:
        """Ask until the answer is one of the product's own, below 500 and not 429."""
        key = uuid.uuid4().hex
        while True:
            try:
                answer = await self.client.request(
                    method, path, json=body, headers={"Idempotency-Key": key}, timeout=_CALL_SECONDS
                )
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
            else:
                self.answers[str(answer.status_code)] += 1
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            await asyncio.sleep(self.dice.uniform(0.1, 0.5))
