"""The demo's second platform: the published example of GET /v1/analytics/overview, as events."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

from tollbook.cli.demo_data import WireEvent, made_up_number, parts, wire_event
from tollbook.domain.directory import Organization, User
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.yaml_book import parse_price_book

TENANT = "atlas"
NAME = "Atlas"
_JANUARY = datetime(2024, 1, 1, tzinfo=UTC)


class _Customer(NamedTuple):
    """An organization and its January: messages with their segments, calls with their seconds."""

    organization: Organization
    users: int
    sms_sent: tuple[int, int]
    sms_received: tuple[int, int]
    mms: tuple[int, int]
    calls: tuple[int, int]
    requests: int
    gb_days: int
    rentals: int
    purchases: int
    brands: int
    knowledge: tuple[int, ...]
    """The seconds of each time that its knowledge base was used."""


_CUSTOMERS = (
    _Customer(
        Organization("org_bluebird", "Bluebird Health"),
        8,
        (6000, 10400),
        (1300, 1302),
        (220, 80),
        (1000, 60000),
        400_000,
        1200,
        4,
        2,
        1,
        (600,) * 20,
    ),
    _Customer(
        Organization("org_cedar", "Cedar Bank"),
        6,
        (4200, 7100),
        (900, 901),
        (150, 50),
        (640, 40000),
        300_000,
        900,
        3,
        1,
        1,
        (*(300,) * 23, 30),
    ),
    _Customer(
        Organization("org_delta", "Delta Retail"),
        4,
        (2800, 4700),
        (600, 601),
        (90, 30),
        (400, 24560),
        180_000,
        500,
        1,
        1,
        1,
        (),
    ),
    _Customer(
        Organization("org_elm", "Elm Schools"),
        3,
        (1600, 2600),
        (300, 300),
        (40, 15),
        (200, 12000),
        80_000,
        250,
        1,
        1,
        0,
        (),
    ),
    _Customer(
        Organization("org_fjord", "Fjord Travel"),
        2,
        (820, 1312),
        (150, 150),
        (20, 5),
        (100, 6000),
        40_000,
        150,
        1,
        0,
        0,
        (),
    ),
)


def prices() -> PriceBook:
    """Read the platform's prices."""
    return parse_price_book(files("tollbook.cli").joinpath("demo_platform.yaml").read_text())


def customers() -> Iterator[tuple[Organization, tuple[User, ...]]]:
    """Return the organizations with their users."""
    for it in _CUSTOMERS:
        yield it.organization, _users(it)


def events() -> Iterator[WireEvent]:
    """Return the events of January 2024. Each message and call is an event of its own.

    Messages, by segment at 0.03 out and 0.01 in, MMS at 0.05 and 0.02:
    26112 * 0.03 + 3254 * 0.01 + 520 * 0.05 + 180 * 0.02 = 845.50.
    """
    for it in _CUSTOMERS:
        yield from _messages(it)
        yield from _rest(it)


def _users(it: _Customer) -> tuple[User, ...]:
    domain = f"{it.organization.id.removeprefix('org_')}.example"
    return tuple(
        User(f"user_{number}", f"user-{number}@{domain}", f"user-{number}@{domain}")
        for number in range(1, it.users + 1)
    )


def _messages(it: _Customer) -> Iterator[WireEvent]:
    random = Random(it.organization.id)  # noqa: S311  the same events every time are the point
    numbers = [made_up_number(random) for _ in range(20)]
    for kind, (count, segments) in (
        ("sms.outbound", it.sms_sent),
        ("sms.inbound", it.sms_received),
        ("mms.outbound", (it.mms[0], it.mms[0])),
        ("mms.inbound", (it.mms[1], it.mms[1])),
    ):
        end = {"from" if "inbound" in kind else "to": ""}
        for index in range(count):
            end = dict.fromkeys(end, random.choice(numbers))
            quantity = 2 if index < segments - count else 1
            yield _event(it, f"{kind}-{index}", kind, random, quantity=quantity, attributes=end)
    for index, seconds in enumerate(parts(random, *it.calls)):
        called = {"to": random.choice(numbers), "direction": "outbound"}
        identity = f"call-{index}"
        yield _event(it, identity, "voice.call", random, quantity=seconds, attributes=called)


def _rest(it: _Customer) -> Iterator[WireEvent]:
    random = Random(it.organization.name)  # noqa: S311
    for index, requests in enumerate(parts(random, 31, it.requests)):
        yield _event(it, f"api-{index}", "api.request", random, quantity=requests)
    for index, gb_days in enumerate(parts(random, 31, it.gb_days)):
        yield _event(it, f"storage-{index}", "api.storage", random, quantity=gb_days)
    for kind, count in (("phone.rental", it.rentals), ("phone.purchase", it.purchases)):
        for index in range(count):
            number = f"+141555501{index:02d}"
            yield _event(it, f"{kind}-{index}", kind, random, resource_id=number)
    for index in range(it.brands):
        yield _event(it, f"brand-{index}", "brand.registration", None)
    if it.knowledge:
        yield _event(it, "kb-rental", "kb.rental", None, resource_id="kb_help")
    for index, seconds in enumerate(it.knowledge):
        used: dict[str, Any] = {"quantity": seconds, "resource_id": "kb_help"}
        yield _event(it, f"kb-{index}", "kb.usage", random, **used)


def _event(
    it: _Customer, identity: str, kind: str, random: Random | None, **more: Any
) -> WireEvent:
    """Make an event of one of the users in office hours, or of the organization on the first."""
    if random is None:
        return wire_event(identity, kind, it.organization.id, None, _JANUARY, **more)
    user = f"user_{1 + int(random.random() ** 2 * it.users)}"
    when = timedelta(days=int(random.random() * 31), seconds=28_800 + int(random.random() * 36_000))
    return wire_event(identity, kind, it.organization.id, user, _JANUARY + when, **more)
