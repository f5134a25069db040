"""A ledger of four months on SQLite, and its events looked at one by one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copy
from typing import NamedTuple

from tests.builders import Json, Platform, event, reversal
from tollbook.store.database import open_database

FIRST, LAST = date(2023, 12, 1), date(2024, 3, 31)
USERS = ("ann", "bob", "cat", None)
COUNTRIES = {"+442071838750": "GB", "+4930123456": "DE", "+12125550100": "US", "unknown": ""}
METERS = ("voice.call", "sms.outbound", "api.request", "brand.registration")
BOOK = """
name: Half of it is bought
currency: USD
effective_from: 1900-01-01
source: a test
rates:
  - {meter: voice.call, price: "0.60", per: minute, increments: 60/60,
     buy: {price: "0.45", per: minute}}
  - {meter: sms.outbound, price: "0.05", per: segment, buy: {price: "0.06", per: segment}}
  - {meter: api.request, price: "0.04", per: 1000 requests}
  - {meter: brand.registration, price: "4", per: registration}
"""


class Charged(NamedTuple):
    """An event or a reversal as it was charged; `user` is empty where no user has it."""

    user: str
    meter: int
    day: int
    country: str
    quantity: int
    billed: int
    cost: int
    buy: int | None
    sign: int


@contextmanager
def platform_on(file: Path) -> Iterator[Platform]:
    """Open a platform on a migrated file."""
    database = open_database(f"sqlite:///{file}")
    try:
        yield Platform(database)
    finally:
        database.close()


@contextmanager
def four_months(template: Path, folder: Path, count: int = 150) -> Iterator[Platform]:
    """Fill a copy of a migrated database: two organizations, some events taken back."""
    with platform_on(Path(copy(template, folder / "tollbook.db"))) as platform:
        platform.load(BOOK)
        for organization, zone in (("org_1", "Asia/Tokyo"), ("org_2", "UTC")):
            platform.organization(organization, timezone=zone)
            platform.send(*_events(Random(organization), organization, count))
            platform.reverse(
                *(reversal(f"e{it}", organization_id=organization) for it in range(0, count, 9))
            )
        yield platform


def _events(random: Random, organization: str, count: int) -> Iterator[Json]:
    start = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=12)
    hours = ((LAST - FIRST).days - 1) * 24
    for number in range(count):
        meter = random.choice(METERS)
        at = start + timedelta(hours=random.randrange(hours))
        yield event(
            id=f"e{number}",
            type=meter,
            organization_id=organization,
            user_id=random.choice(USERS),
            time=at.isoformat().replace("+00:00", "Z"),
            quantity=random.randint(1, 200),
            attributes={"to": random.choice(list(COUNTRIES))} if meter in METERS[:2] else None,
        )


def charged_events(platform: Platform, organization: str) -> list[Charged]:
    """Read all events of an organization, without any sum."""
    rows = platform.rows(
        "SELECT CASE WHEN meter = 12 THEN '' ELSE user_id END, meter, day, country, quantity, "
        "billed, cost, buy, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END "
        "FROM events WHERE organization_id = :number",
        number=platform.number(organization),
    )
    return [Charged(*row) for row in rows]


def sums_of(events: Iterable[Charged]) -> tuple[int, ...]:
    """Add up events: count, quantity, billed, cost, buy, and count and cost of those bought."""
    found = list(events)
    bought = [it for it in found if it.buy is not None]
    return (
        sum(it.sign for it in found),
        sum(it.quantity for it in found),
        sum(it.billed for it in found),
        sum(it.cost for it in found),
        sum(it.buy or 0 for it in bought),
        sum(it.sign for it in bought),
        sum(it.cost for it in bought),
    )
