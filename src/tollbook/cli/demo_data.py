"""The events of the demo: ordinary ones, the same on every run.

`acme` is the published example of GET /v1/analytics/users, event by event. `harbor` is a livelier
organization: 40 users, 120 days up to today, weekly rhythm, five countries.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tollbook.domain.directory import Organization, User

WireEvent = dict[str, Any]

ACME = Organization("org_abc123", "Acme Corp")
ACME_USERS = (
    User("user_123", "john@acme.com", "john@acme.com"),
    User("user_456", "jane@acme.com", "jane@acme.com"),
)
HARBOR = Organization("org_harbor", "Harbor Logistics", "Europe/Berlin")
HARBOR_DAYS = 120
_TEAMS = ("dispatch", "sales", "support", "billing")
HARBOR_USERS = tuple(
    User(
        f"user_{team}_{number:02d}",
        f"{team}-{number:02d}@harbor.example",
        f"{team}-{number:02d}@harbor.example",
    )
    for number in range(1, 11)
    for team in _TEAMS
)
_PREFIXES = ("+49302312", "+4420794600", "+141555501", "+3319900", "+3197010")
_NUMBER_LENGTH = 12
_JANUARY = date(2024, 1, 1)


def acme_events() -> Iterator[WireEvent]:
    """Return the events of January 2024 of the two users of the published example.

    Messages, by segment at 0.03 out and 0.01 in, MMS at 0.05 and 0.02:
    3740 * 0.03 + 650 * 0.01 + 120 * 0.05 + 40 * 0.02 = 125.50 and
    2900 * 0.03 + 445 * 0.01 + 65 * 0.05 + 25 * 0.02 = 95.20.
    """
    yield from _acme_user("user_123", (2420, 3740), (650, 650), (120, 40), (340, 21560), 250_000)
    yield from _acme_user("user_456", (1800, 2900), (420, 445), (65, 25), (280, 18400), 200_000)
    yield from _storage("user_123", "14.5", "15")
    yield from _storage("user_456", "9.7", "9")
    for user, number in (("user_123", 1), ("user_123", 2), ("user_456", 3)):
        yield _acme(f"rental-{number}", "phone.rental", user, 0, resource_id=f"+1415555010{number}")
    yield _acme("purchase-2", "phone.purchase", "user_123", 0, resource_id="+14155550102")
    for call in range(11):
        yield _acme(
            f"kb-{call}", "kb.usage", "user_123", call, quantity=300, resource_id="kb_support"
        )
    yield _acme("brand-1", "brand.registration", None, 3)


def _acme_user(
    user: str,
    sent: tuple[int, int],
    received: tuple[int, int],
    mms: tuple[int, int],
    calls: tuple[int, int],
    requests: int,
) -> Iterator[WireEvent]:
    random = Random(user)  # noqa: S311  the same events every time are the point
    for kind, (count, segments) in (("sms.outbound", sent), ("sms.inbound", received)):
        for index in range(count):
            quantity = 2 if index < segments - count else 1
            yield _acme(f"{user}-{kind}-{index}", kind, user, random, quantity=quantity)
    for kind, count in (("mms.outbound", mms[0]), ("mms.inbound", mms[1])):
        for index in range(count):
            yield _acme(f"{user}-{kind}-{index}", kind, user, random)
    for index, seconds in enumerate(parts(random, *calls)):
        yield _acme(f"{user}-call-{index}", "voice.call", user, random, quantity=seconds)
    for day, quantity in enumerate(parts(random, 31, requests)):
        yield _acme(f"{user}-api-{day}", "api.request", user, day, quantity=quantity)


def _storage(user: str, most_days: str, last_day: str) -> Iterator[WireEvent]:
    for day in range(31):
        quantity = last_day if day == 30 else most_days
        yield _acme(f"{user}-storage-{day}", "api.storage", user, day, quantity=quantity)


def parts(random: Random, count: int, total: int) -> list[int]:
    """Split a total into uneven parts of at least 1."""
    weights = [random.uniform(0.2, 1.8) for _ in range(count)]
    scale = (total - count) / sum(weights)
    parts = [1 + int(weight * scale) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts


def _acme(identity: str, kind: str, user: str | None, when: int | Random, **more: Any) -> WireEvent:
    if isinstance(when, int):
        instant = datetime.combine(_JANUARY + timedelta(days=when), time(9), UTC)
    else:
        day = _JANUARY + timedelta(days=when.randrange(31))
        instant = datetime.combine(day, time(8), UTC) + timedelta(seconds=when.randrange(36_000))
        more["attributes"] = {"to": made_up_number(when)} if "inbound" not in kind else {}
    return wire_event(identity, kind, ACME.id, user, instant, **more)


def harbor_events(now: datetime) -> Iterator[WireEvent]:
    """Return 120 days of events up to `now`; those of a day are the same on every run."""
    today = now.astimezone(ZoneInfo(HARBOR.timezone)).date()
    for back in range(HARBOR_DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        for place, user in enumerate(HARBOR_USERS):
            for event in _harbor_day(day, place, user):
                if datetime.fromisoformat(event["time"]) <= now:
                    yield event


def _harbor_day(day: date, place: int, user: User) -> Iterator[WireEvent]:
    random = Random(f"{user.id} {day}")  # noqa: S311
    identity = f"{user.id}-{day}"
    if day.day == 1:
        number = f"+49302312{place:04d}"
        yield _harbor(f"{identity}-rental", "phone.rental", user, day, random, resource_id=number)
        if place % 8 == 0:
            resource = f"kb_{_TEAMS[place % 4]}"
            yield _harbor(f"{identity}-kb", "kb.rental", user, day, random, resource_id=resource)
    liveliness = 1.5 / (1 + place / 6) + 0.15
    rhythm = (0.25 if day.weekday() >= 5 else 1.0) * random.uniform(0.6, 1.3)
    for kind, usual in (
        ("sms.outbound", 12),
        ("sms.inbound", 5),
        ("mms.outbound", 1),
        ("mms.inbound", 0.5),
        ("voice.call", 5),
        ("kb.usage", 0.6),
    ):
        for index in range(_rounded(random, usual * liveliness * rhythm)):
            more: dict[str, Any] = {}
            if kind in ("voice.call", "kb.usage"):
                more["quantity"] = 1 + int(random.expovariate(1 / 150))
            elif kind.startswith("sms"):
                more["quantity"] = random.choice((1, 1, 1, 2, 3))
            if kind == "kb.usage":
                more["resource_id"] = f"kb_{_TEAMS[place % 4]}"
            elif not kind.endswith("inbound"):
                more["attributes"] = {"to": made_up_number(random), "direction": "outbound"}
            yield _harbor(f"{identity}-{kind}-{index}", kind, user, day, random, **more)
    requests = int(3000 * liveliness * rhythm)
    if requests:
        yield _harbor(f"{identity}-api", "api.request", user, day, random, quantity=requests)
    stored = f"{2 + place * 0.35:.2f}"
    yield _harbor(f"{identity}-storage", "api.storage", user, day, random, quantity=stored)


def _harbor(
    identity: str, kind: str, user: User, day: date, random: Random, **more: Any
) -> WireEvent:
    local = datetime.combine(day, time(7), ZoneInfo(HARBOR.timezone))
    instant = local.astimezone(UTC) + timedelta(seconds=random.randrange(12 * 3600))
    return wire_event(identity, kind, HARBOR.id, user.id, instant, **more)


def _rounded(random: Random, expected: float) -> int:
    return int(expected + random.random())


def made_up_number(random: Random) -> str:
    """Make up a number in ranges that are set aside for fiction, or look like it."""
    prefix = random.choice(_PREFIXES)
    missing = _NUMBER_LENGTH - len(prefix)
    return prefix + "".join(random.choice("0123456789") for _ in range(missing))


def wire_event(
    identity: str, kind: str, organization: str, user: str | None, instant: datetime, **more: Any
) -> WireEvent:
    """Return an event as a platform would send it."""
    event = {
        "id": identity,
        "type": kind,
        "organization_id": organization,
        "time": instant.isoformat(),
        **more,
    }
    return event if user is None else {**event, "user_id": user}
