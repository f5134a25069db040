"""Measure triggers and delivery: ingest with and without triggers, the way to a receiver, a storm.

`python -m benchmarks.alerts` prints the figures of docs/alerts.md; `make bench` does not run it.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep

import httpx
import msgspec
from chaos.memory import peak_mib
from tests.alerts.builders import make_endpoint
from tests.alerts.receivers import Answer, Received, receiving
from tests.builders import Platform
from tests.servers import Server

from benchmarks.databases import SqliteFiles
from benchmarks.imports import cpu_seconds
from tollbook.domain.triggers import (
    Threshold,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    WatchedFigure,
    new_trigger_id,
)
from tollbook.store import triggers
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate
from tollbook.wiring import now

_BATCH = 1_000
_IN_TURN = 10
"""Batches that one server gets before the other one."""
_ORGANIZATIONS = 100
_PATIENCE = 600.0
_METER = "voice.call"
_SETTINGS = {"alerts": "true", "webhook_networks": "127.0.0.0/8", "secret_key": "k" * 32}


@dataclass
class Ledger:
    """A database with organizations, and the server on it."""

    url: str
    key: str
    server: Server
    seconds: float = 0.0

    @property
    def processor_seconds(self) -> float:
        """Return the processor time of the server until now, in seconds."""
        return cpu_seconds(self.server)

    @property
    def peak_mib(self) -> float:
        """Return the most memory in MiB that the server has used."""
        return peak_mib(self.server)

    def post(self, client: httpx.Client, body: bytes) -> None:
        """Send events; raise unless they are stored."""
        answer = client.post("/v1/events", content=body)
        if answer.status_code != 200:
            raise RuntimeError(answer.text[:500])

    def written(self, tenant: str = "default") -> tuple[int, int]:
        """Return the number of notifications, and that of triggers which have one."""
        with closing(open_database(self.url)) as database, database.reading() as snapshot:
            ((count, fired),) = snapshot.rows(
                "SELECT COUNT(*), COUNT(DISTINCT trigger_id) FROM notifications "
                "WHERE tenant_id = :tenant",
                tenant=tenant,
            )
        return int(count), int(fired)

    def wait_until_written(self, count: int) -> tuple[int, int]:
        """Wait for a number of notifications; return what was written."""
        give_up = perf_counter() + _PATIENCE
        while (found := self.written())[0] < count and perf_counter() < give_up:
            sleep(0.1)
        return found


def make_ledger(
    stack: ExitStack, url: str, thresholds: Sequence[int], *, receiver: str = ""
) -> Ledger:
    """Make a database whose organizations each have a trigger at each number of events."""
    with closing(open_database(url)) as database:
        migrate(database)
        platform = Platform(database)
        numbers = [platform.organization(f"org_{it}") for it in range(_ORGANIZATIONS)]
        if receiver:
            make_endpoint(database, receiver)
        with database.writing() as transaction:
            for at in thresholds:
                for number in numbers:
                    triggers.put_trigger(transaction, platform.tenant, _trigger(number, at))
        key = platform.key()
    return Ledger(url, key, stack.enter_context(Server(url, **_SETTINGS)))


def _trigger(organization: int, at: int) -> Trigger:
    since = now()
    return Trigger(
        id=new_trigger_id(),
        organization=organization,
        name="A trigger",
        figure=WatchedFigure.COUNT,
        meter=_METER,
        period=TriggerPeriod.ALL,
        kind=ThresholdKind.VALUE,
        thresholds=(Threshold(str(at), since),),
        owner=TriggerOwner.TENANT,
        created_at=since,
        changed_at=since,
        watched_from=since,
        currency="",
    )


def events(first: int, count: int, organizations: int = _ORGANIZATIONS) -> bytes:
    """Return calls of organizations in turn, which ended before now."""
    many = [
        {
            "id": f"call-{number}",
            "type": _METER,
            "organization_id": f"org_{number % organizations}",
            "user_id": f"user_{number // organizations % 10}",
            "time": "2024-01-15T10:30:00Z",
            "quantity": 61,
        }
        for number in range(first, first + count)
    ]
    return msgspec.json.encode(many)


def measure_ingest(databases: SqliteFiles, count: int, per_organization: int) -> None:
    """Send the same events in turn to a server with triggers and to one without."""
    of_each = count // _ORGANIZATIONS
    thresholds = [of_each * (it + 1) // per_organization for it in range(per_organization)]
    with ExitStack() as stack:
        without = make_ledger(stack, databases.fresh(), ())
        watched = make_ledger(stack, databases.fresh(), thresholds)
        clients = [stack.enter_context(it.server.client(it.key)) for it in (without, watched)]
        before = [it.processor_seconds for it in (without, watched)]
        for turn, first in enumerate(range(0, count, _BATCH * _IN_TURN)):
            bodies = [events(first + it * _BATCH, _BATCH) for it in range(_IN_TURN)]
            pairs = list(zip((without, watched), clients, strict=True))
            for ledger, client in pairs if turn % 2 else pairs[::-1]:
                start = perf_counter()
                for body in bodies:
                    ledger.post(client, body)
                ledger.seconds += perf_counter() - start
        every = _ORGANIZATIONS * per_organization
        written, fired = watched.wait_until_written(every)
        spent = [
            it.processor_seconds - was for it, was in zip((without, watched), before, strict=True)
        ]
        print(
            f"{count:,} events, {every:,} triggers: {written:,} notifications of {fired:,} "
            f"triggers; rate with against without {without.seconds / watched.seconds:.3f}, "
            f"processor time {spent[1] / spent[0]:.3f}; peak {watched.peak_mib:.0f} MiB with, "
            f"{without.peak_mib:.0f} MiB without",
            flush=True,
        )


def measure_delivery(databases: SqliteFiles, seconds: int, a_second: int = 20) -> None:
    """Fire triggers at a rate, and measure from the answer to the event to the receiver."""
    count = seconds * a_second
    arrived: dict[int, float] = {}

    def answer(found: Received) -> Answer:
        at = msgspec.json.decode(found.body)["data"]["threshold"]["value"]
        arrived.setdefault(int(at), perf_counter())
        sleep(0.02)
        return Answer()

    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        receiver.decide = answer
        url = databases.fresh()
        ledger = make_ledger(stack, url, (), receiver=receiver.url)
        with closing(open_database(url)) as database, database.writing() as transaction:
            for at in range(1, count + 1):
                triggers.put_trigger(transaction, "default", _trigger(1, at))
        client = stack.enter_context(ledger.server.client(ledger.key))
        stored: dict[int, float] = {}
        start = perf_counter()
        for number in range(1, count + 1):
            sleep(max(0.0, start + number / a_second - perf_counter()))
            ledger.post(client, events(number * _ORGANIZATIONS, 1))
            stored[number] = perf_counter()
        give_up = perf_counter() + _PATIENCE
        while len(arrived) < count and perf_counter() < give_up:
            sleep(0.05)
    took = [arrived[it] - stored[it] for it in sorted(arrived)]
    cuts = quantiles(took, n=100)
    print(
        f"{len(took):,} of {count:,} notifications at {a_second} a second: p50 {cuts[49]:.2f} s, "
        f"p99 {cuts[98]:.2f} s, longest {max(took):.2f} s",
        flush=True,
    )


def measure_storm(databases: SqliteFiles, per_organization: int) -> None:
    """Fire all triggers by one request; another tenant's notification must not wait for them."""
    every = _ORGANIZATIONS * per_organization
    with ExitStack() as stack:
        receiver, other = stack.enter_context(receiving()), stack.enter_context(receiving())
        url = databases.fresh()
        thresholds = range(1, per_organization + 1)
        ledger = make_ledger(stack, url, thresholds, receiver=receiver.url)
        with closing(open_database(url)) as database:
            platform = Platform(database, "other")
            number = platform.organization("org_0")
            make_endpoint(database, other.url, tenant="other")
            with database.writing() as transaction:
                triggers.put_trigger(transaction, "other", _trigger(number, 1))
            key = platform.key()
        client = stack.enter_context(ledger.server.client(ledger.key))
        quiet = stack.enter_context(ledger.server.client(key))
        before = ledger.peak_mib
        ledger.post(client, events(0, every))
        start = perf_counter()
        while not receiver.received and perf_counter() < start + _PATIENCE:
            sleep(0.01)
        ledger.post(quiet, events(0, 1, 1))
        sent = perf_counter()
        while not other.received and perf_counter() < sent + _PATIENCE:
            sleep(0.01)
        alone = perf_counter() - sent
        written, fired = ledger.wait_until_written(every)
        wrote = perf_counter() - start
        while len(set(receiver.ids)) < every and perf_counter() < start + _PATIENCE:
            sleep(0.1)
        whole = perf_counter() - start
        sequences = [int(it.headers["tollbook-sequence"]) for it in receiver.received]
        print(
            f"storm of {every:,}: {written:,} notifications of {fired:,} triggers written within "
            f"{wrote:.1f} s, {len(set(receiver.ids)):,} delivered within {whole:.1f} s, in order: "
            f"{sequences == sorted(sequences)}, twice: {len(sequences) - len(set(sequences))}; "
            f"another tenant's within {alone:.2f} s; peak {ledger.peak_mib:.0f} MiB, "
            f"{before:.0f} MiB before",
            flush=True,
        )


def main() -> int:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--triggers", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=30, help="how long triggers fire in turn")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    options = parser.parse_args()
    per_organization = options.triggers // _ORGANIZATIONS
    with SqliteFiles(options.folder) as databases:
        measure_delivery(databases, options.seconds)
        measure_storm(databases, per_organization)
        measure_ingest(databases, options.events, per_organization)
    return 0


if __name__ == "__main__":
    sys.exit(main())
