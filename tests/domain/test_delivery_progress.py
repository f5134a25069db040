"""A delivery from its first attempt to its last, against a plain account of what happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.deliveries import (
    GIVEN_UP_AFTER,
    SET_ASIDE_AFTER,
    AttemptCode,
    AttemptOutcome,
    DeliveryProgress,
    DeliveryStatus,
    after_attempt,
    delay,
)

HOUR = 3_600_000_000
SECOND = 1_000_000
PENDING, DELIVERED, FAILED, *_ = DeliveryStatus
FRESH = DeliveryProgress(PENDING, 0, 0, False, None, 0)

OK = AttemptOutcome(200)
REJECTED = AttemptOutcome(400, AttemptCode.HTTP_STATUS)
AWAY = AttemptOutcome(None, AttemptCode.TIMEOUT)
FINAL = AttemptOutcome(None, AttemptCode.ADDRESS_NOT_ALLOWED, is_final=True)
USUAL_DELAYS = (5, 30, 120, 600, 1_800, 3_600, 7_200)


def tried(*attempts: tuple[AttemptOutcome, int]) -> DeliveryProgress:
    """Return the state after attempts, each with its hour."""
    progress = FRESH
    for outcome, hour in attempts:
        progress = after_attempt(progress, outcome, hour * HOUR, is_test=False)
    return progress


@examples(150)
@given(
    st.lists(
        st.tuples(st.sampled_from([REJECTED, REJECTED, AWAY, FINAL, OK]), st.integers(0, 30)),
        min_size=1,
        max_size=9,
    )
)
def test_the_state_is_that_of_everything_that_happened(
    attempts: list[tuple[AttemptOutcome, int]],
) -> None:
    hours, total = [], 0
    for _, later in attempts:
        total += later
        hours.append(total)
    outcomes = [outcome for outcome, _ in attempts]
    progress = tried(*zip(outcomes, hours, strict=True))
    rejected = outcomes.count(REJECTED)
    is_aside = rejected >= SET_ASIDE_AFTER
    assert (progress.attempts, progress.failures) == (len(attempts), rejected)
    assert progress.set_aside is is_aside
    assert progress.first_attempt_at == hours[0] * HOUR
    if outcomes[-1] is OK:
        assert progress.status is DELIVERED
    elif outcomes[-1] is FINAL or (is_aside and hours[-1] - hours[0] >= 72):
        assert progress.status is FAILED
    else:
        assert progress.status is PENDING
    seconds = [*USUAL_DELAYS, 14_400][min(len(attempts), 8) - 1]
    waited = (progress.next_attempt_at - hours[-1] * HOUR) / SECOND
    assert 0.8 * seconds - 1 <= waited <= 1.2 * seconds + 1


def test_what_is_set_aside_stays_so_however_it_fails_later() -> None:
    rejected = [(REJECTED, 0)] * SET_ASIDE_AFTER
    assert tried(*rejected, (AWAY, 1), (AWAY, 2)).set_aside
    assert tried(*rejected, (AWAY, 72)).status is FAILED
    assert tried(*rejected, (AWAY, 71)).status is PENDING


def test_what_is_not_rejected_waits_for_ever() -> None:
    assert tried((AWAY, 0), (AWAY, 10_000)).status is PENDING
    assert tried(*[(REJECTED, 0)] * (SET_ASIDE_AFTER - 1), (AWAY, 10_000)).status is PENDING


def test_three_days_are_counted_from_the_first_attempt() -> None:
    aside = DeliveryProgress(PENDING, 9, 0, True, 50 * HOUR, 0)
    for hour, status in ((50 + 71, PENDING), (50 + 72, FAILED)):
        assert after_attempt(aside, AWAY, hour * HOUR, is_test=False).status is status
    assert GIVEN_UP_AFTER == 72 * HOUR


@pytest.mark.parametrize("outcome", [REJECTED, AWAY, FINAL])
def test_a_test_that_fails_is_not_tried_again(outcome: AttemptOutcome) -> None:
    assert after_attempt(FRESH, outcome, 0, is_test=True).status is FAILED
    assert after_attempt(FRESH, OK, 0, is_test=True).status is DELIVERED


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [(0, 4, 6), (3, 4, 6), (60, 60, 60), (3_600, 3_600, 3_600), (3_601, 3_600, 3_600)],
)
def test_a_receiver_can_ask_for_a_longer_delay_only(
    retry_after: int, least: int, most: int
) -> None:
    outcome = AttemptOutcome(503, AttemptCode.HTTP_STATUS, retry_after=retry_after)
    for _ in range(20):
        found = after_attempt(FRESH, outcome, 7, is_test=False)
        assert least * SECOND <= found.next_attempt_at - 7 <= most * SECOND


@pytest.mark.parametrize("attempts", [0, 6, 7, 1_000])
def test_delays_are_spread_to_both_sides(attempts: int) -> None:
    usual = [*USUAL_DELAYS, 14_400][min(attempts, 7)]
    found = [delay(attempts) for _ in range(200)]
    assert min(found) < usual < max(found)
    assert 0.8 * usual <= min(found)
    assert max(found) <= 1.2 * usual
