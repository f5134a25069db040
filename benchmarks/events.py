"""Realistic events, as requests and as rows for filling a large ledger quickly.

Identifiers are 32 hexadecimal digits that begin with the time, like UUIDs of version 7: what a
platform would choose today, and kind to an index. Wholly random ones cost more as a ledger grows.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random

from tollbook.domain.events import microseconds
from tollbook.domain.exact import MICROS, NANOS
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_number
from tollbook.store.staging import Staged

ORGANIZATION = "org_bench"
USERS = tuple(f"user_{number:04d}" for number in range(1_000))
_SEED = 20_240_131
_EVENTS_IN_A_MILLISECOND = 30
_MOST_QUANTITY = {"sms.outbound": 3, "sms.inbound": 2, "voice.call": 900, "api.request": 50}
_WEIGHTS = (40, 20, 15, 25)
_NUMBERS = tuple(f"+1415555{number:04d}" for number in range(10_000))


class Identifiers:
    """Identifiers that increase with time and end in 80 random bits."""

    def __init__(self, random: Random, start: datetime) -> None:
        self._random = random
        self._first = microseconds(start) // 1000 * _EVENTS_IN_A_MILLISECOND
        self._given = 0

    def take(self, count: int) -> list[str]:
        """Return the next identifiers."""
        first = self._first + self._given
        self._given += count
        bits = self._random.getrandbits
        return [
            f"{number // _EVENTS_IN_A_MILLISECOND:012x}{bits(80):020x}"
            for number in range(first, first + count)
        ]


class Traffic:
    """Different events of users during the last days, encoded as requests.

    Each event is of a random organization, one of its users, and a random day. Traffic that is
    made at the same time for the same organizations needs another seed, or ids repeat.
    """

    def __init__(
        self,
        organizations: Sequence[str] = (ORGANIZATION,),
        users: Sequence[str] = USERS,
        days: int = 1,
        seed: int = _SEED,
    ) -> None:
        self._random = Random(seed)
        now = datetime.now(UTC)
        self._identifiers = Identifiers(self._random, now)
        self._organizations = organizations
        self._users = users
        self._days = [(now.date() - timedelta(days=it)).isoformat() for it in range(days)]

    def bodies(self, requests: int, events: int) -> list[bytes]:
        """Return bodies of a number of events each: a single event, or an array."""
        if events == 1:
            return [self._event(it).encode() for it in self._identifiers.take(requests)]
        return [self._batch(events).encode() for _ in range(requests)]

    def _batch(self, events: int) -> str:
        return f"[{','.join(map(self._event, self._identifiers.take(events)))}]"

    def _event(self, identity: str) -> str:
        random = self._random
        meter = random.choices(tuple(_MOST_QUANTITY), _WEIGHTS)[0]
        second = int(random.random() * 86_400)
        time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        direction = "inbound" if meter == "sms.inbound" else "outbound"
        quantity = 1 + int(random.random() * _MOST_QUANTITY[meter])
        return (
            f'{{"id":"{identity}","type":"{meter}",'
            f'"organization_id":"{random.choice(self._organizations)}",'
            f'"user_id":"{random.choice(self._users)}",'
            f'"time":"{random.choice(self._days)}T{time}Z","quantity":{quantity},"attributes":'
            f'{{"to":"{_NUMBERS[int(random.random() * 10_000)]}","direction":"{direction}"}}}}'
        )


FIRST_DAY = date(2023, 12, 1)
LAST_DAY = date(2024, 2, 27)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
"""Two months of 31 days, so that a period can divide both in the middle, and most of a third: the
31 days until the newest one then divide two months, as the default period usually does."""

METERS = (
    "sms.outbound",
    "sms.inbound",
    "mms.outbound",
    "voice.call",
    "api.request",
    "api.storage",
    "phone.rental",
)
PRICE = 79 * NANOS // 1_000_000
"""Of a unit, in nanos; each meter has the product of it and its code."""

WITH_KNOWLEDGE_BASES = (*METERS[:-1], "kb.usage")
LEAST_EVENTS = len(USERS) * DAYS * len(METERS)
"""One event for every user, day and meter."""


def ledger_rows(
    number: int, meters: Sequence[str], wanted: int, per_transaction: int, days: int = DAYS
) -> Iterator[list[Staged]]:
    """Yield rows in the order of time, in lists for one transaction each.

    Every user has events in every meter on each of the last days: `wanted` of them altogether,
    spread evenly.
    """
    random = Random(_SEED + wanted)
    identifiers = Identifiers(random, datetime.now(UTC) + timedelta(seconds=wanted))
    cells, given = days * len(meters) * len(USERS), 0
    first = LAST_DAY - timedelta(days=days - 1)
    made: list[Staged] = []
    for cell, (day, meter, index) in enumerate(
        product(range(days), meters, range(len(USERS))), start=1
    ):
        template = _template(number, first + timedelta(days=day), meter, USERS[index])
        count = cell * wanted // cells - given
        given += count
        made += _varied(template, identifiers.take(count), random, _most_units(index))
        if len(made) >= per_transaction:
            yield made
            made = []
    if made:
        yield made


YEAR = 366
FIRST_DAY_OF_YEAR = date(2024, 1, 1)


def year_rows(number: int, per_transaction: int) -> Iterator[list[Staged]]:
    """Yield an event for every user on every day of a leap year, with alternating meters."""
    random = Random(_SEED)
    identifiers = Identifiers(random, datetime.now(UTC))
    made: list[Staged] = []
    for day in range(YEAR):
        for index, user in enumerate(USERS):
            meter = METERS[(day + index) % len(METERS)]
            date_of = FIRST_DAY_OF_YEAR + timedelta(days=day)
            template = _template(number, date_of, meter, user)
            made += _varied(template, identifiers.take(1), random, _most_units(index))
        if len(made) >= per_transaction:
            yield made
            made = []
    yield made


def _most_units(index: int) -> int:
    """Return the largest quantity of a user's events: sums of different users then differ."""
    return 100 + 40 * index


def _template(number: int, day: date, meter: str, user: str) -> Staged:
    kind = BY_TYPE[meter]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    resource = f"kb_{user}" if kind.needs_resource else ""
    attributes = '{"direction":"outbound","to":"%s"}'
    return Staged(
        organization_id=number,
        id="",
        fingerprint=0,
        day=day_number(day),
        user_id=user,
        billed_user_id=user,
        meter=kind.code,
        resource_id=resource,
        time=microseconds(noon),
        quantity=MICROS,
        billed=MICROS,
        cost=PRICE * kind.code,
        rate_id=kind.code,
        attributes=attributes,
    )


def _varied(
    template: Staged, identities: list[str], random: Random, most_units: int
) -> list[Staged]:
    """Return rows with different identities and quantities.

    Written out, because `_replace` costs several times as much.
    """
    number, _, _, day, user, billed_user_id, meter, resource, time, quantity, billed, cost, rate = (
        template[:13]
    )
    attributes = template.attributes
    return [
        Staged(
            number,
            identity,
            chance,
            day,
            user,
            billed_user_id,
            meter,
            resource,
            time + chance % 3_600_000_000,
            quantity * units,
            billed * units,
            cost * units,
            rate,
            attributes % _NUMBERS[chance % 10_000],
            time // 60_000_000,
            "US",
        )
        for identity in identities
        for chance in (random.getrandbits(63),)
        for units in (1 + chance % most_units,)
    ]
