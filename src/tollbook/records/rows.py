"""A row of a source, and why it becomes no event."""

from typing import Any, NamedTuple

UNANSWERED = "unanswered"
INTERNAL = "internal"
OTHER_LEG = "other_leg"
FAILED = "failed"
NOT_A_CALL = "not_a_call"
DELIVERY_REPORT = "delivery_report"
HALF_LINE = "half_line"
REASONS = (UNANSWERED, INTERNAL, OTHER_LEG, FAILED, NOT_A_CALL, DELIVERY_REPORT, HALF_LINE)
"""Why a row is skipped: it is complete, and nothing of it is charged. A half line comes later."""


class SkippedRow(Exception):
    """A row that is not charged, with one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedRow(Exception):
    """A row that cannot become an event: the field, a stable code, and a sentence."""

    def __init__(self, field: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.code = code
        self.sentence = sentence


class IdenticalRow(Exception):
    """A row whose id is its hash, and that occurred before in this import."""


class SourceRefused(Exception):
    """A source or its options that cannot be imported at all: the sentence says what to change."""


class RecordRow(NamedTuple):
    """A row: its first line, its bytes, and its values by column.

    `end` is the offset after it in the unpacked file. `cells` are its decoded values in order, of
    which row hashes are made. `refusal` is set when the row could not be read. `parts` counts the
    lines that form one message.
    """

    line: int
    end: int
    raw: bytes
    values: Any
    cells: tuple[str, ...] | list[str]
    refusal: RefusedRow | None = None
    parts: int = 1
