"""Whatever was used and whatever is asked, a trend has the figures of the events themselves."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.trends import BRAND, UNITS, Asked, Fact, Trends
from tests.builders import Json, Platform, event, reversal
from tests.properties.profile import examples
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import read_trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import SeriesQuestion, SeriesSplit
from tollbook.analytics.series_report import series_report
from tollbook.domain.directory import User
from tollbook.domain.periods import Comparison, Period, previous
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.wiring import now

# Days on which clocks change, each with its zone, and ends of months.
PLACES = [
    ("Europe/Berlin", "2024-03-31"),
    ("Europe/Berlin", "2024-10-27"),
    ("America/New_York", "2024-11-03"),
    ("America/New_York", "2024-03-10"),
    ("Asia/Kathmandu", "2024-02-29"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("America/Sao_Paulo", "2018-02-17"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("UTC", "2024-12-31"),
]
NUMBERS = {"": None, "US": "+14155550100", "GB": "+442071838750", "DE": "+4915112345678"}
USERS = ("ann", "bob", "cid")
ORGANIZATIONS = ("org_a", "org_b")
_TENANTS = count()


@st.composite
def facts(draw: st.DrawFn, day: date, organization: str) -> Fact:
    meter = draw(st.sampled_from(list(UNITS)))
    country = "" if meter in ("api.request", BRAND) else draw(st.sampled_from(list(NUMBERS)))
    minutes = draw(st.integers(-3 * 1440, 4 * 1440) | st.sampled_from([-366 * 1440, -40 * 1440]))
    at = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
    return Fact(
        organization,
        draw(st.sampled_from((None, *USERS))),
        meter,
        at + timedelta(seconds=draw(st.sampled_from([0, 59]))),
        Decimal(draw(st.integers(1, 5))),
        Decimal(draw(st.integers(0, 5))) / 1000,
        country,
        draw(st.integers(0, 7)) == 0,
    )


@st.composite
def questions(draw: st.DrawFn, day: date) -> Asked:
    bucket = draw(st.sampled_from(["hour", "hour", "day", "week", "month"]))
    longest = 4 if bucket == "hour" else 70
    start = day - timedelta(days=draw(st.integers(0, 2 if bucket == "hour" else 60)))
    if draw(st.booleans()) and bucket != "hour":
        start = start.replace(day=1)
    organization = draw(st.sampled_from((None, *ORGANIZATIONS)))
    splits = [None, "meter", "category", "organization", "country"]
    return Asked(
        organization,
        draw(st.sampled_from((None, *USERS))) if organization else None,
        start,
        start + timedelta(days=draw(st.integers(0, longest - 1))),
        bucket,
        draw(st.sampled_from([*splits, "user"] if organization else splits)),
        draw(st.sampled_from([None, None, ("voice.call",), ("sms.outbound", BRAND)])),
        draw(st.sampled_from([None, None, "US", "GB"])),
        draw(st.sampled_from([None, "previous_period", "previous_year"])),
        draw(st.sampled_from([1, 2, 10])),
    )


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[dict[str, str], list[Fact], list[Asked]]:
    zone, text = draw(st.sampled_from(PLACES))
    other = draw(st.sampled_from([zone, zone, "Asia/Kathmandu"]))
    zones, day = {"org_a": zone, "org_b": other}, date.fromisoformat(text)
    used = st.sampled_from(ORGANIZATIONS).flatmap(lambda it: facts(day, it))
    found = draw(st.lists(used, max_size=25))
    return zones, found, draw(st.lists(questions(day), min_size=8, max_size=16))


def filled(database: Database, zones: dict[str, str], found: list[Fact]) -> Platform:
    platform = Platform(database, f"trends {next(_TENANTS)}")
    for organization, zone in zones.items():
        number = platform.organization(organization, timezone=zone)
        with database.writing() as transaction:
            for user in USERS:
                directory.add_user(transaction, number, User(user, user.title()), now())
    events = [sent(f"e{n}", fact) for n, fact in enumerate(found)]
    if events:
        assert set(platform.statuses(*events)) == {"accepted"}
    taken = [
        reversal(f"e{n}", organization_id=it.organization)
        for n, it in enumerate(found)
        if it.reversed
    ]
    if taken:
        assert {status for status, _ in platform.reversed(*taken)} == {"accepted"}
    return platform


def sent(identity: str, fact: Fact) -> Json:
    number = NUMBERS[fact.country]
    side = "from" if fact.meter == "sms.inbound" else "to"
    return event(
        id=identity,
        organization_id=fact.organization,
        user_id=fact.user,
        type=fact.meter,
        time=fact.at.isoformat(),
        quantity=int(fact.quantity),
        cost=str(fact.cost),
        attributes={side: number} if number else None,
    )


def asked_of(platform: Platform, asked: Asked) -> Json:
    with platform.database.reading() as snapshot:
        organization = None
        if asked.organization:
            organization = directory.find_organization(
                snapshot, platform.tenant, asked.organization
            )
        period = Period(asked.start, asked.end)
        question = SeriesQuestion(
            QuestionScope(platform.tenant, organization, asked.user),
            period,
            Bucket(asked.bucket),
            SeriesSplit(asked.split_by) if asked.split_by else None,
            asked.meters,
            asked.country,
            previous(period, Comparison(asked.compare)) if asked.compare else None,
            asked.top,
        )
        encoded = msgspec.json.encode(series_report(question, read_trend(snapshot, question)))
    answer: Json = json.loads(encoded, parse_float=Decimal)
    return answer


def compared(part: Json) -> Json:
    """Keep the fields of the model: other tests check names."""
    series = [{name: it[name] for name in it if name != "name"} for it in part["series"]]
    return {"buckets": part["buckets"], "series": series, "total_cost": part["total_cost"]}


def may_ask(asked: Asked, zones: dict[str, str]) -> bool:
    """Hours of a tenant need one zone."""
    one = asked.organization or len(set(zones.values())) == 1
    return asked.bucket != "hour" or bool(one)


@examples(60)
@given(ledger=ledgers())
def test_every_trend_is_that_of_the_model(database: Database, ledger: Any) -> None:
    zones, found, questions = ledger
    platform, model = filled(database, zones, found), Trends(zones)
    model.facts = found
    for asked in questions:
        if may_ask(asked, zones):
            answer, expected = asked_of(platform, asked), model.answer(asked)
            assert compared(answer) == expected["now"], asked
            if asked.compare:
                assert compared(answer["comparison"]) == expected["before"], asked
