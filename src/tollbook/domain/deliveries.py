"""What becomes of a delivery after an attempt: when it is tried again, and when it is given up."""

import random
from enum import StrEnum

import msgspec

_SECOND = 1_000_000
_HOUR = 3600
_DELAYS = (5, 30, 120, 600, 1_800, _HOUR, 2 * _HOUR)
_LAST_DELAY = 4 * _HOUR
_JITTER = 0.2
_LONGEST_RETRY_AFTER = _HOUR
GIVEN_UP_AFTER = 72 * _HOUR * _SECOND
"""How long a delivery is tried, and an endpoint may fail, in microseconds."""
SET_ASIDE_AFTER = 5
"""This many answers that reject a notification let later ones pass it."""
_NOT_REJECTED = frozenset({408, 425, 429})
_GONE = 410
LONGEST_EXCERPT = 200


class DeliveryStatus(StrEnum):
    """The state of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISCARDED = "discarded"
    EXPIRED = "expired"


class AttemptCode(StrEnum):
    """Why an attempt did not deliver."""

    DNS_FAILED = "dns_failed"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    HTTP_STATUS = "http_status"
    SMTP_STATUS = "smtp_status"
    BAD_RESPONSE = "bad_response"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105
    MAIL_NOT_CONFIGURED = "mail_not_configured"


class AttemptOutcome(msgspec.Struct, frozen=True):
    """What an attempt returned.

    `status` is that of HTTP, or of SMTP for a mail. `retry_after` is in seconds, 0 if the receiver
    named no delay. `is_final` means that no retry can deliver it.
    """

    status: int | None = None
    code: AttemptCode | None = None
    excerpt: str = ""
    retry_after: int = 0
    is_final: bool = False

    @property
    def is_delivered(self) -> bool:
        """Return whether the receiver has accepted the notification."""
        return self.code is None

    @property
    def rejects(self) -> bool:
        """Return whether the receiver rejects this notification, which a retry may not change."""
        status = self._http_status
        return 400 <= status < 500 and status not in _NOT_REJECTED

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver no longer exists."""
        return self._http_status == _GONE

    @property
    def _http_status(self) -> int:
        return (self.status or 0) if self.code is AttemptCode.HTTP_STATUS else 0


class DeliveryProgress(msgspec.Struct, frozen=True):
    """How far a delivery is. Instants are in microseconds since 1970."""

    status: DeliveryStatus
    attempts: int
    failures: int
    set_aside: bool
    first_attempt_at: int | None
    next_attempt_at: int


def after_attempt(
    before: DeliveryProgress, outcome: AttemptOutcome, now: int, *, is_test: bool
) -> DeliveryProgress:
    """Return the state of a delivery after an attempt.

    A test is tried once, and so is what fails finally. One that is set aside is given up after 72
    hours; others wait as long as their endpoint is enabled.
    """
    first = now if before.first_attempt_at is None else before.first_attempt_at
    failures = before.failures + outcome.rejects
    set_aside = before.set_aside or failures >= SET_ASIDE_AFTER
    if outcome.is_delivered:
        status = DeliveryStatus.DELIVERED
    elif is_test or outcome.is_final or (set_aside and now - first >= GIVEN_UP_AFTER):
        status = DeliveryStatus.FAILED
    else:
        status = DeliveryStatus.PENDING
    wait = max(delay(before.attempts), min(outcome.retry_after, _LONGEST_RETRY_AFTER))
    return DeliveryProgress(
        status=status,
        attempts=before.attempts + 1,
        failures=failures,
        set_aside=set_aside,
        first_attempt_at=first,
        next_attempt_at=now + round(wait * _SECOND),
    )


def delay(attempts: int) -> float:
    """Return the seconds until the next attempt after as many earlier ones, within 20 %."""
    usual = _DELAYS[attempts] if attempts < len(_DELAYS) else _LAST_DELAY
    return usual * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def excerpt_of(body: bytes) -> str:
    """Return up to 200 characters of an answer, without control characters."""
    text = body.decode(errors="replace")
    return "".join(it if it.isprintable() else " " for it in text)[:LONGEST_EXCERPT].strip()
