"""Usage between any two bounds, against the events looked at one by one, and as a table."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import FIRST, LAST, four_months
from tests.builders import Platform
from tests.properties.profile import examples
from tollbook.analytics.by_meter import ByMeter
from tollbook.analytics.completeness import instant_of_answer
from tollbook.analytics.partial_days import Between, Bound
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.domain.directory import User
from tollbook.domain.events import microseconds
from tollbook.domain.periods import day_number
from tollbook.store import directory
from tollbook.store.directory import OrganizationRow
from tollbook.store.versions import LedgerVersion

MICRO = 1_000_000


class Listed(NamedTuple):
    """An event as it is stored."""

    user: str
    meter: int
    day: int
    time: int
    quantity: int


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("usage")) as platform:
        yield platform


@pytest.fixture(scope="module")
def tokyo(platform: Platform) -> OrganizationRow:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
    assert row is not None
    assert row.timezone == "Asia/Tokyo"
    return row


@pytest.fixture(scope="module")
def events(platform: Platform, tokyo: OrganizationRow) -> list[Listed]:
    rows = platform.rows(
        "SELECT user_id, meter, day, time, quantity FROM events WHERE organization_id = :number",
        number=tokyo.number,
    )
    return [Listed(*row) for row in rows]


BOUNDS = st.none() | st.dates(FIRST, LAST) | st.integers(0, 999)
"""Nothing, a day, or the number of an event, whose instant is the bound."""


def is_within(it: Listed, start: Bound | None, end: Bound | None) -> bool:
    """Return whether an event is between bounds: days are both inside, an instant ends outside."""
    if isinstance(start, date):
        after = it.day >= day_number(start)
    else:
        after = start is None or it.time >= start
    if isinstance(end, date):
        return after and it.day <= day_number(end)
    return after and (end is None or it.time < end)


def _first_instant(bound: Bound | None, *, is_end: bool) -> int | None:
    """Return a bound as an instant; Tokyo has never changed its clocks since 1970."""
    if bound is None or isinstance(bound, int):
        return bound
    midnight = datetime(bound.year, bound.month, bound.day, tzinfo=ZoneInfo("Asia/Tokyo"))
    return microseconds(midnight) + (86_400 * MICRO if is_end else 0)


@examples(30)
@given(start=BOUNDS, end=BOUNDS, user=st.none() | st.sampled_from(["ann", "nobody"]))
@example(None, None, None)
@example(date(2024, 1, 31), date(2024, 2, 1), "ann")
@example(date(2024, 2, 29), date(2024, 2, 29), None)
def test_usage_is_that_of_the_events_between_the_bounds(
    platform: Platform,
    tokyo: OrganizationRow,
    events: list[Listed],
    start: Bound | None,
    end: Bound | None,
    user: str | None,
) -> None:
    start, end = (
        events[it % len(events)].time if isinstance(it, int) else it for it in (start, end)
    )
    first, last = _first_instant(start, is_end=False), _first_instant(end, is_end=True)
    assume(first is None or last is None or first < last)
    scope, between = QuestionScope(platform.tenant, tokyo, user), Between(start, end)
    with platform.database.reading() as snapshot:
        sums = usage_sums(snapshot, scope, split_of(scope, between))
    mine = [it for it in events if is_within(it, start, end) and user in (None, it.user)]
    for meter, code in (("voice.call", 5), ("sms.outbound", 1), ("sms.inbound", 2)):
        assert sums[meter].quantity == sum(it.quantity for it in mine if it.meter == code)


def sums_of(**quantities: int) -> ByMeter:
    """Return sums with quantities in whole units, by the codes of meters."""
    return ByMeter([(int(code[1:]), 1, units * MICRO, 0) for code, units in quantities.items()])


USED = sums_of(m1=3, m2=4, m3=5, m4=6, m5=61, m11=30)
ACME = OrganizationRow(1, "org_1", "Acme", "UTC", "USD", "active")
ANN = User("ann", "Ann", "ann@example.com")


@pytest.mark.parametrize("user", [None, ANN])
def test_a_table_has_the_sums_of_the_answer(user: User | None) -> None:
    scope = QuestionScope("demo", ACME, user.id if user else None)
    between = Between(date(2024, 1, 1), date(2024, 1, 31))
    table = usage_table(scope, user, between, USED)
    (cells,) = table.rows
    found = dict(zip([it.name for it in table.columns], cells, strict=True))
    answer: Any = msgspec.json.decode(msgspec.json.encode(usage_report(scope, user, between, USED)))
    usage = answer["usage"]
    for kind in ("sms", "mms"):
        for way in ("outbound", "inbound", "total"):
            assert found[f"{kind}_{way}"] == usage[kind][way] * MICRO
    for name in ("seconds", "kb_seconds", "total_seconds"):
        assert found[f"voice_{name}"] == usage["voice"][name] * MICRO
    assert (found["sms_total"], found["voice_total_seconds"]) == (7 * MICRO, 91 * MICRO)
    assert found["organization_id"] == "org_1"
    assert found.get("user_email") == (user.email if user else None)
    assert ("user_id" in found) is (user is not None)


@pytest.mark.parametrize(
    ("between", "start", "end"),
    [
        (Between(), None, None),
        (Between(date(2024, 1, 1)), "2024-01-01", None),
        (Between(None, date(2024, 1, 31)), None, "2024-01-31"),
        (Between(0, 1_705_320_000 * MICRO), "1970-01-01T00:00:00Z", "2024-01-15T12:00:00Z"),
    ],
)
def test_a_bound_that_is_missing_is_an_empty_cell(
    between: Between, start: str | None, end: str | None
) -> None:
    constants = usage_table(QuestionScope("demo", ACME), None, between, USED).constants
    assert {column.name: value for column, value in constants} == {
        "period_start": start,
        "period_end": end,
    }


class Replayed(NamedTuple):
    """The part of a snapshot that says how far a standby is."""

    replayed_at: int | None


@pytest.mark.parametrize(
    ("replayed_at", "as_of", "received_at", "expected"),
    [
        # On a primary, an answer is true of now, or of a commit whose clock was ahead.
        (None, 0, 0, 100),
        (None, 120, 0, 120),
        (None, 0, 130, 130),
        # On a standby, it is not true of anything after the last commit that has arrived.
        (90, 0, 0, 90),
        (110, 0, 0, 100),
        (90, 95, 0, 95),
        (90, 0, 99, 99),
    ],
)
def test_an_answer_is_true_of_the_newest_commit_it_has(
    replayed_at: int | None, as_of: int, received_at: int, expected: int
) -> None:
    usual: dict[str, Any] = dict.fromkeys(LedgerVersion._fields, 0) | {"nodes": ()}
    version = LedgerVersion(**{**usual, "as_of": as_of, "received_at": received_at})
    found = instant_of_answer(Replayed(replayed_at), version, 100)  # type: ignore[arg-type]
    assert found == expected
