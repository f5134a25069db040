"""Corrections of events that are archived, restored and erased."""

from pathlib import Path

import pytest

from tests.builders import Platform, correction, event, reversal
from tests.lifecycle.test_archive import Keeper
from tests.lifecycle.test_erase import SECRETS, erasing, everything
from tests.lifecycle.test_restore import restored
from tollbook.store.database import Database

pytest.importorskip("pyarrow")

ACCEPTED = ("accepted", None)
NUMBERS = {"to": "+442071838750", "who": "Jane Doe"}


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    platform = Platform(database)
    platform.organization()
    return Keeper(platform, tmp_path / "archive")


def test_an_archived_event_is_corrected_after_a_restore(keeper: Keeper) -> None:
    platform = keeper.platform
    platform.send(event(), event(id="2"))
    platform.correct(correction("2", quantity=30))
    keeper.archive()
    again = correction("2", id="third", quantity=31)
    assert platform.corrected(correction(quantity=1), again) == [
        ("rejected", "archived"),
        ("rejected", "already_corrected"),
    ]
    (receipt,) = platform.correct(correction(quantity=1)).receipts
    assert "tollbook archive --restore 2024-01" in (receipt.error or "")
    assert platform.reversed(reversal("2")) == [("rejected", "already_corrected")]
    assert platform.corrected(correction("2", quantity=30)) == [("duplicate", None)]
    assert keeper.problems() == []
    restored(keeper)
    assert platform.corrected(correction(quantity=1)) == [ACCEPTED]
    assert keeper.problems() == []


def test_a_corrected_event_may_fall_into_an_archived_month(keeper: Keeper) -> None:
    platform = keeper.platform
    platform.send(event(), event(id="2", time="2024-03-01T00:00:00Z", cost_pending=True))
    keeper.archive()
    moved = correction("2", time="2024-01-20T00:00:00Z", cost=1)
    assert platform.corrected(moved) == [ACCEPTED]
    assert keeper.problems() == []
    keeper.archive()
    assert keeper.problems() == []


@pytest.mark.parametrize("is_archived", [False, True])
def test_erasing_covers_each_event_of_a_chain_by_its_own_user(
    keeper: Keeper, *, is_archived: bool
) -> None:
    platform = keeper.platform
    platform.send(
        event(id="a", attributes=NUMBERS),
        event(id="b", cost_pending=True, attributes=NUMBERS),
        event(id="c", user_id="user_2", attributes={"note": "hers"}),
    )
    assert (
        platform.corrected(
            correction("a", id="a2", user_id="user_2", attributes=None, reason="Jane said so"),
            correction("b", id="b2", cost=1, attributes=None, reason="as Jane Doe wrote"),
            correction("c", id="c2", user_id="user_1", reason="it was Jane"),
            correction("a2", id="a3", quantity=1, reason="wrong length"),
        )
        == [ACCEPTED] * 4
    )
    if is_archived:
        keeper.archive()
    before = keeper.sums()
    erasing(keeper)
    left = everything(platform)
    assert not [it for it in SECRETS if it in left]
    reasons = platform.rows("SELECT id_text(corrects), reason FROM corrections ORDER BY corrects")
    assert reasons == [("a", "erased"), ("a2", "wrong length"), ("b", "erased"), ("c", "erased")]
    kept = dict(platform.rows("SELECT id_text(reverses), reason FROM reversals"))
    assert kept == {"a": "erased", "a2": "wrong length", "c": "erased"}
    assert platform.rows("SELECT COUNT(*) FROM event_keys") == [(10,)]
    assert keeper.sums() == before
    assert keeper.problems() == []
    erased = event(id="b", cost_pending=True, attributes=NUMBERS)
    assert platform.statuses(erased) == ["duplicate"]
    if not is_archived:
        assert '"hers"' in everything(platform)
