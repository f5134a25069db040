"""Quarantine: every reason has a way out, and counts of runs add up."""

import pytest

from tollbook.domain.quarantine import (
    CODES,
    EVERYTHING,
    PENDING,
    UNPRICED,
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    Selection,
    WayOut,
    ways_out,
)

REPLAY, CORRECT, DISCARD, WAIT = WayOut


@pytest.mark.parametrize("code", CODES)
def test_an_event_of_any_reason_can_be_discarded_and_helped(code: str) -> None:
    found = ways_out(code)
    assert DISCARD in found
    assert {REPLAY, CORRECT} & set(found)
    assert len(set(found)) == len(found)


def test_only_time_helps_an_event_that_ends_in_the_future() -> None:
    assert [it for it in CODES if WAIT in ways_out(it)] == ["ends_in_future"]


def test_a_correction_cannot_change_the_organization_of_an_event() -> None:
    assert [it for it in CODES if CORRECT not in ways_out(it)] == ["unknown_organization"]


def test_what_is_wrong_in_the_event_itself_is_not_replayed() -> None:
    assert {it for it in CODES if REPLAY not in ways_out(it)} == {
        PENDING,
        "media_bytes_missing",
        "invalid_days",
        "invalid_event",
    }


@pytest.mark.parametrize("code", ["", "no such code", "NO_PRICE"])
def test_an_unknown_reason_can_still_be_discarded(code: str) -> None:
    assert ways_out(code) == (DISCARD,)


def test_a_replay_helps_events_whose_price_is_missing() -> None:
    assert set(UNPRICED) < set(CODES)
    assert all(REPLAY in ways_out(it) for it in UNPRICED)


def test_a_selection_without_fields_selects_everything() -> None:
    assert Selection() == EVERYTHING
    assert Selection(start=0) != EVERYTHING
    assert Selection(organization=0) != EVERYTHING


@pytest.mark.parametrize(
    ("events", "released", "discarded", "remaining"),
    [(0, 0, 0, 0), (10, 0, 0, 10), (10, 4, 0, 6), (10, 0, 10, 0), (10, 3, 2, 5)],
)
def test_the_others_that_a_run_has_looked_at_stay(
    events: int, released: int, discarded: int, remaining: int
) -> None:
    run = QuarantineRun(
        id=1,
        action=QuarantineAction.REPLAY,
        selection=EVERYTHING,
        organization_id=None,
        status=QuarantineRunStatus.RUNNING,
        at_organization=0,
        at_id="",
        expected=100,
        events=events,
        released=released,
        discarded=discarded,
        created_at=0,
        created_by="test",
        moved_at=0,
        finished_at=None,
        reason=None,
    )
    assert run.remaining == remaining
