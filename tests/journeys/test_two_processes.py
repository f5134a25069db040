"""Several processes write one ledger at once, and what one of them changes binds the others."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from fractions import Fraction
from pathlib import Path
from random import Random
from threading import Event

import httpx
import msgspec
import pytest

from tests.builders import Json, Platform, event, reversal
from tests.commands import Command, run_command
from tests.journeys.load import ORGANIZATIONS, Ledger, seconds_of, statuses_of
from tests.servers import Server
from tests.waiting import PATIENCE
from tollbook.domain.directory import User
from tollbook.store import directory
from tollbook.store.database import Database, Transaction, open_database
from tollbook.store.event_ids import encode_id
from tollbook.wiring import now

WRITERS = 8
EVENTS = 1_200
BATCH = 60


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    for organization in ORGANIZATIONS:
        platform.organization(organization)
    return platform


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[Platform]:
    with closing(open_database(postgres_url)) as database:
        yield Platform(database)


@pytest.fixture
def servers(database_url: str) -> Iterator[list[Server]]:
    pair = [Server(database_url) for _ in range(2)]
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        yield list(pool.map(stack.enter_context, pair))


def some_events(count: int) -> list[Json]:
    return [
        event(
            id=f"event {n // 2}",
            organization_id=ORGANIZATIONS[n % 2],
            user_id=f"user_{n % 7}",
            time=f"2024-0{n % 9 + 1}-15T10:30:00Z",
            quantity=n % 100,
        )
        for n in range(count)
    ]


def batches(events: list[Json], size: int, order: Random) -> list[list[Json]]:
    mixed = order.sample(events, len(events))
    return [mixed[start : start + size] for start in range(0, len(mixed), size)]


def fates(client: httpx.Client, batch: list[Json]) -> Counter[tuple[str, str, str]]:
    """Send a batch; count what became of each identity in it."""
    statuses = statuses_of(client.post("/v1/events", json=batch))
    outcomes = zip(batch, statuses, strict=True)
    return Counter((it["organization_id"], it["id"], status) for it, status in outcomes)


def users_of(server: Server, key: str, organization: str) -> Json:
    query = {"organization_id": organization, "start_date": "2024-01-01", "end_date": "2024-12-31"}
    with server.client(key) as client:
        answer: Json = client.get("/v1/analytics/users", params=query).json()
    return answer


def test_of_many_that_send_an_event_at_once_one_has_it_accepted(
    servers: list[Server], platform: Platform
) -> None:
    events, key, start = some_events(EVENTS), platform.key(), Event()

    def write(number: int) -> Counter[tuple[str, str, str]]:
        order = Random(number)
        with servers[number % 2].client(key) as client:
            start.wait()
            sent = [fates(client, batch) for batch in batches(events, BATCH, order)]
        return sum(sent, Counter())

    with ThreadPoolExecutor(WRITERS) as pool:
        writings = [pool.submit(write, number) for number in range(WRITERS)]
        start.set()
        outcomes = sum((writing.result() for writing in writings), Counter())
    for it in events:
        identity = it["organization_id"], it["id"]
        assert outcomes[*identity, "accepted"] == 1
        assert outcomes[*identity, "duplicate"] == WRITERS - 1
    ledger = Ledger(platform.database)
    assert ledger.holds(events)
    assert ledger.sums() == seconds_of([events])
    assert ledger.agrees()
    assert "error" not in "".join(server.stop() for server in servers)


def test_a_server_and_an_import_write_the_same_events_at_once(
    server: Server, database_url: str, platform: Platform, tmp_path: Path
) -> None:
    events, key = some_events(15_000), platform.key()
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, events)))
    # The end of the file first: the import gets there last.
    last_first = [events[start : start + 500] for start in range(14_500, -1, -500)]
    with server.client(key) as client:
        outcomes = fates(client, last_first[0])
        importing = Command(database_url, "import", str(file), "--json")
        while not platform.rows(
            "SELECT 1 FROM event_keys WHERE id_text(id) = :id", id=events[0]["id"]
        ):
            assert importing.poll() is None
        for batch in last_first[1:]:
            outcomes += fates(client, batch)
    imported = json.loads(importing.finish().stdout)["counts"]
    accepted = Counter(status for _, _, status in outcomes.elements())["accepted"]
    assert max(outcomes.values()) == 1
    assert accepted >= len(last_first[0])
    assert imported["accepted"] == len(events) - accepted
    assert imported["duplicate"] == accepted
    ledger = Ledger(platform.database)
    assert ledger.holds(events)
    assert ledger.sums() == seconds_of([events])
    assert ledger.agrees()


TIERED = """
name: Tiered
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: voice.call
    per: second
    graduated: [{up_to: 1000, price: 0.0033333333}, {up_to: 7777, price: 0.001}, {price: 0.0001}]
"""


def of_month(seconds: int) -> int:
    """Return the cost of some seconds of a month, in nanos."""
    parts = min(seconds, 1000), max(min(seconds, 7777) - 1000, 0), max(seconds - 7777, 0)
    picos = parts[0] * 3_333_333_300 + parts[1] * 1_000_000_000 + parts[2] * 100_000_000
    return round(Fraction(picos, 1000))


def test_a_month_is_charged_once_through_its_tiers_whoever_writes(
    servers: list[Server], platform: Platform
) -> None:
    platform.load(TIERED)
    key, start = platform.key(), Event()
    events = [event(id=f"call {n}", quantity=n % 50, user_id=f"user_{n % 7}") for n in range(600)]

    def write(number: int) -> None:
        mine = Random(number).sample(events, len(events))
        with servers[number % 2].client(key) as client:
            start.wait()
            for begin in range(0, len(mine), 37):
                client.post("/v1/events", json=mine[begin : begin + 37]).raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        writings = [pool.submit(write, number) for number in range(4)]
        start.set()
        for writing in writings:
            writing.result()
    rows = platform.rows("SELECT position, billed, cost FROM events ORDER BY position, billed")
    stands = 0
    for position, billed, cost in rows:
        after = stands + billed // 10**6
        assert (position, cost) == (stands * 10**6, of_month(after) - of_month(stands))
        stands = after
    assert stands == sum(it["quantity"] for it in events)
    assert platform.rows("SELECT quantity FROM tier_positions") == [(stands * 10**6,)]
    assert platform.rows("SELECT SUM(cost) FROM usage_monthly") == [(of_month(stands),)]
    assert platform.differences() == []


def test_of_two_that_take_an_event_back_at_once_one_does(
    servers: list[Server], platform: Platform
) -> None:
    key, start = platform.key(), Event()
    platform.send(*(event(id=str(n)) for n in range(40)))

    def take_back(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        with servers[number % 2].client(key) as client:
            start.wait()
            for n in range(40):
                asked = reversal(str(n), id=f"back {n} of {number}")
                receipt = client.post("/v1/events/reversals", json=asked).json()["receipts"][0]
                outcomes[receipt.get("code", "accepted")] += 1
        return outcomes

    with ThreadPoolExecutor(4) as pool:
        takings = [pool.submit(take_back, number) for number in range(4)]
        start.set()
        outcomes = sum((taking.result() for taking in takings), Counter())
    assert outcomes == {"accepted": 40, "already_reversed": 120}
    assert platform.rows("SELECT count, cost FROM usage_monthly") == [(0, 0)]
    assert platform.differences() == []


class Undone(Exception):
    """Takes back a transaction that was only there to hold up another."""


def wait_for_waiting(platform: Platform, count: int) -> None:
    """Return when this number of transactions waits for a lock."""
    waiting = (
        "SELECT COUNT(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while platform.rows(waiting) != [(count,)]:
        pass


@pytest.mark.parametrize("change", [directory.add_user, directory.change_user])
def test_events_of_a_user_and_a_change_of_it_wait_in_line_instead_of_deadlocking(
    on_postgres: Platform, change: Callable[[Transaction, int, User, int], None]
) -> None:
    database, number = on_postgres.database, on_postgres.organization()
    known = "user_1" if change is directory.change_user else "another"
    on_postgres.send(event(id="first", user_id=known))

    def change_user() -> None:
        with database.writing() as transaction:
            change(transaction, number, User("user_1", "Ann"), now())

    with ThreadPoolExecutor(2) as pool:
        with suppress(Undone), database.writing() as transaction:
            claim = (
                "INSERT INTO event_keys (organization_id, id, fingerprint, day) "
                "VALUES (:number, :id, 0, 0)"
            )
            transaction.execute(claim, number=number, id=encode_id("call-1"))
            sending = pool.submit(on_postgres.statuses, event())
            wait_for_waiting(on_postgres, 1)
            changing = pool.submit(change_user)
            wait_for_waiting(on_postgres, 2)
            raise Undone
        assert sending.result() == ["accepted"]
        changing.result()


def test_what_one_server_takes_the_other_answers_at_once(
    servers: list[Server], platform: Platform
) -> None:
    key = platform.key()
    for number in range(1, 4):
        with servers[number % 2].client(key) as client:
            fates(client, [event(id=str(number))])
        one, other = (users_of(server, key, "org_1") for server in servers)
        assert one == other
        assert one["users"][0]["total_voice_calls"] == number


def test_a_key_revoked_through_one_server_is_refused_by_the_other_at_once(
    servers: list[Server], platform: Platform
) -> None:
    admin, key = platform.key(), platform.key()
    with servers[0].client(admin) as boss, servers[1].client(key) as client:
        assert statuses_of(client.post("/v1/events", json=event())) == ["accepted"]
        assert boss.delete(f"/v1/keys/{key[:15]}").status_code == 200
        assert client.post("/v1/events", json=event(id="late")).status_code == 401
        assert client.get("/v1/organizations").status_code == 401
    assert platform.rows("SELECT id_text(id) FROM events") == [("call-1",)]


def test_a_key_revoked_during_a_request_brings_in_nothing(
    server: Server, platform: Platform
) -> None:
    admin, key = platform.key(), platform.key()
    begun, revoked = Event(), Event()

    def body() -> Iterator[bytes]:
        text = msgspec.json.encode(event(id="late"))
        yield text[:20]
        begun.set()
        assert revoked.wait(PATIENCE)
        yield text[20:]

    with server.client(admin) as boss, server.client(key) as slow, ThreadPoolExecutor(1) as pool:
        assert statuses_of(slow.post("/v1/events", json=event())) == ["accepted"]
        answer = pool.submit(slow.post, "/v1/events", content=body())
        assert begun.wait(PATIENCE)
        assert boss.delete(f"/v1/keys/{key[:15]}").status_code == 200
        assert statuses_of(boss.post("/v1/events", json=event(id="other"))) == ["accepted"]
        revoked.set()
        assert answer.result().status_code == 401
    assert platform.rows("SELECT id_text(id) FROM events ORDER BY id") == [("call-1",), ("other",)]


DEARER = """
name: Dearer calls
currency: USD
effective_from: 2024-01-01
source: a test
rates: [{meter: voice.call, price: 1, per: second}]
"""


def test_a_price_book_loaded_by_the_command_line_is_in_force_at_once_in_a_running_server(
    server: Server, database_url: str, platform: Platform, tmp_path: Path
) -> None:
    key, book = platform.key(), tmp_path / "dearer.yaml"
    book.write_text(DEARER)
    with server.client(key) as client:
        fates(client, [event(quantity=10)])
        load = run_command(database_url, "prices", "load", str(book), "--json")
        assert json.loads(load.stdout)["version"] == 2
        fates(client, [event(id="dearer", quantity=10)])
    costs = platform.rows("SELECT id_text(id), cost FROM events ORDER BY id")
    assert costs == [("call-1", 20_000_000), ("dearer", 10_000_000_000)]
