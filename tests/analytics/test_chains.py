"""Corrections of listed events, the chains that they are part of, and what became of others."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from tests.analytics.ledgers import platform_on
from tests.builders import Platform, correction, event, reversal
from tollbook.analytics.corrected_rows import with_corrections
from tollbook.analytics.event import ChargedEvent, Discarded, find_chain, find_event
from tollbook.domain.quarantine import QuarantineAction
from tollbook.store.quarantine import Quarantined

TIERS = """
name: Tiers
currency: USD
effective_from: 1900-01-01
source: a test
rates:
  - meter: sms.outbound
    per: segment
    graduated: [{up_to: 3, price: "0.10"}, {price: "0.05"}]
  - {meter: voice.call, price: "0.60", per: minute}
"""


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`a` was corrected by `b`, and `b` by `c`; `x` was not."""
    path = Path(copy(migrated_file, tmp_path_factory.mktemp("chains") / "tollbook.db"))
    with platform_on(path) as platform:
        platform.load(TIERS)
        platform.organization()
        platform.organization("other")
        platform.send(event(id="a"), event(id="x"))
        for corrected, identity, quantity in (("a", "b", 30), ("b", "c", 15)):
            fix = correction(corrected, id=identity, quantity=quantity)
            assert platform.corrected(fix) == [("accepted", None)]
        yield platform


def listed(platform: Platform, *ids: str, as_of: int = 2**62) -> list[tuple[object, ...]]:
    with platform.database.reading() as snapshot:
        rows = [(it, "its other columns") for it in ids]
        return with_corrections(snapshot, platform.number("org_1"), as_of, rows)


def test_a_row_is_followed_by_what_it_corrects_and_what_has_corrected_it(
    platform: Platform,
) -> None:
    assert [it[2:] for it in listed(platform, "a", "b", "c", "x")] == [
        (None, "b"),
        ("a", "c"),
        ("b", None),
        (None, None),
    ]
    assert [it[:2] for it in listed(platform, "x", "a")] == [
        ("x", "its other columns"),
        ("a", "its other columns"),
    ]


def test_no_rows_have_no_corrections(platform: Platform) -> None:
    assert listed(platform) == []


def test_an_organization_without_corrections_has_empty_columns(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        found = with_corrections(snapshot, platform.number("other"), 2**62, [("a",)])
    assert found == [("a", None, None)]


def test_corrections_that_were_received_later_are_left_out(platform: Platform) -> None:
    rows = platform.rows(
        "SELECT id, received_at FROM corrections WHERE organization_id = :number",
        number=platform.number("org_1"),
    )
    received = dict(rows)
    early = [it[2:] for it in listed(platform, "a", "b", "c", as_of=received["b"] - 1)]
    assert early == [(None, None)] * 3
    between = [it[2:] for it in listed(platform, "a", "b", "c", as_of=received["b"])]
    assert between[0] == (None, "b")
    assert between[1][0] == "a"


@pytest.mark.parametrize(
    ("identity", "made", "replaced"), [("a", None, "b"), ("b", "a", "c"), ("c", "b", None)]
)
def test_each_event_of_a_chain_knows_its_ends(
    platform: Platform, identity: str, made: str | None, replaced: str | None
) -> None:
    with platform.database.reading() as snapshot:
        chain = find_chain(snapshot, platform.number("org_1"), identity)
    assert chain is not None
    assert (chain.made and chain.made.corrects, chain.replaced and chain.replaced.id) == (
        made,
        replaced,
    )
    assert (chain.first, chain.latest) == ("a", "c")


@pytest.mark.parametrize("identity", ["x", "nobody"])
def test_other_events_are_in_no_chain(platform: Platform, identity: str) -> None:
    with platform.database.reading() as snapshot:
        assert find_chain(snapshot, platform.number("org_1"), identity) is None


def found(platform: Platform, identity: str) -> object:
    with platform.database.reading() as snapshot:
        return find_event(snapshot, platform.tenant, platform.number("org_1"), identity)


def test_a_discarded_event_is_known_by_its_id_only(platform: Platform) -> None:
    platform.send(event(id="long", quantity=90_000))
    assert isinstance(found(platform, "long"), Quarantined)
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    assert found(platform, "long") == Discarded("long")


def test_an_event_that_was_corrected_in_quarantine_is_found_there(platform: Platform) -> None:
    platform.send(event(id="late", quantity=90_000))
    fix = correction("late", id="in time", quantity=60)
    assert platform.corrected(fix) == [("accepted", None)]
    waiting = found(platform, "late")
    assert isinstance(waiting, Quarantined)
    assert waiting.code == "implausibly_long"
    assert isinstance(found(platform, "in time"), ChargedEvent)


def test_an_event_in_tiers_and_its_reversal_state_what_remains(platform: Platform) -> None:
    """The first two of four are taken back: their price was 0.10, and the last ones cost 0.05."""
    sms = {"type": "sms.outbound", "quantity": 2}
    platform.send(event(id="first", **sms), event(id="second", **sms))
    assert platform.reversed(reversal("first")) == [("accepted", None)]
    for identity in ("first", "back first"):
        event_ = found(platform, identity)
        assert isinstance(event_, ChargedEvent)
        assert event_.replay_mismatch is None
        assert event_.reversal is not None
        assert event_.reversal.id == "back first"
        assert event_.explanation.steps[-1] == (
            "first was charged 0.20 and its reversal back first -0.15: 0.05 remains charged "
            "without usage, so that the month costs exactly what its remaining usage costs"
        )
    second = found(platform, "second")
    assert isinstance(second, ChargedEvent)
    assert "remains" not in " ".join(second.explanation.steps)
