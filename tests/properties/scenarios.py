"""Stories of a tenant for the properties: organizations, events, and changes in between."""

import json
import random
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.properties.model import (
    BRAND,
    INTERNATIONAL,
    STRICT,
    UNREADABLE,
    WRITTEN,
    Book,
    Price,
    Selected,
)
from tests.properties.wire import KNOWLEDGE_BASE, TYPES, WHOLE, Json
from tests.properties.words import worded

HOME, EURO, LATE = "org_home", "org_euro", "org_late"
ORGANIZATIONS = (HOME, EURO, LATE)
CURRENCIES = {HOME: "USD", EURO: "EUR", LATE: "USD"}
NUMBER_FORMATS = {HOME: STRICT, EURO: STRICT, LATE: INTERNATIONAL}
MEMBERS = ("Zoë", "anna", "user_10", "user_2", "\U0001f600")
IDLE = "never used anything"

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
# Ends of months and years, leap days, days on which clocks change, and the day Apia left out.
_DAYS = """
1970-01-01 1999-12-31 2011-12-30 2019-12-31 2020-01-01 2024-01-15 2024-01-31 2024-02-01 2024-02-29
2024-03-01 2024-03-10 2024-03-31 2024-04-07 2024-09-08 2024-10-06 2024-10-27 2024-11-03 2024-12-31
2025-01-01
"""
DAYS = tuple(map(date.fromisoformat, _DAYS.split()))
_HOURS = """
00:00:00 00:00:00.000001 00:30:00 01:59:59.999999 02:30:00 12:00:00 23:30:00 23:59:59.999999
"""
SELECTED_CODES = (
    ("unknown_organization", "no_price"),
    ("cost_pending", "number_unreadable"),
    ("unknown_organization",),
    ("implausibly_long", "ends_in_future", "cost_out_of_range", "number_hidden"),
    ("currency_mismatch", "invalid_days", "cost_pending", "no_price"),
)
HOURS = tuple(map(time.fromisoformat, _HOURS.split()))
DAY = timedelta(days=1)

# Prices that end in ties and thirds, conditions, tiers, and two meters without a price.
LATER_BOOK = Book(
    date(2024, 3, 10),
    "USD",
    {
        "sms.outbound": [
            Price("0.0000000005", buy="0.000000001"),
            Price(
                "",
                when=(("carrier", "A"),),
                tiers=((5, "0.05"), (1005, "0.0000000007"), (None, "0.01")),
                buy="0.0033333333",
            ),
        ],
        "sms.inbound": [
            Price("0.01", buy="0"),
            Price("0.0123", when=(("carrier", "A"),)),
            Price("0.000007", when=(("carrier", "7"),)),
            Price("10", when=(("carrier", "B"),), blocks=1000),
        ],
        "mms.outbound": [Price("0.07"), Price("0.2", by_event=True, when=(("carrier", "B"),))],
        "mms.inbound": [Price("0.0000000025", by_event=True, buy="0.000000001")],
        "voice.call": [
            Price("0.01", 60, buy="0.009"),
            Price("0.02", 60, to="44"),
            Price("0.0300000005", 60, to="4420"),
            Price("0.07", 60, kind="sip"),
            Price(
                "",
                60,
                to="1",
                tiers=((600, "0"), (90_000, "0.01"), (None, "0.0000333333")),
                connect_fee="0.05",
                fees_of_tiers=("0.02", None, "0"),
            ),
        ],
        "api.request": [Price("0.0000001", 7)],
        "api.storage": [Price("0.1", 30)],
        "phone.rental": [
            Price("", tiers=((2, "0.0005"), (100, "0.0000333333"), (None, "0.00002")), volume=True)
        ],
        "kb.usage": [Price("0.9", 3600), Price("0.5", 3600, when=(("legs", "2.50"),))],
        BRAND: [Price("4.4444444445", buy="4.5")],
    },
)
TIERED = ("sms.outbound", "sms.inbound", "phone.rental", "phone.rental")
CALLS = ("voice.call", "voice.call", "voice.call", "kb.usage")
LATER_YAML = """
name: Later prices
currency: USD
effective_from: 2024-03-10
source: the properties
rates:
  - {meter: sms.outbound, price: 0.0000000005, per: segment, buy: 0.000000001}
  - meter: sms.outbound
    when: {carrier: A}
    per: segment
    graduated: [{up_to: 5, price: 0.05}, {up_to: 1005, price: 0.0000000007}, {price: 0.01}]
    buy: 0.0033333333
  - {meter: sms.inbound, price: 0.01, per: segment, buy: 0}
  - {meter: sms.inbound, price: 0.0123, per: segment, when: {carrier: A}}
  - {meter: sms.inbound, price: 0.000007, per: segment, when: {carrier: "7"}}
  - meter: sms.inbound
    when: {carrier: B}
    price: 10
    per: 1000 segments
    package: 1
    over: month
  - {meter: mms.outbound, price: 0.07, per: segment}
  - {meter: mms.outbound, price: 0.2, per: message, when: {carrier: B}}
  - {meter: mms.inbound, price: 0.0000000025, per: message, buy: 0.000000001}
  - {meter: voice.call, price: 0.01, per: minute, buy: 0.009}
  - {meter: voice.call, to: 44, price: 0.02, per: minute}
  - {meter: voice.call, to: 4420, price: 0.0300000005, per: minute}
  - {meter: voice.call, when: {to.kind: sip}, price: 0.07, per: minute}
  - meter: voice.call
    to: 1
    per: minute
    connect_fee: 0.05
    graduated:
      - {up_to: 10, price: 0, connect_fee: 0.02}
      - {up_to: 1500, price: 0.01}
      - {price: 0.0000333333, connect_fee: 0}
  - {meter: api.request, price: 0.0000001, per: 7 requests}
  - {meter: api.storage, price: 0.1, per: GB-month}
  - meter: phone.rental
    per: month
    volume: [{up_to: 2, price: 0.0005}, {up_to: 100, price: 0.0000333333}, {price: 0.00002}]
  - {meter: kb.usage, price: 0.9, per: hour}
  - {meter: kb.usage, price: 0.5, per: hour, when: {legs: 2.50}}
  - {meter: brand.registration, price: 4.4444444445, per: registration, buy: 4.5}
"""

# In force from before the later one on, and not ended by it.
EURO_BOOK = Book(
    date(2024, 3, 5),
    "EUR",
    {
        "sms.outbound": [Price("0.0333333333"), Price("0.01", when=(("carrier", "A"),))],
        "voice.call": [Price("0.011", 60), Price("0.0000000025", to="44")],
        "phone.rental": [Price("3.00", daily=True, monthly_fee="0.1", event_fee="0.07")],
        "kb.usage": [Price("0.7", 3600)],
        "brand.registration": [Price("3")],
    },
)
EURO_YAML = """
name: Euro prices
currency: EUR
effective_from: 2024-03-05
source: the properties
rates:
  - {meter: sms.outbound, price: 0.0333333333, per: segment}
  - {meter: sms.outbound, price: 0.01, per: segment, when: {carrier: A}}
  - {meter: voice.call, price: 0.011, per: minute}
  - {meter: voice.call, to: 44, price: 0.0000000025, per: second}
  - meter: phone.rental
    price: 3.00
    per: month
    proration: daily
    fees: [{name: service, price: 0.1, per: month}, {name: setup, price: 0.07, per: event}]
  - {meter: kb.usage, price: 0.7, per: hour}
  - {meter: brand.registration, price: 3, per: registration}
"""

# A change of the prices of the later book, which rerating brings to what is charged.
CHANGED_BOOK = Book(
    date(2024, 3, 10),
    "USD",
    {
        "sms.outbound": [
            Price("0.02", buy="0.015"),
            Price("", when=(("carrier", "A"),), tiers=((7, "0.03"), (None, "0.0000000013"))),
        ],
        "sms.inbound": [Price("7", when=(("carrier", "B"),), blocks=300)],
        "voice.call": [
            Price("0.0100000007", 60, buy="0.0100000009"),
            Price("", 60, to="1", tiers=((900, "0.03"), (None, "0.002")), connect_fee="0.01"),
        ],
        "phone.rental": [Price("0.4")],
        "kb.usage": [Price("0.6", 3600)],
    },
)
CHANGED_YAML = """
name: Changed prices
currency: USD
effective_from: 2024-03-10
source: the properties
rates:
  - {meter: sms.outbound, price: 0.02, per: segment, buy: 0.015}
  - meter: sms.outbound
    when: {carrier: A}
    per: segment
    graduated: [{up_to: 7, price: 0.03}, {price: 0.0000000013}]
  - meter: sms.inbound
    when: {carrier: B}
    price: 7
    per: 300 segments
    package: 1
    over: month
  - {meter: voice.call, price: 0.0100000007, per: minute, buy: 0.0100000009}
  - meter: voice.call
    to: 1
    per: minute
    connect_fee: 0.01
    graduated: [{up_to: 15, price: 0.03}, {price: 0.002}]
  - {meter: phone.rental, price: 0.4, per: month}
  - {meter: kb.usage, price: 0.6, per: hour}
"""

CREATE_LATE, LOAD_BOOK, REPLAY = "create the late organization", "load the later book", "replay"
CHANGE_BOOK = "change the later book"
CLOSE = "build the columns of closed days"
Sent = tuple[str, str, str | None]
"""The organization, the id and the user of an event that was sent."""


@dataclass(frozen=True)
class Send:
    """Requests that share a transaction, and what happens before it but after their rating."""

    requests: list[list[bytes]]
    meanwhile: str | None = None


@dataclass(frozen=True)
class Reverse:
    """A request that takes events back."""

    reversals: list[Json]


@dataclass(frozen=True)
class Correct:
    """A request that corrects events."""

    corrections: list[Json]


@dataclass(frozen=True)
class Select:
    """A replay, or a discard, of some events in quarantine."""

    selected: Selected
    discards: bool


@dataclass(frozen=True)
class Rerate:
    """A run that charges everything again, of one organization or all; it may be reverted."""

    only: str | None
    reverts: bool


@dataclass(frozen=True)
class Archive:
    """A run that archives the months before that of a day, of one organization or all."""

    only: str | None
    before: date


@dataclass(frozen=True)
class Restore:
    """A run that restores the month of a day."""

    day: date


@dataclass(frozen=True)
class Erase:
    """The erasure of a user."""

    organization: str
    user: str


Step = Send | Reverse | Correct | Select | Rerate | Archive | Restore | Erase | str


@dataclass(frozen=True)
class Scenario:
    zones: dict[str, str]
    steps: list[Step]
    periods: list[tuple[date, date]]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    zones = {it: draw(st.sampled_from(ZONES)) for it in ORGANIZATIONS}
    days = draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=5, unique=True))
    texts = draw(histories(zones, days))
    steps: list[Step] = draw(st.sampled_from(([], [LOAD_BOOK])))[:]
    sent: list[Sent] = []
    while texts:
        requests = [_cut(texts, size) for size in draw(st.lists(st.integers(1, 9), min_size=1))]
        change = draw(st.sampled_from((None, None, None, CREATE_LATE, LOAD_BOOK)))
        steps.append(Send([it for it in requests if it], change))
        sent += _sent(requests)
        steps.extend(draw(st.sampled_from(((), (), (), (CREATE_LATE,), (LOAD_BOOK,), (REPLAY,)))))
        if draw(st.booleans()):
            steps.append(Reverse(draw(st.lists(reversals(sent), min_size=1, max_size=6))))
        if draw(st.booleans()):
            steps.append(Correct(draw(st.lists(corrections(sent), min_size=1, max_size=6))))
        if draw(st.booleans()):
            steps.extend(draw(acts(sent, days)))
        steps.extend(draw(st.sampled_from(((), (CLOSE,)))))
    for _ in range(draw(st.integers(1, 3))):
        steps.extend(draw(acts(sent, days)))
    return Scenario(zones, steps, draw(st.lists(periods(days), min_size=3, max_size=6)))


@st.composite
def reversals(draw: st.DrawFn, sent: list[Sent]) -> Json:
    """Reversals of what was sent, of other reversals and of nothing, some under taken ids."""
    nowhere = (draw(st.sampled_from(ORGANIZATIONS)), "nothing", None)
    organization, event, _ = draw(st.sampled_from((*sent, nowhere)))
    reverses = draw(st.sampled_from((event, event, event, event, f"back {event}")))
    names = (f"back {reverses}", f"back {reverses}", f"again {reverses}", reverses)
    return {
        "id": draw(st.sampled_from(names)),
        "organization_id": organization,
        "reverses": reverses,
        "reason": draw(st.sampled_from(("wrong", "wrong", "other"))),
    }


@st.composite
def corrections(draw: st.DrawFn, sent: list[Sent]) -> Json:
    """Corrections of what was sent, of other corrections, of reversals and of nothing."""
    nowhere = (draw(st.sampled_from(ORGANIZATIONS)), "nothing", None)
    organization, event, _ = draw(st.sampled_from((*sent, nowhere)))
    corrects = draw(
        st.sampled_from(
            (event, event, event, f"new {event}", f"new new {event}", f"new {event}.reversal")
        )
    )
    names = (*[f"new {corrects}"] * 4, f"other {corrects}", corrects, f"{corrects}.reversal")
    return {
        "id": draw(st.sampled_from(names)),
        "organization_id": organization,
        "corrects": corrects,
        "reason": draw(st.sampled_from(("wrong", "wrong", "other"))),
        **draw(st.sampled_from(CORRECTED)),
    }


@st.composite
def chains(draw: st.DrawFn, sent: list[Sent]) -> list[Json]:
    """Corrections of an event, of its correction, and so on."""
    organization, corrects, _ = draw(st.sampled_from(sent))
    chain = []
    for change in draw(st.lists(st.sampled_from(CORRECTED), min_size=1, max_size=3)):
        about = {"id": f"new {corrects}", "corrects": corrects, "reason": "wrong"}
        chain.append({**about, "organization_id": organization, **change})
        corrects = f"new {corrects}"
    return chain


@st.composite
def acts(draw: st.DrawFn, sent: list[Sent], days: list[date]) -> list[Step]:
    """What an operator does with the past; a change of prices and its rerating come together."""
    only = draw(st.sampled_from((None, HOME)))
    match draw(st.sampled_from((*"kkkssccclnnaree",))):
        case "k":
            return [Correct(draw(chains(sent)))]
        case "s":
            return [Correct(draw(chains(sent))), draw(selections(sent, discards=True))]
        case "n":
            return [CREATE_LATE, draw(selections(sent, discards=False))]
        case "c":
            back = Reverse([draw(reversals(sent)) for _ in range(3)])
            return [LOAD_BOOK, back, CHANGE_BOOK, Rerate(only, draw(st.booleans()))]
        case "l":
            return [LOAD_BOOK, Rerate(only, draw(st.booleans()))]
        case "a":
            return [Archive(only, max(days))]
        case "r":
            return [Archive(only, max(days)), Restore(draw(st.sampled_from(days)))]
    owned = [it for it in sent if it[2]] or [(HOME, "nothing", MEMBERS[0])]
    organization, event, user = draw(st.sampled_from(owned))
    after = draw(
        st.sampled_from(
            (*AFTER_AN_ERASURE, (Correct(draw(chains([(organization, event, user)]))),))
        )
    )
    return [LOAD_BOOK, Erase(organization, user or event), *after]


@st.composite
def selections(draw: st.DrawFn, sent: list[Sent], *, discards: bool) -> Select:
    """Events in quarantine of an organization, of some codes, or by their ids."""
    organization, event, _ = draw(st.sampled_from(sent))
    match draw(st.sampled_from("occi")):
        case "o":
            return Select((organization, (), ()), discards)
        case "c":
            return Select((None, draw(st.sampled_from(SELECTED_CODES)), ()), discards)
    of_organization = [it for of, it, _ in sent if of == organization][:3]
    names = (event, *of_organization, f"new {event}", f"new new {event}")
    return Select((organization, (), names), discards)


def _sent(requests: list[list[bytes]]) -> list[Sent]:
    events = [json.loads(text) for request in requests for text in request]
    return [(it["organization_id"], it["id"], it.get("user_id")) for it in events]


def _cut(texts: list[bytes], size: int) -> list[bytes]:
    taken, texts[:] = texts[:size], texts[size:]
    return taken


@st.composite
def histories(draw: st.DrawFn, zones: dict[str, str], days: list[date]) -> list[bytes]:
    """Events as they come in: new ones, the same again in other words, and broken ones."""
    known: list[Json] = []
    texts: list[bytes] = []
    for number in range(draw(st.integers(1, 30))):
        kind = draw(st.sampled_from(("new",) * 6 + ("again", "changed", "broken")))
        if kind == "new" or not known:
            known.append(draw(events(f"id {number}", zones, days)))
            event = known[-1]
        else:
            event = draw(st.sampled_from(known))
        if kind == "changed":
            event = {**event, **draw(st.sampled_from(CHANGES))}
        if kind == "broken":
            event = {**event, **draw(st.sampled_from(FLAWS))}
        texts.append(worded(event, random.Random(draw(st.integers(0, 2**16)))))
    return texts


@st.composite
def events(draw: st.DrawFn, identity: str, zones: dict[str, str], days: list[date]) -> Json:
    kind = draw(st.sampled_from((*TYPES, *TIERED, *CALLS)))
    organization = draw(st.sampled_from((HOME, HOME, *ORGANIZATIONS)))
    resource = draw(st.sampled_from((None, "kb_1", "kb_2", "kb_3")))
    return {
        "id": identity,
        "type": kind,
        "organization_id": organization,
        "user_id": draw(st.sampled_from((None, *MEMBERS))),
        "time": draw(instants(ZoneInfo(zones[organization]), days)),
        "quantity": draw(WHOLE_QUANTITIES if kind in WHOLE else QUANTITIES),
        "resource_id": "kb_1" if kind in KNOWLEDGE_BASE and resource is None else resource,
        "attributes": draw(ATTRIBUTES),
        **draw(PRICES),
    }


@st.composite
def instants(draw: st.DrawFn, zone: ZoneInfo, days: list[date]) -> datetime:
    """Moments at which a mistake about days would show, by the clocks of the zone."""
    local = datetime.combine(draw(st.sampled_from(days)), draw(st.sampled_from(HOURS)))
    return local.replace(tzinfo=zone, fold=draw(st.integers(0, 1))).astimezone(UTC)


def _scaled(places: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most).map(lambda it: Decimal(it).scaleb(-places))


AFTER_AN_ERASURE: tuple[tuple[Step, ...], ...] = (
    (REPLAY,),
    (CHANGE_BOOK, Rerate(None, reverts=False)),
    (Rerate(None, reverts=True),),
)
WHOLE_QUANTITIES = st.sampled_from([*map(Decimal, (0, 1, 1, 1, 2, 3, 5, 7, 1000, 999_999_937))])
QUANTITIES = _scaled(6, 10**9) | st.sampled_from(
    [
        *map(Decimal, ("0", "0.000001", "0.000005", "0.5", "1", "59.999999", "61", "86400")),
        *map(Decimal, ("86400.000001", "1000000000")),
    ]
)
COSTS = st.none() | st.none() | _scaled(9, 10**12) | st.just(Decimal(100_000_000))
PRICES = COSTS.map(lambda cost: {"cost": cost}) | st.sampled_from(
    ({"cost": None, "cost_pending": True}, {"cost": None, "cost_pending": False})
)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "carrier": st.sampled_from(("A", "B", "C")),
        "to": st.sampled_from((*WRITTEN, *UNREADABLE)),
        "legs": st.sampled_from((Decimal(2), Decimal("2.5"), Decimal("2.5"), "2.5", "2.50")),
        "from_day": st.sampled_from(("2024-03-01", "2024-10-10", "soon")),
        "until_day": st.sampled_from(("2024-03-20", "2024-12-31")),
        "answered": st.sampled_from((True, False, None)),
    },
)
CHANGES: tuple[Json, ...] = (
    {"quantity": Decimal(4)},
    {"time": datetime(2024, 2, 1, tzinfo=UTC)},
    {"user_id": "user_9"},
    {"user_id": None},
    {"organization_id": HOME},
    {"type": "phone.rental"},
    {"attributes": {"carrier": "A", "legs": Decimal(9)}},
    {"cost": Decimal("0.000000001")},
    {"resource_id": "kb_9"},
)
CORRECTED: tuple[Json, ...] = (
    *(it for it in CHANGES if "organization_id" not in it),
    {"cost": None},
    {"cost_pending": None},
    {"cost_pending": True},
    {"quantity": Decimal("0.5")},
    {"quantity": Decimal(90_000)},
    {"type": "mms.outbound"},
    {"type": "kb.usage"},
    {"attributes": None},
    {"time": datetime(2024, 3, 31, 22, 30, tzinfo=UTC), "user_id": "user_2"},
    {"cost": Decimal(2), "cost_pending": None},
)
FLAWS: tuple[Json, ...] = (
    {"quantity": Decimal(-1)},
    {"quantity": Decimal("0.0000001")},
    {"quantity": Decimal("1000000000.1")},
    {"type": "sms.inbound", "quantity": Decimal("1.5")},
    {"type": "kb.usage", "resource_id": None},
    {"type": "fax"},
    {"cost": Decimal("-0.01")},
    {"cost": Decimal("0.0000000001")},
    {"time": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)},
    {"time": datetime(2999, 1, 1, tzinfo=UTC)},
    {"colour": "red"},
)


@st.composite
def periods(draw: st.DrawFn, days: list[date]) -> tuple[date, date]:
    """Single days, cut and whole months, and many of them; most end at or next to events."""
    day = draw(st.sampled_from(days))
    near = st.sampled_from((day, day, day - DAY, day + DAY))
    far = st.sampled_from(days) | st.dates(date(2023, 12, 1), date(2025, 2, 1))
    length = monthrange(day.year, day.month)[1]
    month = st.sampled_from((day.replace(day=1), day.replace(day=length)))
    first, last = sorted((draw(near), draw(near | far | month)))
    return first, last
