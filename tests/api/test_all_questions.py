"""Every question about the same ledger gives the same sums, to the last digit."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Site, Tenant, site_of
from tests.builders import Json, event, reversal
from tests.conftest import ENGINES
from tests.properties.profile import examples
from tollbook.domain.meters import BY_TYPE, CATALOG

ZONES = {"org_1": "America/New_York", "org_2": "Europe/Berlin", "org_3": "Europe/Berlin"}
CURRENCIES = {"org_1": "USD", "org_2": "USD", "org_3": "EUR"}
METERS = [meter.type for meter in CATALOG]
BRAND = "brand.registration"
NUMBERS = {"+4930123456": "DE", "+14155550123": "US", "+442071838750": "GB"}
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
DAYS = st.dates(date(2024, 3, 1), date(2024, 4, 30))
"""Clocks change in America on 10 March, in Europe on 31 March."""

MADE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(METERS),
        "organization_id": st.sampled_from(sorted(ZONES)),
        "user_id": st.sampled_from(["ann", "bob", "cid", None]),
        "minute": st.integers(0, 61 * 24 * 60 - 1),
        "quantity": st.integers(1, 100),
        "cost": st.integers(0, 10**9),
        "to": st.sampled_from([*NUMBERS, None]),
        "reversed": st.booleans(),
    }
)


class Fact(NamedTuple):
    """An event, or what takes one back, as the model knows it."""

    meter: str
    organization: str
    user: str
    day: date
    country: str
    currency: str
    count: int
    quantity: int
    cost: Decimal


class Model:
    """What was sent, added up by brute force."""

    def __init__(self, made: list[Json]) -> None:
        self.sent = [_sent(number, it) for number, it in enumerate(made)]
        self.back = [
            reversal(str(number), organization_id=it["organization_id"])
            for number, it in enumerate(made)
            if it["reversed"]
        ]
        self.facts = [fact for it in made for fact in _facts(it)]

    def within(self, period: tuple[date, date], **wanted: str) -> list[Fact]:
        """Return the facts of a period with these values; of a whole tenant in its currency."""
        if "organization" not in wanted:
            wanted = {"currency": "USD", **wanted}
        first, last = period
        return [
            it
            for it in self.facts
            if first <= it.day <= last
            and all(getattr(it, name) == value for name, value in wanted.items())
        ]

    def cost(self, period: tuple[date, date], **wanted: str) -> Decimal:
        return sum((it.cost for it in self.within(period, **wanted)), Decimal(0))

    def count(self, period: tuple[date, date], **wanted: str) -> int:
        return sum(it.count for it in self.within(period, **wanted))


def _instant(made: Json) -> datetime:
    return FIRST + timedelta(minutes=made["minute"])


def _sent(number: int, made: Json) -> Json:
    return event(
        id=str(number),
        type=made["type"],
        organization_id=made["organization_id"],
        user_id=made["user_id"],
        time=_instant(made).isoformat(),
        quantity=made["quantity"],
        cost=str(_amount(made)),
        resource_id="kb" if BY_TYPE[made["type"]].needs_resource else None,
        attributes={"to": made["to"], "from": made["to"]} if made["to"] else None,
    )


def _facts(made: Json) -> Iterator[Fact]:
    zone = ZoneInfo(ZONES[made["organization_id"]])
    user = "" if made["type"] == BRAND else made["user_id"] or ""
    answered = made["type"], made["organization_id"], user, _instant(made).astimezone(zone).date()
    country = NUMBERS.get(made["to"] or "", "")
    for sign in (1, -1) if made["reversed"] else (1,):
        currency = CURRENCIES[made["organization_id"]]
        yield Fact(
            *answered, country, currency, sign, sign * made["quantity"], sign * _amount(made)
        )


def _amount(made: Json) -> Decimal:
    return Decimal(made["cost"]).scaleb(-9).quantize(Decimal("1e-9"))


class Asker:
    """Asks one tenant's server about one period."""

    def __init__(self, tenant: Tenant, period: tuple[date, date]) -> None:
        self._tenant = tenant
        self._dates = {"start_date": period[0].isoformat(), "end_date": period[1].isoformat()}

    def content(self, path: str, **query: Any) -> bytes:
        response = self._tenant.get(path, params={**self._dates, **query})
        assert response.status_code == 200, (path, query, response.text)
        return response.content

    def text(self, path: str, **query: Any) -> str:
        return self.content(path, **query).decode()

    def json(self, path: str, **query: Any) -> Any:
        return json.loads(self.text(path, **query), parse_float=Decimal, parse_int=int)

    def rows(self, path: str, **query: Any) -> list[dict[str, str]]:
        """Return the answer as CSV, each row by the names of its columns."""
        return list(csv.DictReader(io.StringIO(self.text(path, format="csv", **query))))

    def pages(self, path: str, name: str, **query: Any) -> list[Json]:
        """Return all pages of an answer."""
        found: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.json(path, **query, **cursor)
            found += page[name]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


@pytest.fixture(params=ENGINES)
def either_site(request: pytest.FixtureRequest) -> Site:
    return site_of(request)


@given(made=st.lists(MADE, max_size=30), days=st.tuples(DAYS, DAYS), limit=st.integers(1, 3))
@examples(12)
def test_every_question_gives_the_same_sums(
    either_site: Site, made: list[Json], days: tuple[date, date], limit: int
) -> None:
    every_question_agrees(either_site, made, [days], limit)


PAST_64_BITS = [
    {
        "type": METERS[n // 9 % len(METERS)] if n % 3 else "voice.call",
        "organization_id": sorted(ZONES)[n % 2],
        "user_id": ["ann", "bob", None][n // 2 % 3] if n % 3 else "ann",
        "minute": n * 300 % (61 * 24 * 60) if n % 3 else 60,
        "quantity": 10**9 - n if n % 3 and METERS[n // 9 % len(METERS)] != "voice.call" else 80_000,
        "cost": 10**17 - n,
        "to": [*NUMBERS, None][n % 4],
        "reversed": n % 11 == 0,
    }
    for n in range(700)
]
"""More than 64 bits hold in one hour of one user, and again in all the rest."""


def test_sums_past_64_bits_are_as_exact_as_any(either_site: Site) -> None:
    periods = [
        (date(2024, 3, 1), date(2024, 4, 30)),
        (date(2024, 3, 1), date(2024, 3, 1)),
        (date(2024, 3, 9), date(2024, 4, 3)),
    ]
    every_question_agrees(either_site, PAST_64_BITS, periods, 1)


def every_question_agrees(
    site: Site, made: list[Json], periods: list[tuple[date, date]], limit: int
) -> None:
    """Send what was made, and compare the answer to every question with the model."""
    tenant = site.tenant()
    for identity, zone in ZONES.items():
        tenant.organization(identity, timezone=zone, currency=CURRENCIES[identity])
    model = Model(made)
    if model.sent:
        assert tenant.post("/v1/events", json=model.sent).json()["success"]
    if model.back:
        assert tenant.post("/v1/events/reversals", json=model.back).json()["success"]
    for days in periods:
        period = min(days), max(days)
        ask = Asker(tenant, period)
        for organization in ZONES:
            users_agree(ask, model, period, organization, limit)
            events_agree(ask, model, period, organization, limit)
        organizations_agree(ask, model, period, limit)
        trends_agree(ask, model, period)
        overview_agrees(ask, model, period)


def users_agree(
    ask: Asker, model: Model, period: tuple[date, date], organization: str, limit: int
) -> None:
    """Users and the organization's own usage add up to the organization, pages to the whole."""
    query = {"organization_id": organization}
    answer = ask.json("/v1/analytics/users", include="totals", **query)
    for user in answer["users"]:
        wanted = {"organization": organization, "user": user["user_id"]}
        assert user["total_cost"] == model.cost(period, **wanted)
        sent = model.count(period, meter="sms.outbound", **wanted)
        assert user["total_sms_sent"] == sent
    whole = model.cost(period, organization=organization)
    assert answer["totals"]["total_cost"] + answer["organization_level"]["total_cost"] == whole
    assert ask.pages("/v1/analytics/users", "users", limit=limit, **query) == answer["users"]
    rows = ask.rows("/v1/analytics/users", **query)
    assert [(it["user_id"], Decimal(it["total_cost"])) for it in rows if it["user_id"]] == [
        (it["user_id"], it["total_cost"]) for it in answer["users"]
    ]
    assert sum((Decimal(it["total_cost"]) for it in rows), Decimal(0)) == whole
    table = pyarrow.parquet.read_table(
        io.BytesIO(ask.content("/v1/analytics/users", format="parquet", **query))
    )
    assert sum(table["total_cost"].to_pylist(), Decimal(0)) == whole
    changes = ask.json("/v1/analytics/changes", **query)
    assert changes["total_cost"] == whole


def events_agree(
    ask: Asker, model: Model, period: tuple[date, date], organization: str, limit: int
) -> None:
    """The events behind the figures add up to them, page by page and as one file."""
    query = {"organization_id": organization}
    listed = ask.pages("/v1/events", "events", limit=limit * 7, **query)
    whole = model.cost(period, organization=organization)
    assert sum((Decimal(it["cost"]) for it in listed), Decimal(0)) == whole
    rows = ask.rows("/v1/events", **query)
    assert sorted(it["id"] for it in rows) == sorted(it["id"] for it in listed)
    assert sum((Decimal(it["cost"]) for it in rows), Decimal(0)) == whole


def organizations_agree(ask: Asker, model: Model, period: tuple[date, date], limit: int) -> None:
    """Organizations add up to their totals and to the overview."""
    answer = ask.json("/v1/analytics/organizations", include="totals")
    for it in answer["organizations"]:
        wanted = {"organization": it["organization_id"]}
        assert it["total_cost"] == model.cost(period, **wanted)
        calls = model.within(period, meter="voice.call", **wanted)
        assert it["total_voice_seconds"] == sum(call.quantity for call in calls)
    overview = ask.json("/v1/analytics/overview")
    for name in ("total_cost", "total_sms_sent", "total_voice_calls", "total_mms_received"):
        assert answer["totals"][name] == overview[name]
    listed = ask.pages("/v1/analytics/organizations", "organizations", limit=limit)
    assert listed == answer["organizations"]
    rows = ask.rows("/v1/analytics/organizations")
    assert [Decimal(it["total_cost"]) for it in rows] == [
        it["total_cost"] for it in answer["organizations"]
    ]


def overview_agrees(ask: Asker, model: Model, period: tuple[date, date]) -> None:
    """The overview is the model's, category by category."""
    overview = ask.json("/v1/analytics/overview")
    by_category: dict[str, Decimal] = defaultdict(Decimal)
    for fact in model.within(period):
        by_category[BY_TYPE[fact.meter].category.value] += fact.cost
    breakdown = overview["cost_breakdown"]
    for category in {meter.category.value for meter in CATALOG}:
        assert breakdown[f"{category}_cost"] == by_category[category]
    parts = breakdown["kb_monthly_cost"] + breakdown["kb_usage_cost"]
    assert parts == breakdown["kb_cost"]
    assert overview["total_cost"] == model.cost(period)
    euros = ask.json("/v1/analytics/overview", currency="EUR")
    assert euros["total_cost"] == model.cost(period, currency="EUR")


def trends_agree(ask: Asker, model: Model, period: tuple[date, date]) -> None:
    """However a trend is cut and split, it adds up to the whole, and so does its CSV."""
    path = "/v1/analytics/series"
    for bucket in ("day", "week", "month"):
        for split in (None, "meter", "category", "organization", "country"):
            query = {"bucket": bucket} | ({"split_by": split} if split else {})
            answer = ask.json(path, **query)
            assert answer["total_cost"] == model.cost(period)
            for line in answer["series"]:
                assert sum(line["costs"], Decimal(0)) == line["total_cost"]
                assert len(line["costs"]) == len(answer["buckets"])
            lines = sum((it["total_cost"] for it in answer["series"]), Decimal(0))
            assert lines == model.cost(period)
            rows = ask.rows(path, **query)
            assert sum((Decimal(it["cost"]) for it in rows), Decimal(0)) == model.cost(period)
    for organization in ZONES:
        of_it = {"organization_id": organization}
        whole = model.cost(period, organization=organization)
        by_user = ask.json(path, split_by="user", **of_it)
        answered = {it["key"]: it["total_cost"] for it in by_user["series"]}
        for user, cost in answered.items():
            assert cost == model.cost(period, organization=organization, user=user)
        assert sum(answered.values(), Decimal(0)) == whole
        if period[1] - period[0] < timedelta(days=31):
            assert ask.json(path, bucket="hour", **of_it)["total_cost"] == whole
        by_country = ask.json(path, split_by="country", **of_it)
        for line in by_country["series"]:
            wanted = {"organization": organization, "country": line["key"]}
            assert line["total_cost"] == model.cost(period, **wanted)
