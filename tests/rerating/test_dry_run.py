"""Dry runs: what would change, the largest first, and nothing written."""

from tests.builders import Platform, event
from tests.rerating.builders import CALLS, MINUTES, SMS, Past, book


def send_some(platform: Platform) -> None:
    platform.organization("org_2", currency="EUR", timezone="Asia/Kolkata")
    platform.send(
        event(),
        event(id="again", quantity=1),
        event(id="long", quantity=600, user_id="user_2"),
        event(id="nobody", user_id=None, time="2024-01-16T00:00:00Z"),
        event(id="sms", type="sms.outbound", quantity=1),
        event(id="brand", type="brand.registration", quantity=1),
    )
    platform.send(event(id="euro", organization_id="org_2", cost="1.25"))


def test_rows_are_by_user_meter_and_day_with_the_largest_difference_first(
    platform: Platform, past: Past
) -> None:
    send_some(platform)
    platform.load(book(CALLS, SMS.replace("0.02", "0.03")))
    dry = past.dry_run()
    assert [tuple(it) for it in dry.rows] == [
        ("org_1", 20240115, "user_2", "voice.call", 1, 1_200_000_000, 1_800_000_000),
        ("org_1", 20240115, "user_1", "voice.call", 2, 124_000_000, 186_000_000),
        ("org_1", 20240116, "", "voice.call", 1, 122_000_000, 183_000_000),
    ]
    assert (dry.events, dry.differing) == (7, 3)
    assert [(it.id, it.code) for it in dry.left] == [("brand", "no_price")]


def test_sums_are_of_everything_and_by_currency_whatever_the_limit(
    platform: Platform, past: Past
) -> None:
    send_some(platform)
    platform.load(book(CALLS, SMS))
    whole, short = past.dry_run(), past.dry_run(limit=1)
    assert (
        whole.costs
        == short.costs
        == {
            "EUR": (1_250_000_000, 1_250_000_000),
            "USD": (5_476_000_000, 6_189_000_000),
        }
    )
    assert (len(short.rows), short.differing) == (1, 4)
    assert short.rows == whole.rows[:1]


def test_a_dry_run_writes_nothing(platform: Platform, past: Past) -> None:
    send_some(platform)
    platform.load(book(MINUTES))
    before, heads = past.ledger(), past.rows("SELECT * FROM ledger_versions")
    assert past.dry_run().changed == 4
    assert past.ledger() == before
    assert past.rows("SELECT * FROM ledger_versions") == heads
    assert past.acts() == []


def test_a_dry_run_foretells_the_run(platform: Platform, past: Past) -> None:
    send_some(platform)
    platform.load(book(MINUTES))
    dry, run = past.dry_run(), past.apply()
    assert (dry.events, dry.changed, dry.unpriced, dry.costs) == (
        run.events,
        run.changed,
        run.unpriced,
        run.costs,
    )
    assert run.expected == run.events


def test_the_books_are_those_in_force_in_the_period_for_the_organizations(
    platform: Platform, past: Past
) -> None:
    send_some(platform)
    versions = [
        platform.load(book(CALLS, since=since, currency=currency))
        for since, currency in (
            *(("2023-01-01", "USD"), ("2023-06-01", "USD"), ("2024-01-10", "USD")),
            *(("2024-02-01", "USD"), ("2023-01-01", "EUR"), ("2023-01-01", "GBP")),
        )
    ]
    _, before, within, after, euro, _ = versions
    both = [within, before, euro]
    assert sorted(it.version for it in past.dry_run().books) == sorted(both)
    later = past.dry_run(start="2024-01-10").books
    assert sorted(it.version for it in later) == sorted([within, euro])
    named = past.dry_run(version=after).books
    assert sorted(it.version for it in named) == sorted([after, euro])
    assert past.dry_run(start="2022-01-01", end="2022-01-31").books == []
