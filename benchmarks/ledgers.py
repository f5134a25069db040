"""Ledgers of 1,000 active users with any number of events, filled through the store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tests.builders import Platform

from benchmarks.databases import Databases
from benchmarks.events import (
    LAST_DAY,
    LEAST_EVENTS,
    METERS,
    ORGANIZATION,
    USERS,
    YEAR,
    ledger_rows,
    year_rows,
)
from benchmarks.wire import WrongAnswer
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period, resolve
from tollbook.lifecycle.close_days import close_days
from tollbook.store import ledger
from tollbook.store.database import open_database
from tollbook.store.engine import TimeLimit
from tollbook.store.migrate import migrate
from tollbook.store.staging import Staged
from tollbook.store.verification import count_events
from tollbook.wiring import now

MONTH = Period(date(2024, 1, 1), date(2024, 1, 31))
CUT = Period(date(2023, 12, 17), date(2024, 1, 16))
"""The worst period of the default length: from the middle of one month to that of the next."""
DEFAULT = resolve(None, None, LAST_DAY)
"""The period of a request without dates on the newest day: 31 days that divide two months."""
_PER_TRANSACTION = 30_000


@dataclass(frozen=True)
class Ledger:
    """A filled database that is not in use."""

    url: str
    number: int
    key: str
    events: int
    size: int
    """Bytes on disk."""


def grown(databases: Databases, millions: Sequence[int]) -> Iterator[Ledger]:
    """Yield a ledger with the fewest events, then copies of it with millions more."""
    made = new_ledger(databases, METERS)
    yield made
    for wanted in millions:
        made = filled(databases, databases.copy(made.url), made, METERS, wanted * 1_000_000)
        yield made


def new_ledger(databases: Databases, meters: Sequence[str]) -> Ledger:
    """Create a ledger with one event for every user, day and meter."""
    return filled(databases, *empty_ledger(databases), meters, LEAST_EVENTS)


def year_ledger(databases: Databases) -> Ledger:
    """Create a ledger of a year, with one event for every user and day."""
    url, empty = empty_ledger(databases)
    rows = year_rows(empty.number, _PER_TRANSACTION)
    return fill_ledger(databases, url, empty, rows, YEAR * len(USERS))


def empty_ledger(databases: Databases) -> tuple[str, Ledger]:
    """Create a ledger with an organization and no events, and return its URL too."""
    url = databases.fresh()
    database = open_database(url)
    migrate(database)
    platform = Platform(database)
    number = platform.organization(ORGANIZATION)
    empty = Ledger(url, number, platform.key(Permission.READ_ANALYTICS), 0, 0)
    database.close()
    return url, empty


def filled(
    databases: Databases, url: str, before: Ledger, meters: Sequence[str], events: int
) -> Ledger:
    """Add events to a ledger up to a total number."""
    rows = ledger_rows(before.number, meters, events - before.events, _PER_TRANSACTION)
    return fill_ledger(databases, url, before, rows, events)


def fill_ledger(
    databases: Databases, url: str, before: Ledger, listed: Iterable[list[Staged]], events: int
) -> Ledger:
    """Add rows to a ledger, one list in each transaction, up to a total number of events."""
    database = open_database(url)
    for rows in listed:
        database.ensure_partitions({row.day // 100 for row in rows})
        with database.writing(TimeLimit.NONE) as transaction:
            ledger.record(transaction, rows, now(), lambda _: True)
    with database.reading() as snapshot:
        if count_events(snapshot) != events:
            raise WrongAnswer(f"{events} events recorded, {count_events(snapshot)} stored")
    close_days(database, now())
    database.close()
    databases.settle(url)
    database = open_database(url)
    size = database.engine.size_in_bytes()
    database.close()
    print(f"  {databases.name}, {events:,} events of {len(USERS):,} users", flush=True)
    return Ledger(url, before.number, before.key, events, size)
