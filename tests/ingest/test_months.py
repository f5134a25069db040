"""Where a month stands under a tier key: read once, and moved on by what is billed."""

import pytest

from tests.builders import Platform, event, reversal
from tests.rerating.builders import book
from tollbook.domain.exact import MICROS
from tollbook.ingest.months import Months
from tollbook.store.database import Database

TIERS = (
    "{meter: sms.outbound, per: segment, tier_group: texts, "
    "graduated: [{up_to: 10, price: 1}, {price: 0.5}]}"
)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2")
    platform.load(book(TIERS, since="2023-01-01"))
    return platform


def send(platform: Platform, identity: str, quantity: int, **given: str) -> None:
    sent = event(id=identity, type="sms.outbound", quantity=quantity, **given)
    assert platform.statuses(sent) == ["accepted"]


def key(platform: Platform) -> str:
    (row,) = platform.rows("SELECT DISTINCT tier_key FROM events WHERE tier_key IS NOT NULL")
    return str(row[0])


def test_a_month_begins_at_nothing_and_stands_where_its_events_left_it(platform: Platform) -> None:
    send(platform, "1", 4)
    send(platform, "2", 5, time="2024-02-01T00:00:00Z")
    send(platform, "3", 6, organization_id="org_2")
    one, two = platform.number("org_1"), platform.number("org_2")
    with platform.database.reading() as snapshot:
        months = Months(snapshot)
        at = [
            months.position(number, month, key(platform)) // MICROS
            for number, month in ((one, 202401), (one, 202402), (one, 202403), (two, 202401))
        ]
        assert at == [4, 5, 0, 6]
        assert months.position(one, 202401, "another key") == 0


def test_a_month_moves_on_within_a_batch_and_no_other_does(platform: Platform) -> None:
    send(platform, "1", 4)
    number, tier_key = platform.number("org_1"), key(platform)
    with platform.database.reading() as snapshot:
        months = Months(snapshot)
        assert months.position(number, 202401, tier_key) == 4 * MICROS
        assert months.position(number, 202402, tier_key) == 0
        months.advance(number, 202401, tier_key, 3 * MICROS)
        months.advance(number, 202401, tier_key, -2 * MICROS)
        assert months.position(number, 202401, tier_key) == 5 * MICROS
        assert months.position(number, 202402, tier_key) == 0
        assert Months(snapshot).position(number, 202401, tier_key) == 4 * MICROS


def test_a_reversal_takes_a_month_back(platform: Platform) -> None:
    send(platform, "1", 9)
    send(platform, "2", 4)
    tier_key = key(platform)
    assert platform.reversed(reversal("1")) == [("accepted", None)]
    with platform.database.reading() as snapshot:
        assert Months(snapshot).position(platform.number("org_1"), 202401, tier_key) == 4 * MICROS
    send(platform, "3", 6)
    assert platform.rows("SELECT position FROM events WHERE id_text(id) = '3'") == [(4 * MICROS,)]
