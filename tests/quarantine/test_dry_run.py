"""A dry run of a replay writes nothing, and finds exactly what the replay then does."""

import pytest

from tests.builders import Platform, event
from tollbook.domain.quarantine import EVERYTHING, QuarantineAction, Selection
from tollbook.quarantine import dry_run
from tollbook.quarantine.dry_run import ReplayDryRun, SumKey, dry_run_replay
from tollbook.store.database import Database
from tollbook.wiring import now

TIERS = """
name: T
currency: USD
effective_from: 2024-01-01
source: x
rates:
  - meter: voice.call
    graduated: [{up_to: 100, price: 0.03}, {price: 0.01}]
    per: second
  - {meter: sms.outbound, price: 0.02, per: segment}
"""
SMS = {"type": "sms.outbound", "quantity": 2}


@pytest.fixture
def platform(database: Database) -> Platform:
    """Two organizations with usage of their own, and quarantined events in the same month."""
    platform = Platform(database)
    platform.load(TIERS)
    platform.organization("a")
    platform.organization("b", currency="EUR")
    platform.send(event(id="before", organization_id="a", quantity=60))
    platform.send(
        *(event(id=f"late-{n}", organization_id="late", quantity=60) for n in range(3)),
        event(id="sms", organization_id="late", **SMS),
        event(id="none", organization_id="late", type="api.request", quantity=1),
        event(id="euro", organization_id="b"),
        event(id="nobody", organization_id="nobody"),
    )
    platform.organization("late")
    return platform


def looked(platform: Platform, selection: Selection = EVERYTHING) -> ReplayDryRun:
    with platform.database.reading() as snapshot:
        cache = platform.directory_cache
        return dry_run_replay(snapshot, cache, platform.tenant, selection, now())


def charged(platform: Platform) -> list[tuple[str, int, int]]:
    rows = platform.rows(
        "SELECT id_text(id), billed, cost FROM events WHERE id_text(id) <> 'before' ORDER BY id"
    )
    return [(identity, billed, cost) for identity, billed, cost in rows]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_it_finds_what_the_replay_then_does(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(dry_run, "_AT_ONCE", at_once)
    found = looked(platform)
    assert charged(platform) == []
    run = platform.run_over_quarantine(QuarantineAction.REPLAY)
    assert (run.released, run.remaining) == (found.released.total(), found.remaining.total())
    assert charged(platform) == sorted((it.id, it.billed, it.cost) for it in found.charges)
    assert dict(found.codes) == {"unknown_organization": 6, "currency_mismatch": 1}
    assert dict(found.released) == {"unknown_organization": 4}
    stored = platform.rows("SELECT code, COUNT(*) FROM quarantine GROUP BY code")
    assert dict(found.remaining) == dict(stored)
    assert {key.meter: cost for key, cost in found.costs.items()} == dict(
        platform.rows(
            "SELECT meter, SUM(cost) FROM events WHERE id_text(id) <> 'before' GROUP BY meter"
        )
    )
    # The tiers of a month continue from one event to the next: 60 and 40 of 180 s cost 0.03.
    assert sum(found.costs.values()) == (3_000_000 + 800_000 + 40_000) * 1_000
    assert platform.differences() == []


def test_it_takes_what_is_selected(platform: Platform) -> None:
    late = platform.number("late")
    found = looked(platform, Selection(organization=late, ids=("late-1", "sms", "not there")))
    assert [it.id for it in found.charges] == ["late-1", "sms"]
    assert {key[:2] for key in found.events} == {("USD", "late")}
    found = looked(platform, Selection(codes=("currency_mismatch", "no_price")))
    assert (dict(found.codes), found.charges) == ({"currency_mismatch": 1}, [])


def test_its_sums_have_more_than_the_charges_that_it_lists(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "MOST_CHARGES", 2)
    found = looked(platform)
    assert [it.id for it in found.charges] == ["late-0", "late-1"]
    assert sum(found.events.values()) == 4
    assert all(isinstance(key, SumKey) for key in found.costs)
