"""Applying prices to the past: every event, every sum, day by day."""

import pytest

from tests.builders import Platform, event, reversal
from tests.rerating.builders import CALLS, MINUTES, SMS, Past, book
from tollbook.domain.rerating import RunStatus


def january(*days: int, **given: object) -> list[dict]:
    return [
        event(id=f"call-{day:02d}", time=f"2024-01-{day:02d}T10:00:00Z", **given) for day in days
    ]


def test_an_empty_ledger_is_done_at_once(past: Past) -> None:
    assert past.dry_run().events == 0
    run = past.apply()
    assert (run.status, run.events, run.changed, run.costs) == (RunStatus.DONE, 0, 0, {})


def test_events_of_the_period_are_charged_by_the_new_book_and_no_others(
    platform: Platform, past: Past
) -> None:
    platform.send(*january(1, 10, 31), event(id="before", time="2023-12-31T23:59:59Z"))
    platform.send(event(id="after", time="2024-02-01T00:00:00Z"))
    platform.load(book(CALLS))
    run = past.apply(start="2024-01-05", end="2024-01-31")
    assert (run.status, run.events, run.changed) == (RunStatus.DONE, 2, 2)
    assert run.costs == {"USD": (244_000_000, 366_000_000)}
    old, new = 122_000_000, 183_000_000
    assert past.costs() == {
        "call-01": old,
        "call-10": new,
        "call-31": new,
        "before": old,
        "after": old,
    }
    assert platform.differences() == []


def test_answers_given_before_no_longer_hold(platform: Platform, past: Past) -> None:
    platform.send(*january(1))
    platform.load(book(CALLS))
    (before,) = past.rows("SELECT token FROM ledger_versions")
    past.apply()
    (after,) = past.rows("SELECT token FROM ledger_versions")
    assert after != before


def test_rerating_by_the_same_books_changes_nothing(platform: Platform, past: Past) -> None:
    platform.load(book(CALLS, SMS, since="2024-01-15"))
    platform.send(*january(1, 14, 15, 31), event(id="own", cost="1.5"))
    before, heads = past.ledger(), past.rows("SELECT * FROM ledger_versions")
    run = past.apply()
    assert (run.status, run.events, run.changed) == (RunStatus.DONE, 5, 0)
    assert past.ledger() == before
    assert past.rows("SELECT * FROM ledger_versions") == heads
    assert past.rows("SELECT * FROM charge_history") == []


def test_apply_and_revert_leave_everything_as_it_was(platform: Platform, past: Past) -> None:
    platform.organization("org_2", timezone="Asia/Kolkata")
    platform.send(*january(1, 2), *january(1, 3, organization_id="org_2", user_id=None))
    before = past.ledger()
    platform.load(book(MINUTES))
    run = past.apply()
    assert past.ledger() != before
    assert platform.differences() == []
    reverted = past.revert(run.id)
    assert (reverted.status, reverted.restored) == (RunStatus.REVERTED, run.changed)
    assert past.ledger() == before


def test_the_ledger_keeps_what_was_charged_before(platform: Platform, past: Past) -> None:
    platform.send(*january(1))
    first = past.rows("SELECT cost, billed, rate_id FROM events")
    platform.load(book(MINUTES))
    past.apply()
    second = past.rows("SELECT cost, billed, rate_id FROM events")
    platform.load(book(CALLS))
    past.apply()
    kept = past.rows("SELECT cost, billed, rate_id FROM charge_history ORDER BY run_id")
    assert kept == [*first, *second]
    assert second[0][:2] == (120_000_000, 120_000_000)


def test_a_version_stands_in_for_the_tenants_books_on_every_day(
    platform: Platform, past: Past
) -> None:
    platform.send(*january(1))
    later = platform.load(book(CALLS, since="2030-01-01"))
    platform.load(book(MINUTES))
    assert past.apply(version=later).costs == {"USD": (122_000_000, 183_000_000)}


def test_events_with_their_own_cost_are_charged_it_again_with_a_markup(
    platform: Platform, past: Past
) -> None:
    platform.send(event(id="own", cost="1.5"), event())
    platform.load(book("{meter: voice.call, price: 0.002, per: second, markup: 10%}"))
    past.apply()
    assert past.costs() == {"own": 1_650_000_000, "call-1": 122_000_000}
    assert platform.differences() == []


def test_what_is_bought_moves_with_its_sums(platform: Platform, past: Past) -> None:
    platform.send(*january(1, 2))
    before = past.ledger()
    buying = "buy: {price: 0.001, per: second}"
    platform.load(book(f"{{meter: voice.call, price: 0.002, per: second, {buying}}}"))
    run = past.apply()
    assert past.rows("SELECT buy, bought, bought_cost FROM usage_monthly") == [
        (122_000_000, 2, 244_000_000)
    ]
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_a_buy_price_alone_is_counted_rewritten_and_reverted(
    platform: Platform, past: Past
) -> None:
    sold = "meter: voice.call, price: 0.002, per: second"
    platform.load(book(f"{{{sold}, buy: {{price: 0.003, per: second}}}}"))
    platform.send(*january(1, 2))
    platform.reversed(reversal("call-01"))
    before = past.ledger()
    platform.load(book(f"{{{sold}, buy: {{price: 0.001, per: second}}}}"))
    dry = past.dry_run()
    run = past.apply()
    for found in (dry, run):
        assert (found.changed, found.buy_changed) == (0, 3)
        one = (1, 122_000_000)
        assert found.purchases == {
            "USD": ((*one, 183_000_000, *one), (*one, 61_000_000, *one)),
        }
    sums = past.rows("SELECT cost, buy, bought, bought_cost FROM usage_monthly")
    assert sums == [(122_000_000, 61_000_000, 1, 122_000_000)]
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before
    platform.load(book(f"{{{sold}}}"))
    past.apply()
    assert past.rows("SELECT buy, bought, bought_cost FROM usage_monthly") == [(0, 0, 0)]
    assert platform.differences() == []


def test_events_without_a_price_keep_their_charge_and_are_listed(
    platform: Platform, past: Past
) -> None:
    platform.send(*january(1, 2), event(id="sms", type="sms.outbound", quantity=1))
    platform.load(book(CALLS))
    dry = past.dry_run()
    assert (dry.unpriced, [(it.id, it.code) for it in dry.left]) == (1, [("sms", "no_price")])
    run = past.apply()
    assert (run.unpriced, run.changed) == (1, 2)
    assert past.unpriced(run.id) == [("sms", "no_price")]
    assert past.costs()["sms"] == 30_000_000
    assert platform.differences() == []


def test_a_book_in_another_currency_changes_nothing(platform: Platform, past: Past) -> None:
    platform.send(*january(1))
    platform.load(book(CALLS, currency="EUR"))
    run = past.apply()
    assert (run.changed, run.unpriced) == (0, 0)


def test_a_dry_run_names_the_organizations_and_meters_without_a_price(
    platform: Platform, past: Past
) -> None:
    platform.send(*january(1))
    platform.load(book(SMS))
    (lost,) = past.dry_run().lost_prices()
    assert (lost.currency, lost.meters, lost.organizations) == ("USD", ["voice.call"], ["org_1"])


def test_no_more_than_so_many_unpriced_events_are_listed_and_all_are_counted(
    platform: Platform, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.store.rerating_runs.MOST_LISTED", 3)
    platform.send(*(event(id=f"{n}", time=f"2024-01-0{n}T00:00:00Z") for n in range(1, 6)))
    platform.load(book(SMS))
    run = past.apply()
    assert run.unpriced == 5
    assert len(past.unpriced(run.id)) == 3


def test_a_large_day_goes_through_in_chunks(
    platform: Platform, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.store.database.CHUNK", 7)
    same_time = [event(id=f"same-{n:02d}") for n in range(20)]
    platform.send(
        *same_time, *(event(id=str(n), time=f"2024-01-15T{n}:00:00Z") for n in range(10, 24))
    )
    before = past.ledger()
    platform.load(book(CALLS))
    run = past.apply()
    assert (run.events, run.changed) == (34, 34)
    assert set(past.costs().values()) == {183_000_000}
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_a_rerating_may_pass_64_bits_and_be_taken_back(platform: Platform, past: Past) -> None:
    requests = {"type": "api.request", "quantity": 50_000_000}
    platform.send(*(event(id=str(n), **requests) for n in range(200)))
    platform.load(book("{meter: api.request, price: 2, per: request}"))
    before = past.costs()
    run = past.apply()
    assert past.costs()["0"] == 10**17
    assert sum(past.costs().values()) == 200 * 10**17
    assert platform.differences() == []
    past.revert(run.id)
    assert past.costs() == before
    assert platform.differences() == []


def test_organizations_of_other_tenants_are_left_alone(platform: Platform, past: Past) -> None:
    other = Platform(platform.database, "other")
    other.organization()
    other.send(*january(1))
    before = past.ledger()
    platform.load(book(CALLS))
    assert past.apply().events == 0
    assert past.ledger() == before
