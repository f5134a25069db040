"""Corrections whose ids are taken, before a request or in it."""

import pytest

from tests.builders import Platform, correction, event
from tests.ingest.test_corrections import ACCEPTED, PENDING, costs, pending, refused
from tollbook.store.database import Database

CONFLICT = ("conflict", "conflict")


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def test_an_id_that_is_taken_is_a_conflict_wherever_it_stands(platform: Platform) -> None:
    platform.send(pending("one"), pending("two"), pending("three"), event(id="taken"))
    free = correction("one", id="free", cost="1")
    taken = correction("two", id="taken", cost="2")
    unknown = correction("four", id="other", cost="3")
    assert platform.corrected(taken, free, taken, unknown) == [
        CONFLICT,
        ACCEPTED,
        CONFLICT,
        refused("unknown_event"),
    ]
    last = correction("three", id="last", cost="3")
    assert platform.corrected(last, taken) == [ACCEPTED, CONFLICT]
    assert costs(platform).keys() == {"free", "last", "taken"}
    assert platform.differences() == []


def test_the_last_of_an_atomic_request_is_in_conflict(platform: Platform) -> None:
    platform.send(pending("one"), pending("two"), event(id="taken"))
    given = correction("two", id="taken", cost="2"), correction("one", quantity=-1)
    assert platform.corrected(*given, atomic=True) == [CONFLICT, refused("negative")]
    free = correction("one", cost="1")
    assert platform.corrected(free, given[0], atomic=True) == [refused("batch_refused"), CONFLICT]


def test_a_correction_sent_again_with_one_that_corrects_it_is_a_duplicate(
    platform: Platform,
) -> None:
    platform.send(pending("one"))
    first = correction("one", id="two", quantity=2)
    assert platform.corrected(first) == [PENDING]
    last = correction("two", id="three", cost="1")
    assert platform.corrected(first, last) == [("duplicate", None), ACCEPTED]
    assert platform.differences() == []


@pytest.mark.parametrize("is_pending", [False, True])
def test_the_id_of_a_reversal_is_taken_for_an_event_of_the_request_too(
    platform: Platform, is_pending: bool
) -> None:
    platform.send(pending("one") if is_pending else event(id="one"), event(id="three.reversal"))
    assert platform.corrected(
        correction("one", id="two", cost="1"), correction("two", id="three", cost="2")
    ) == [ACCEPTED, refused("reversal_id_taken")]
    assert platform.differences() == []
