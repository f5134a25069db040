"""What Tollbook promises, computed the slow way: it keeps every event and recounts each answer.

Written from the design alone: nothing here comes from the product. Numbers are decimals and
fractions, and the one rounding is `round` of a fraction, which goes half to even.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.properties.wire import KNOWLEDGE_BASE, TYPES, Json, corrected, is_bare, read

Identity = tuple[str, str]
Month = tuple[str, int, int, str, tuple[tuple[str, Any], ...]]
"""An organization, a year and a month of it, a type and the attributes of its price."""

BRAND = "brand.registration"
CALL = "voice.call"
LONGEST_CALL = 24 * 3600
MOST_COST = 100_000_000
ERASED = "erased"
Selected = tuple[str | None, tuple[str, ...], tuple[str, ...]]
"""Events in quarantine of an organization or all, of codes or all, with ids or all."""
EVERY_EVENT: Selected = None, (), ()
STRICT, INTERNATIONAL = "strict", "international"
LONDON, CALIFORNIA = "442071838750", "14155550100"
WRITTEN = {
    f"+{LONDON}": LONDON,
    "+4402071838750": LONDON,
    "+44 (0)20 7183 8750": LONDON,
    f"\u200e00{LONDON}": LONDON,
    f"sip:+{LONDON}@gw;user=phone": LONDON,
    "whatsapp:+1 415-555-0100": CALIFORNIA,
    f"+{CALIFORNIA}": CALIFORNIA,
}
"""Numbers as they are written, with what they are to everybody."""
READ = {STRICT: WRITTEN, INTERNATIONAL: {**WRITTEN, LONDON: LONDON}}
ADDRESSES = {"sip:zoe@example.com": "sip", "client:zoe": "client"}
UNREADABLE = (LONDON, "02071838750", "ä", *ADDRESSES)


@dataclass(frozen=True)
class Price:
    """A price for a number of units, or for each event; only for events with these attributes.

    A value of `when` is text; a number in an event has it when the values are equal.

    `to` is how the number in `to` begins, `kind` what stands there instead of one.

    `tiers` are amounts with the quantity of the month that each goes up to, the last with none:
    each for its part of the month or, by `volume`, one for all of it. `blocks` is for whole blocks
    of a number of units of the month. A call bears `connect_fee`, or that of its tier.

    A `daily` price and `monthly_fee` are for the days in use of a month, `event_fee` is not.

    `buy` is what the same number of units is bought for; empty when that is not known.
    """

    amount: str
    units: int = 1
    by_event: bool = False
    when: tuple[tuple[str, Any], ...] = ()
    tiers: tuple[tuple[int | None, str], ...] = ()
    volume: bool = False
    to: str = ""
    kind: str = ""
    blocks: int = 0
    connect_fee: str = "0"
    fees_of_tiers: tuple[str | None, ...] = ()
    daily: bool = False
    monthly_fee: str = "0"
    event_fee: str = "0"
    buy: str = ""

    @property
    def names(self) -> set[str]:
        """Return the attributes that decide whether the price is for an event."""
        return {name for name, _ in self.when} | ({"to"} if self.to or self.kind else set())

    def fits(self, attributes: Json) -> bool:
        return all(_has(attributes.get(name), value) for name, value in self.when)

    def connect_fee_at(self, position: Fraction) -> Decimal:
        """Return the connect fee of a call that begins when the month has had so much."""
        for (end, _), fee in zip(self.tiers, self.fees_of_tiers, strict=False):
            if end is None or position < end:
                return Decimal(self.connect_fee if fee is None else fee)
        return Decimal(self.connect_fee)

    def of_month(self, quantity: Fraction) -> Decimal:
        """Return what the first so much of a month costs."""
        if self.blocks:
            return rounded(-(-quantity // self.blocks) * Fraction(self.amount))
        if self.volume:
            ends = (it for it in self.tiers if it[0] is None or quantity <= it[0])
            return rounded(quantity * Fraction(next(ends)[1]))
        cost, begun = Fraction(0), Fraction(0)
        for end, amount in self.tiers:
            reached = quantity if end is None else min(quantity, Fraction(end))
            cost += max(reached - begun, Fraction(0)) * Fraction(amount) / self.units
            begun = max(begun, reached)
        return rounded(cost)


@dataclass(frozen=True)
class Book:
    since: date
    currency: str
    prices: dict[str, list[Price]]


DEFAULT_BOOK = Book(
    date(1900, 1, 1),
    "USD",
    {
        "sms.outbound": [Price("0.03")],
        "sms.inbound": [Price("0.01")],
        "mms.outbound": [Price("0.05", by_event=True)],
        "mms.inbound": [Price("0.02", by_event=True)],
        "voice.call": [Price("0.002")],
        "api.request": [Price("0.04", 1000)],
        "api.storage": [Price("0.15", 30)],
        "phone.rental": [Price("2.99")],
        "phone.purchase": [Price("1.00")],
        "kb.rental": [Price("5.00")],
        "kb.usage": [Price("0.10", 60)],
        BRAND: [Price("4.00")],
    },
)
assert tuple(DEFAULT_BOOK.prices) == TYPES


@dataclass
class Organization:
    zone: ZoneInfo
    currency: str
    number_format: str = STRICT
    users: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Used:
    """What an event took of a month, from where on, by which price of it, and its connect fee."""

    month: Month
    position: Fraction
    quantity: Fraction
    price: Price
    fee: Decimal

    def cost(self) -> Decimal:
        """Return what the month costs with the event, less what it costs without."""
        after = self.position + self.quantity
        return self.price.of_month(after) - self.price.of_month(self.position) + self.fee


@dataclass
class Held:
    """An event that was taken. Without a cost it waits in quarantine, for the reason in `code`.

    A reversal has the sign -1; `content` is the request of a reversal or correction. `gone` is an
    event that was corrected in quarantine or discarded. An erasure changes `event`, and `sent`
    stays. `back` is the reversal of an event. `buy` is None when it is not known.
    """

    event: Json
    cost: Decimal | None = None
    day: date | None = None
    sign: int = 1
    content: Json | None = None
    used: Used | None = None
    back: "Held | None" = None
    gone: bool = False
    archived: bool = False
    code: str = ""
    buy: Decimal | None = None
    sent: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sent = self.event

    @property
    def waits(self) -> bool:
        """Return whether the event is in quarantine."""
        return self.cost is None and not self.gone

    @property
    def may_be_replaced(self) -> bool:
        """Return whether the event can be reversed or corrected, as far as itself is concerned."""
        return not (self.sign < 0 or self.back or self.gone or self.archived)


class Model:
    """A tenant's ledger as a plain dictionary of everything it was ever sent."""

    def __init__(self) -> None:
        self.books = [DEFAULT_BOOK]
        self.organizations: dict[str, Organization] = {}
        self.held: dict[Identity, Held] = {}
        self.months: dict[Month, Fraction] = {}

    def send(self, batch: list[bytes]) -> list[str]:
        """Take events in order; say what becomes of each."""
        return [self._take(read(text), is_bare(text)) for text in batch]

    def replay(self, selected: Selected = EVERY_EVENT) -> int:
        """Look at quarantine again, in the order of ids; say how many events could leave it."""
        return sum(self._enter(self.held[it]) for it in self.waiting(selected))

    def waiting(self, selected: Selected = EVERY_EVENT) -> list[Identity]:
        """List the events in quarantine that are of an organization and codes or have ids."""
        organization, codes, ids = selected
        return [
            it
            for it in sorted(self.held, key=lambda it: it[1])
            if self.held[it].waits
            and organization in (None, it[0])
            and (not codes or self.held[it].code in codes)
            and (not ids or it[1] in ids)
        ]

    def reverse(self, batch: list[Json]) -> list[str]:
        """Take events back in order; say what becomes of each reversal."""
        return [self._take_back(it) for it in batch]

    def _take_back(self, asked: Json) -> str:
        organization = asked["organization_id"]
        original = self.held.get((organization, asked["reverses"]))
        standing = self.held.get((organization, asked["id"]))
        if original is None:
            return "rejected"
        if standing is not None:
            return "duplicate" if standing.content == asked else "conflict"
        if original.cost is None or not original.may_be_replaced:
            return "rejected"
        back = self._reversal(original, asked)
        if back is None:
            return "rejected"
        self.held[organization, asked["id"]] = back
        return "accepted"

    def _reversal(self, original: Held, asked: Json) -> Held | None:
        """Take an event back; None when the difference to its month is too large."""
        assert original.cost is not None
        cost, used = -original.cost, original.used
        if used is not None:
            used = replace(used, position=self.months[used.month] - used.quantity)
            cost = -used.cost()
            if abs(cost) > MOST_COST:
                return None
            self.months[used.month] = used.position
        original.back = Held(original.event, cost, original.day, -1, asked, used)
        original.back.buy = None if original.buy is None else -original.buy
        return original.back

    def correct(self, batch: list[Json]) -> list[str]:
        """Replace events in order; say what becomes of each correction."""
        return [self._correct(it) for it in batch]

    def _correct(self, asked: Json) -> str:
        organization, identity = asked["organization_id"], asked["id"]
        original = self.held.get((organization, asked["corrects"]))
        standing = self.held.get((organization, identity))
        if original is None:
            return "rejected"
        if standing is not None:
            return "duplicate" if standing.content == asked else "conflict"
        event = corrected(original.event, asked)
        if event is None or not original.may_be_replaced:
            return "rejected"
        replacement = Held(event, content=asked)
        if original.cost is None:
            original.gone = True
            self.held[organization, identity] = replacement
            return "accepted" if self._enter(replacement) else "quarantined"
        reversal_id = organization, f"{identity}.reversal"
        if event["cost_pending"] or reversal_id in self.held:
            return "rejected"
        months = dict(self.months)
        back = self._reversal(original, {"reverses": asked["corrects"], "reason": asked["reason"]})
        if back is None or not self._enter(replacement):
            self.months, original.back = months, None
            return "rejected"
        back.content = {
            "id": reversal_id[1],
            "organization_id": organization,
            "reverses": asked["corrects"],
            "reason": asked["reason"],
        }
        self.held[reversal_id] = back
        self.held[organization, identity] = replacement
        return "accepted"

    def _take(self, event: Json | None, is_bare: bool = False) -> str:
        if event is None:
            return "rejected"
        standing = self.held.get((event["organization_id"], event["id"]))
        if standing is None:
            if is_bare:
                return "rejected"
            held = self.held[event["organization_id"], event["id"]] = Held(event)
            return "accepted" if self._enter(held) else "quarantined"
        if standing.sent != event or standing.content is not None:
            return "conflict"
        return "quarantined" if standing.waits else "duplicate"

    def _enter(self, held: Held) -> bool:
        """Charge an event if that is possible; the user it names exists from then on."""
        organization = self.organizations.get(held.event["organization_id"])
        if organization is None:
            held.code = "unknown_organization"
            return False
        event = held.event
        day = event["time"].astimezone(organization.zone).date()
        held.code = doubt_about(event)
        charge = held.code or self.charge(event, day, organization)
        if isinstance(charge, str):
            held.code = charge
            return False
        held.cost, held.used = charge
        held.buy = self.buy_of(event, day, organization)
        if held.used is not None:
            self.months[held.used.month] = held.used.position + held.used.quantity
        held.day = day
        user = held.event["user_id"]
        if user is not None:
            organization.users.setdefault(user, user)
        return True

    def charge(
        self, event: Json, day: date, organization: Organization, standing: Used | None = None
    ) -> tuple[Decimal, Used | None] | str:
        """Return what an event costs and takes of its month, or why it cannot be charged.

        In the month that it has part of already, as `standing` says, it stays where it is.
        """
        if event["cost"] is not None:
            return Decimal(event["cost"]), None
        price = self._price(event, day, organization)
        if isinstance(price, str):
            return price
        if price.tiers or price.blocks:
            used = self._used(event, day, price, standing)
            cost = used.cost()
            return (cost, used) if abs(cost) <= MOST_COST else "cost_out_of_range"
        billed = Fraction(1) if price.by_event else Fraction(event["quantity"])
        amount = billed * (Fraction(price.amount) / price.units + Fraction(price.monthly_fee))
        if price.daily:
            share = share_of_month(day, event["attributes"])
            if share is None or (share < 1 and event["quantity"] > 1):
                return "invalid_days"
            amount *= share
        cost = rounded(amount + Fraction(price.event_fee))
        return (cost, None) if cost <= MOST_COST else "cost_out_of_range"

    def buy_of(self, event: Json, day: date, organization: Organization) -> Decimal | None:
        """Return what a charged event was bought for, None when that is not known."""
        if event["cost"] is not None:
            return Decimal(event["cost"])
        price = self._price(event, day, organization)
        if isinstance(price, str) or not price.buy:
            return None
        billed = Fraction(1) if price.by_event else Fraction(event["quantity"])
        return rounded(billed * Fraction(price.buy) / price.units)

    def _price(self, event: Json, day: date, organization: Organization) -> Price | str:
        """Return the price of an event, or why it has none."""
        begun = [it for it in self.books if it.since <= day]
        books = [it for it in begun if it.currency == organization.currency]
        if not books:
            return "currency_mismatch" if begun else "no_price_book"
        book = max(reversed(books), key=lambda it: it.since)
        prices, attributes = book.prices.get(event["type"], []), event["attributes"]
        if any(attributes.get(name) == ERASED for it in prices for name in it.names):
            return "number_hidden"
        fitting = _fitting(prices, attributes, READ[organization.number_format])
        if fitting:
            return max(fitting, key=lambda it: (len(it.to), len(it.when) + bool(it.kind)))
        by_number = (
            any(it.to for it in prices)
            and attributes.get("to") not in READ[organization.number_format]
        )
        return "number_unreadable" if by_number else "no_price"

    def _used(self, event: Json, day: date, price: Price, standing: Used | None) -> Used:
        """Return what an event takes of its month by a price."""
        quantity = Fraction(event["quantity"])
        group = (*price.when, ("to", price.to))
        month = (event["organization_id"], day.year, day.month, event["type"], group)
        position = self.months.setdefault(month, Fraction(0))
        if standing is not None and standing.month == month:
            position = standing.position
        fee = price.connect_fee_at(position) if quantity else Decimal(0)
        return Used(month, position, quantity, price, fee)

    def users(self, organization: str, start: date, end: date, only: str | None = None) -> Json:
        """Return the figures of every user, or of one, in the order of the answer."""
        of_users = {
            user: [held for held in self._charged(organization, start, end) if _owner(held) == user]
            for user in self.organizations[organization].users
            if only in (None, user)
        }
        names = self.organizations[organization].users
        answer = [_figures(user, names[user], events) for user, events in of_users.items()]
        return {
            "success": True,
            "organization_id": organization,
            "organization_name": organization,
            "period": {"start": start.isoformat(), "end": end.isoformat()},
            "users": sorted(answer, key=lambda it: (-it["total_cost"], it["user_id"])),
        }

    def purchases(self, organization: str, start: date, end: date) -> dict[str, tuple[Any, ...]]:
        """Return count, cost, purchase cost, and count and cost of what it is known of, by user.

        The user "" is that of usage at organization level.
        """
        found: dict[str, list[Held]] = {}
        for held in self._charged(organization, start, end):
            found.setdefault(_owner(held) or "", []).append(held)
        return {
            user: (sum(it.sign for it in events), _cost_of(events), *_bought(events))
            for user, events in found.items()
        }

    def total(self, organization: str, start: date, end: date) -> Decimal:
        """Return what the organization's whole usage of a period cost."""
        return _cost_of(self._charged(organization, start, end))

    def organization_level(self, organization: str, start: date, end: date) -> Decimal:
        """Return what the usage of no user cost."""
        charged = self._charged(organization, start, end)
        return _cost_of([held for held in charged if _owner(held) is None])

    def _charged(self, organization: str, start: date, end: date) -> list[Held]:
        return [
            held
            for (of, _), held in self.held.items()
            if of == organization and held.day is not None and start <= held.day <= end
        ]


def doubt_about(event: Json) -> str:
    """Return why an event is not charged whatever the prices are; empty when there is no doubt."""
    if event["cost_pending"]:
        return "cost_pending"
    if event["type"] != CALL:
        return ""
    seconds = timedelta(seconds=float(event["quantity"]))
    if event["time"] + seconds > datetime.now(UTC) + timedelta(hours=24):
        return "ends_in_future"
    return "implausibly_long" if event["quantity"] > LONGEST_CALL else ""


def rounded(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**9)).scaleb(-9)


def _has(value: Any, wanted: str) -> bool:
    """Return whether an attribute has a value: text as it is written, a number by its value."""
    if isinstance(value, Decimal):
        return wanted[:1].isdigit() and value == Decimal(wanted)
    return bool(value == wanted)


def share_of_month(day: date, attributes: Json) -> Fraction | None:
    """Return the part of the month of a day that something rented was in use, if it was."""
    last = date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
    month = [last.replace(day=number) for number in range(1, last.day + 1)]
    try:
        since = date.fromisoformat(attributes.get("from_day", day.isoformat()))
        until = date.fromisoformat(attributes.get("until_day", last.isoformat()))
    except ValueError:
        return None
    used = [it for it in month if since <= it <= until]
    return Fraction(len(used), len(month)) if used else None


def _fitting(prices: list[Price], attributes: Json, read: dict[str, str]) -> list[Price]:
    """List the prices of an event; where numbers decide, what is none has the price of its kind."""
    written = attributes.get("to")
    number, kind = read.get(written, ""), ADDRESSES.get(written, "none")
    fitting = [it for it in prices if it.fits(attributes) and number.startswith(it.to)]
    if number:
        return [it for it in fitting if not it.kind]
    by_number = any(it.to and it.fits(attributes) for it in prices)
    return [it for it in fitting if it.kind == kind or not (it.kind or by_number)]


def _owner(held: Held) -> str | None:
    return None if held.event["type"] == BRAND else held.event["user_id"]


def _cost_of(events: list[Held]) -> Decimal:
    return sum((held.cost for held in events if held.cost is not None), Decimal(0))


def _bought(events: list[Held]) -> tuple[Decimal, int, Decimal]:
    known = [it for it in events if it.buy is not None]
    buys = sum((it.buy for it in known if it.buy is not None), Decimal(0))
    return buys, sum(it.sign for it in known), _cost_of(known)


def _figures(user: str, name: str, events: list[Held]) -> Json:
    def of(*types: str) -> list[Held]:
        return [held for held in events if held.event["type"] in types]

    def count(*types: str) -> int:
        return sum(held.sign for held in of(*types))

    def quantity(kind: str) -> Decimal:
        return sum((held.sign * held.event["quantity"] for held in of(kind)), Decimal(0))

    def resources() -> int:
        held = of(*KNOWLEDGE_BASE)
        seen = {it.event["resource_id"] for it in held}
        left = {it: sum(one.sign for one in held if one.event["resource_id"] == it) for it in seen}
        return sum(uses > 0 for uses in left.values())

    return {
        "user_id": user,
        "user_name": name,
        "total_sms_sent": count("sms.outbound"),
        "total_sms_received": count("sms.inbound"),
        "total_mms_sent": count("mms.outbound"),
        "total_mms_received": count("mms.inbound"),
        "total_voice_calls": count("voice.call"),
        "total_voice_seconds": quantity("voice.call"),
        "cost_breakdown": {
            "messaging_cost": _cost_of(
                of("sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound")
            ),
            "voice_cost": _cost_of(of("voice.call")),
            "api_request_cost": _cost_of(of("api.request")),
            "api_requests_count": quantity("api.request"),
            "api_storage_cost": _cost_of(of("api.storage")),
            "phone_rental_cost": _cost_of(of("phone.rental")),
            "phone_rental_count": count("phone.rental"),
            "phone_purchase_cost": _cost_of(of("phone.purchase")),
            "phone_purchase_count": quantity("phone.purchase"),
            "kb_cost": _cost_of(of(*KNOWLEDGE_BASE)),
            "kb_count": resources(),
            "kb_minutes": rounded(Fraction(quantity("kb.usage")) / 60),
        },
        "total_cost": _cost_of(events),
    }
