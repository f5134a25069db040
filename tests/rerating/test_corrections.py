"""Reratings charge corrected events like any other, and go back exactly."""

from tests.builders import Platform, correction, event
from tests.rerating.builders import CALLS, Past, book
from tollbook.store.database import Database


def test_a_corrected_event_is_charged_again_with_its_original_and_reversal(
    database: Database,
) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(event(), event(id="late", cost_pending=True))
    platform.correct(correction(quantity=30), correction("late", cost="0.5"))
    past = Past(platform)
    before = past.ledger()
    platform.load(book(CALLS))
    run = past.apply()
    assert past.costs() == {
        "call-1": 183_000_000,
        "new call-1.reversal": -183_000_000,
        "new call-1": 90_000_000,
        "new late": 500_000_000,
    }
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before
