"""Every figure of the users answer is the sum of the events that it is followed to."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Platform, event, reversal
from tests.properties.profile import examples
from tollbook.analytics.events import EventsQuestion, PageEnd, events_table, read_page
from tollbook.analytics.users import USER_ROW, read_rows
from tollbook.domain.meters import BY_TYPE, CATALOG, Category
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Database, Snapshot

_TENANTS = count()
DAYS = st.dates(date(2023, 12, 1), date(2024, 3, 1))
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from([meter.type for meter in CATALOG]),
        "user_id": st.sampled_from(["ann", "bob", None]),
        "day": DAYS,
        "minute": st.integers(0, 1439),
        "quantity": st.integers(0, 100),
        "cost": st.integers(0, 10**9),
        "to": st.sampled_from(["+4930123456", "+14155550123", None]),
        "reversed": st.booleans(),
    }
)
COSTS = {
    Category.MESSAGING: "messaging_cost",
    Category.VOICE: "voice_cost",
    Category.API_REQUEST: "api_request_cost",
    Category.API_STORAGE: "api_storage_cost",
    Category.PHONE_RENTAL: "phone_rental_cost",
    Category.PHONE_PURCHASE: "phone_purchase_cost",
    Category.KNOWLEDGE_BASE: "kb_cost",
}
COUNTS = {
    "sms.outbound": "total_sms_sent",
    "sms.inbound": "total_sms_received",
    "mms.outbound": "total_mms_sent",
    "mms.inbound": "total_mms_received",
    "voice.call": "total_voice_calls",
    "phone.rental": "phone_rental_count",
}
QUANTITIES = {
    "voice.call": "total_voice_seconds",
    "api.request": "api_requests_count",
    "phone.purchase": "phone_purchase_count",
    "kb.usage": "kb_minutes",
}


def _sent(number: int, made: dict[str, Any]) -> dict[str, Any]:
    time = f"{made['day']}T{made['minute'] // 60:02}:{made['minute'] % 60:02}:00Z"
    resource = "kb" if BY_TYPE[made["type"]].needs_resource else None
    return event(
        id=f"{number}",
        type=made["type"],
        user_id=made["user_id"],
        time=time,
        quantity=made["quantity"] or (1 if BY_TYPE[made["type"]].text else 0),
        cost=f"{made['cost'] / 10**9:.9f}",
        resource_id=resource,
        attributes={"to": made["to"]} if made["to"] else None,
    )


def _pages(snapshot: Snapshot, wanted: EventsQuestion, limit: int) -> Iterator[tuple[Any, ...]]:
    after: PageEnd | None = None
    while True:
        page = read_page(snapshot, wanted, limit, after)
        yield from page.rows
        after = page.end
        if after is None:
            return


def _sums(rows: list[tuple[Any, ...]]) -> tuple[int, int, int]:
    counted = sum(-1 if row[13] else 1 for row in rows)
    return counted, sum(row[6] for row in rows), sum(row[9] for row in rows)


@given(made=st.lists(EVENTS, max_size=25), days=st.tuples(DAYS, DAYS), limit=st.integers(1, 9))
@examples(25)
def test_pages_add_up_to_each_figure(
    database: Database, made: list[dict[str, Any]], days: tuple[date, date], limit: int
) -> None:
    platform = Platform(database, f"tenant {next(_TENANTS)}")
    platform.organization(timezone="America/New_York")
    if made:
        platform.send(*(_sent(number, it) for number, it in enumerate(made)))
    back = [reversal(str(number)) for number, it in enumerate(made) if it["reversed"]]
    if back:
        platform.reverse(*back)
    period = Period(min(days), max(days))
    with database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
        assert row is not None
        everything = list(_pages(snapshot, EventsQuestion(row, period, 2**62), limit))
        order = [(it[5], it[4], it[0]) for it in everything]
        assert sorted(order, reverse=True) == order
        table = events_table(snapshot, EventsQuestion(row, period, 2**62)).rows
        # A file names the organization and its currency between the columns of a page.
        streamed = [(*it[:14], *it[16:]) for it in table]
        assert sorted(streamed) == sorted(everything)
        of_all: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for sums in read_rows(snapshot, row.number, period, None):
            user = dict(zip(USER_ROW.place, sums, strict=True))
            found = {
                meter.type: list(
                    _pages(
                        snapshot,
                        EventsQuestion(row, period, 2**62, user["user_id"], meters=(meter.type,)),
                        limit,
                    )
                )
                for meter in CATALOG
            }
            for category, field in COSTS.items():
                mine = [it for it in CATALOG if it.category is category]
                assert sum(_sums(found[it.type])[2] for it in mine) == user[field]
            for name, field in COUNTS.items():
                assert _sums(found[name])[0] == user[field]
            for name, field in QUANTITIES.items():
                assert _sums(found[name])[1] == user[field]
            of_all["user"] += [it for rows in found.values() for it in rows]
        nobodys = EventsQuestion(row, period, 2**62, nobody=True)
        of_all["user"] += _pages(snapshot, nobodys, limit)
        for country in ("DE", "US"):
            rows = list(
                _pages(snapshot, EventsQuestion(row, period, 2**62, country=country), limit)
            )
            assert rows == [it for it in everything if it[10] == country]
    assert sorted(of_all["user"]) == sorted(everything)
