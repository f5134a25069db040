"""Every sum that is kept is recomputed: whatever is changed in one is found, and named."""

from typing import Any

import pytest

from tests.builders import Platform, correction, event, reversal
from tests.rerating.builders import book
from tollbook.domain.directory import LOCAL_ZONES
from tollbook.store.database import Database
from tollbook.store.rollups import KEYS, SUMS
from tollbook.store.verification import (
    CHECKS,
    MOST_SHOWN,
    RowDifference,
    count_archived,
    count_events,
    differences,
    local_zones,
)

TIERS = "{meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: 1}, {price: 0.5}]}"
CALLS = "{meter: voice.call, per: minute, price: 0.3, buy: 0.1}"


@pytest.fixture
def platform(database: Database) -> Platform:
    """A ledger with something for every check."""
    platform = Platform(database)
    platform.organization()
    platform.load(book(TIERS, CALLS))
    platform.send(
        event(attributes={"to": "+442071838750"}),
        event(id="2", type="sms.outbound", quantity=12),
        event(id="3", type="kb.usage", resource_id="kb_1", cost="1"),
        event(id="4", type="phone.rental", quantity=1, cost="1"),
        event(id="5", organization_id="nobody"),
        event(id="6"),
    )
    assert platform.reversed(reversal("6")) == [("accepted", None)]
    return platform


def changed(platform: Platform, sql: str, **given: Any) -> list[RowDifference]:
    """Change something behind the ledger's back, and find what differs."""
    with platform.database.writing() as transaction:
        assert transaction.execute(sql, **given) > 0
    with platform.database.reading() as snapshot:
        return [found for check in CHECKS for found in differences(snapshot, check)]


def test_a_ledger_that_nobody_has_touched_has_no_differences(platform: Platform) -> None:
    assert platform.differences() == []


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("column", SUMS)
def test_a_sum_that_was_changed_is_found_on_both_sides(
    platform: Platform, table: str, column: str
) -> None:
    meter = 5
    found = changed(
        platform, f"UPDATE {table} SET {column} = {column} + 1 WHERE meter = :meter", meter=meter
    )
    assert {it.check for it in found} == {table}
    rows = {
        side: [it.row for it in found if it.side == side]
        for side in ("only in events", "only kept")
    }
    one, other = rows.values()
    assert len(one) == len(other) > 0
    assert {it["meter"] for it in one} == {meter}
    assert sum(it[column] for it in other) == sum(it[column] for it in one) + len(one)  # type: ignore[misc]


@pytest.mark.parametrize(
    "table", [*KEYS, "resources_daily", "organization_resources", "tier_positions"]
)
def test_a_row_that_is_gone_is_only_in_events(platform: Platform, table: str) -> None:
    found = changed(platform, f"DELETE FROM {table}")
    assert {(it.check, it.side) for it in found} == {(table, "only in events")}


def test_an_identity_that_is_gone_is_found(platform: Platform) -> None:
    found = changed(platform, "DELETE FROM event_keys WHERE id_text(id) IN ('2', '5')")
    assert {(it.side, it.row["id"], it.row["day"]) for it in found} == {
        ("only in events", "2", 20240115),
        ("only in events", "5", 0),
    }


def corrected_in_quarantine(platform: Platform) -> None:
    platform.send(event(id="7", cost_pending=True))
    assert platform.corrected(correction("7", cost="1")) == [("accepted", None)]
    assert platform.differences() == []


def test_a_corrected_event_that_is_gone_is_found(platform: Platform) -> None:
    corrected_in_quarantine(platform)
    (found,) = changed(platform, "UPDATE corrections SET quarantined_event = NULL")
    assert (found.check, found.side) == ("events corrected in quarantine", "only kept")
    assert found.row["corrects"] == "7"
    lost = changed(platform, "DELETE FROM corrections")
    assert {(it.check, it.side, it.row["id"], it.row.get("day")) for it in lost} == {
        ("event_keys", "only kept", "7", 0)
    }


def test_a_corrected_event_that_waits_again_is_found(platform: Platform) -> None:
    corrected_in_quarantine(platform)
    columns = "organization_id, id, received_at, code, reason, event"
    kept = "organization_id, corrects, quarantined_at, quarantine_code, quarantine_reason"
    copied = f"INSERT INTO quarantine ({columns}) SELECT {kept}, quarantined_event FROM corrections"
    found = [it for it in changed(platform, copied) if it.check == "event_keys"]
    assert [(it.side, it.row["id"], it.row["day"]) for it in found] == [("only in events", "7", 0)]


def test_an_event_that_was_changed_differs_from_every_sum_that_it_is_in(platform: Platform) -> None:
    found = changed(platform, "UPDATE events SET cost = cost + 1 WHERE id_text(id) = 'call-1'")
    assert {it.check for it in found} == set(KEYS)


def test_an_event_that_is_gone_is_missed_by_its_identity_too(platform: Platform) -> None:
    found = changed(platform, "DELETE FROM events WHERE id_text(id) = '3'")
    checks = {it.check for it in found}
    assert checks == {*KEYS, "resources_daily", "organization_resources", "event_keys"}


@pytest.mark.parametrize("column", ["quantity", "billed", "time", "hour", "country"])
def test_a_reversal_that_is_not_the_opposite_of_its_event_is_found(
    platform: Platform, column: str
) -> None:
    value = f"{column} || 'X'" if column == "country" else f"{column} + 60"
    sql = f"UPDATE events SET {column} = {value} WHERE reverses IS NOT NULL"
    assert "reversals" in {it.check for it in changed(platform, sql)}


def test_a_hundred_rows_of_a_side_are_shown(platform: Platform) -> None:
    platform.send(*(event(id=f"more {n}", user_id=f"user {n}") for n in range(MOST_SHOWN + 20)))
    found = changed(platform, "DELETE FROM usage_monthly")
    assert len(found) == MOST_SHOWN


def test_events_are_counted_with_reversals_and_without_quarantine(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        assert (count_events(snapshot), count_archived(snapshot)) == (6, 0)


def test_zones_of_a_machine_are_listed(platform: Platform) -> None:
    zone = next(iter(LOCAL_ZONES))
    with platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE organizations SET timezone = :zone WHERE id = 'org_1'", zone=zone
        )
    with platform.database.reading() as snapshot:
        (found,) = local_zones(snapshot)
    assert found == (platform.tenant, "org_1", zone)
