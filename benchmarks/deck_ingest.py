"""Compare durable ingest of calls with a deck of 100,000 prefixes and with the default book."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

from tests.builders import TENANT
from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, USERS
from benchmarks.ingest import Target
from benchmarks.load import Job, Load
from benchmarks.plan import BATCH, Plan
from benchmarks.rating import deck_book, numbers_under
from benchmarks.wire import request
from tollbook.administration.price_books import load_book
from tollbook.domain.keys import Permission
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.wiring import now

_CONNECTIONS = 8
_WARMING = 16


@dataclass(frozen=True)
class DeckIngestFigure:
    """Events per second with either book, and the median ratio of the rounds."""

    engine: str
    prefixes: int
    with_deck: float
    with_default: float
    ratio: float


def deck_ingest(databases: Databases, load: Load, plan: Plan) -> DeckIngestFigure:
    """Send the same calls alternately to two servers, one of which prices by prefix."""
    chance = random.Random(1)
    book, prefixes = deck_book(chance)
    plain, decked = Target(databases), Target(databases)
    with decked.database.writing() as transaction:
        load_book(transaction, Actor(TENANT, COMMAND_LINE, now()), book)
    speeds: list[tuple[float, float]] = []
    with Server(plain.url) as one, Server(decked.url) as other:
        for round_ in range(plan.rounds + 1):
            count = plan.batches[_CONNECTIONS] if round_ else _WARMING
            bodies = [_calls(chance, prefixes) for _ in range(count)]
            speeds.append((_sent(load, decked, other, bodies), _sent(load, plain, one, bodies)))
    for target in (plain, decked):
        target.database.close()
        databases.drop(target.url)
    counted = speeds[1:]
    return DeckIngestFigure(
        databases.name,
        len(prefixes),
        median(deck for deck, _ in counted),
        median(default for _, default in counted),
        median(deck / default for deck, default in counted),
    )


def _sent(load: Load, target: Target, server: Server, bodies: Sequence[bytes]) -> float:
    headers = {"X-API-Key": target.platform.key(Permission.WRITE_EVENTS)}
    requests = [request("POST", "/v1/events", headers, body) for body in bodies]
    start = b'{"success":true,"counts":{"accepted":%d,' % BATCH
    outcome = load.run(Job(server.port, _CONNECTIONS, requests, 200, start))
    return len(bodies) * BATCH / outcome.seconds


def _calls(chance: random.Random, prefixes: Sequence[str]) -> bytes:
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    calls = (
        f'{{"id":"{UUID(int=chance.getrandbits(128)).hex}","type":"voice.call",'
        f'"organization_id":"{ORGANIZATION}","user_id":"{chance.choice(USERS)}","time":"{time}",'
        f'"quantity":{chance.randint(0, 3600)},"attributes":{{"to":"{number}"}}}}'
        for number in numbers_under(chance, prefixes, BATCH)
    )
    return f"[{','.join(calls)}]".encode()
