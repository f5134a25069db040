"""Compare corrections of pending events with new events, over HTTP."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, USERS
from benchmarks.ingest import Target
from benchmarks.load import Job, Load
from benchmarks.plan import BATCH, Plan
from benchmarks.wire import request
from tollbook.domain.keys import Permission

_WARMING = 2
_CELLS = ((BATCH, 1), (1, 64))
"""How many corrections a request has, and over how many connections."""


@dataclass(frozen=True)
class CorrectionFigure:
    """The events and corrections per second of one engine, and how many times one takes longer."""

    engine: str
    in_request: int
    connections: int
    events_per_second: float
    corrections_per_second: float
    times: float


def corrections(databases: Databases, load: Load, plan: Plan) -> list[CorrectionFigure]:
    """Send new events and corrections of pending ones alternately to one server."""
    target = Target(databases)
    figures = []
    with Server(target.url) as server:
        headers = {"X-API-Key": target.platform.key(Permission.ADMIN)}
        sender = _Sender(load, server.port, headers, random.Random(3))
        for in_request, connections in _CELLS:
            counts = plan.batches if in_request > 1 else plan.singles
            rounds = [
                sender.round(in_request, connections, counts[connections] if number else _WARMING)
                for number in range(plan.rounds + 1)
            ][1:]
            figures.append(_figure(databases.name, in_request, connections, rounds))
            print(f"  {databases.name}, {in_request} in a request", flush=True)
    target.verify(sender.stored)
    target.database.close()
    databases.drop(target.url)
    return figures


@dataclass
class _Sender:
    load: Load
    port: int
    headers: dict[str, str]
    chance: random.Random
    stored: int = 0

    def round(self, in_request: int, connections: int, requests: int) -> tuple[float, float]:
        """Return the new events and the corrections per second of the same number of both."""
        requests = max(requests, connections)
        ids = [f"{UUID(int=self.chance.getrandbits(128))}" for _ in range(in_request * requests)]
        events = [self._event(f"new {it}") for it in ids]
        late = [{**self._event(it), "cost_pending": True} for it in ids]
        fixes = [
            {
                "id": f"fix {it}",
                "organization_id": ORGANIZATION,
                "corrects": it,
                "reason": "the carrier's price arrived",
                "cost": 0.0079,
            }
            for it in ids
        ]
        self._send("/v1/events", late, BATCH, 1, 207)
        written = self._send("/v1/events", events, in_request, connections, 200)
        corrected = self._send("/v1/events/corrections", fixes, in_request, connections, 200)
        self.stored += 2 * len(ids)
        return written, corrected

    def _event(self, identity: str) -> dict[str, object]:
        return {
            "id": identity,
            "type": "sms.outbound",
            "organization_id": ORGANIZATION,
            "user_id": self.chance.choice(USERS),
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "quantity": 1,
            "attributes": {"to": f"+4420718{self.chance.randint(10_000, 99_999)}"},
        }

    def _send(
        self,
        path: str,
        items: Sequence[dict[str, object]],
        in_request: int,
        connections: int,
        status: int,
    ) -> float:
        """Send items, and return how many were stored per second."""
        cut = [items[at : at + in_request] for at in range(0, len(items), in_request)]
        bodies = [json.dumps(it if in_request > 1 else it[0]).encode() for it in cut]
        requests = [request("POST", path, self.headers, body) for body in bodies]
        outcome = self.load.run(Job(self.port, connections, requests, status))
        return len(items) / outcome.seconds


def _figure(
    engine: str, in_request: int, connections: int, rounds: Sequence[tuple[float, float]]
) -> CorrectionFigure:
    return CorrectionFigure(
        engine=engine,
        in_request=in_request,
        connections=connections,
        events_per_second=median(events for events, _ in rounds),
        corrections_per_second=median(corrected for _, corrected in rounds),
        times=median(events / corrected for events, corrected in rounds),
    )
