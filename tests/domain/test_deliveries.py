"""A delivery is tried for three days, with increasing delays."""

import pytest

from tollbook.domain.deliveries import (
    GIVEN_UP_AFTER,
    AttemptCode,
    AttemptOutcome,
    DeliveryProgress,
    DeliveryStatus,
    after_attempt,
    delay,
    excerpt_of,
)

FRESH = DeliveryProgress(DeliveryStatus.PENDING, 0, 0, False, None, 0)
SECOND = 1_000_000


def failed(status: int, retry_after: int = 0) -> AttemptOutcome:
    return AttemptOutcome(status, AttemptCode.HTTP_STATUS, retry_after=retry_after)


def after(outcome: AttemptOutcome, times: int, now: int = 0) -> DeliveryProgress:
    progress = FRESH
    for _ in range(times):
        progress = after_attempt(progress, outcome, now, is_test=False)
    return progress


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 5), (1, 30), (2, 120), (3, 600), (4, 1800), (5, 3600), (6, 7200), (7, 14400), (99, 14400)],
)
def test_delays_grow(attempts: int, seconds: int) -> None:
    assert all(0.8 * seconds <= delay(attempts) <= 1.2 * seconds for _ in range(50))


def test_a_success_ends_it() -> None:
    progress = after(AttemptOutcome(204), 1, now=7)
    assert (progress.status, progress.attempts) == (DeliveryStatus.DELIVERED, 1)
    assert progress.first_attempt_at == 7


def test_the_receiver_may_ask_for_up_to_an_hour() -> None:
    assert after(failed(503, 900), 1).next_attempt_at == 900 * SECOND
    assert after(failed(503, 90_000), 1).next_attempt_at == 3600 * SECOND


@pytest.mark.parametrize("status", [400, 404, 422])
def test_five_rejections_set_it_aside(status: int) -> None:
    assert [after(failed(status), times).set_aside for times in (4, 5)] == [False, True]


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 503])
def test_other_failures_keep_the_order(status: int) -> None:
    assert not after(failed(status), 20).set_aside


def test_what_is_set_aside_is_given_up_after_three_days() -> None:
    progress = after(failed(400), 5)
    for now, status in ((GIVEN_UP_AFTER - 1, "pending"), (GIVEN_UP_AFTER, "failed")):
        assert after_attempt(progress, failed(400), now, is_test=False).status == status


def test_a_test_is_tried_once() -> None:
    assert after_attempt(FRESH, failed(503), 0, is_test=True).status == "failed"


def test_an_excerpt_is_short_and_printable() -> None:
    assert excerpt_of(b"a\x1b[31m\r\n" + b"b" * 500) == "a [31m  " + "b" * 192
    assert excerpt_of(b"\xff\xfe") == "\ufffd\ufffd"
