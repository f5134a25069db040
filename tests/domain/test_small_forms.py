"""Forms that are written and read in one line each."""

from datetime import date

import pytest

from tollbook.domain.addresses import is_prefix
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome
from tollbook.domain.event_types import LONGEST_TYPE, event_type_problem
from tollbook.domain.mail import is_sender
from tollbook.domain.periods import Period, month_text, whole_months, whole_of_months
from tollbook.domain.quarantine import CODES, ways_out
from tollbook.domain.receipts import Outcome, quarantined
from tollbook.domain.visible import visible_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("/tollbook", True),
        ("/a/b-c/~d_e.f", True),
        ("/" + "x" * 254, True),
        ("/" + "x" * 255, False),
        ("/", False),
        ("tollbook", False),
        ("/tollbook/", False),
        ("//a", False),
        ("/a b", False),
        ("/ä", False),
        ("/a?b", False),
        ("/a\n", False),
        ("/%2F", False),
    ],
)
def test_a_server_is_under_a_path_without_a_slash_at_its_end(text: str, expected: bool) -> None:
    assert is_prefix(text) is expected


@pytest.mark.parametrize(
    ("month", "text"),
    [(202401, "2024-01"), (202412, "2024-12"), (101, "1-01"), (999912, "9999-12")],
)
def test_a_month_has_two_digits(month: int, text: str) -> None:
    assert month_text(month) == text


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2024-02-10", "2024-02-11", "2024-02-01", "2024-02-29"),
        ("2023-02-28", "2023-03-01", "2023-02-01", "2023-03-31"),
        ("2023-12-31", "2024-01-01", "2023-12-01", "2024-01-31"),
        ("2024-01-01", "2024-01-31", "2024-01-01", "2024-01-31"),
        ("0001-01-31", "9999-12-01", "0001-01-01", "9999-12-31"),
    ],
)
def test_a_period_is_widened_to_whole_months(start: str, end: str, first: str, last: str) -> None:
    found = whole_of_months(Period(date.fromisoformat(start), date.fromisoformat(end)))
    assert found == Period(date.fromisoformat(first), date.fromisoformat(last))
    assert whole_months(found)
    assert whole_of_months(found) == found


@pytest.mark.parametrize(
    ("outcome", "gone", "rejects"),
    [
        (AttemptOutcome(410, AttemptCode.HTTP_STATUS), True, True),
        (AttemptOutcome(409, AttemptCode.HTTP_STATUS), False, True),
        (AttemptOutcome(400, AttemptCode.HTTP_STATUS), False, True),
        (AttemptOutcome(499, AttemptCode.HTTP_STATUS), False, True),
        (AttemptOutcome(399, AttemptCode.HTTP_STATUS), False, False),
        (AttemptOutcome(500, AttemptCode.HTTP_STATUS), False, False),
        # A mail server's 4xx asks to try again, and its 550 is not 410 of HTTP.
        (AttemptOutcome(410, AttemptCode.SMTP_STATUS), False, False),
        (AttemptOutcome(450, AttemptCode.SMTP_STATUS), False, False),
        (AttemptOutcome(None, AttemptCode.HTTP_STATUS), False, False),
        (AttemptOutcome(410), False, False),
        (AttemptOutcome(None, AttemptCode.TIMEOUT), False, False),
    ],
)
def test_only_an_http_status_says_that_a_receiver_is_gone_or_rejects(
    outcome: AttemptOutcome, gone: bool, rejects: bool
) -> None:
    assert (outcome.is_gone, outcome.rejects) == (gone, rejects)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("com.example.call", None),
        ("x" * LONGEST_TYPE, None),
        ("Ж 1", None),
        ("", "empty"),
        (" ", "empty"),
        ("x" * (LONGEST_TYPE + 1), "too_long"),
        ("a\nb", "control_characters"),
    ],
)
def test_a_mapped_type_may_have_any_name_that_can_be_seen(name: str, code: str | None) -> None:
    problem = event_type_problem(name)
    assert (problem and (problem.field, problem.code)) == (code and ("type", code))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.com", True),
        ("Tollbook <a@b.com>", True),
        ('"Tollbook, Inc." <a@b.com>', True),
        ("Zoë <a@b.com>", True),
        ("Tollbook <a>", False),
        ("Tollbook", False),
        ("", False),
        ("Tollbook\r\n <a@b.com>", False),
        ("Tollbook <ä@b.com>", False),
    ],
)
def test_a_sender_is_an_address_with_a_name_or_alone(text: str, expected: bool) -> None:
    assert is_sender(text) is expected


@pytest.mark.parametrize("code", [*CODES, "no such code"])
def test_the_receipt_of_a_quarantined_event_has_the_ways_out(code: str) -> None:
    receipt = quarantined(3, "call-1", code, "because")
    assert (receipt.index, receipt.status, receipt.id) == (3, Outcome.QUARANTINED, "call-1")
    assert (receipt.code, receipt.error, receipt.field) == (code, "because", None)
    assert receipt.ways_out == ways_out(code)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"a":"b"}', '{"a":"b"}'),
        ('"\\n"', '"\\n"'),
        ('"é"', '"é"'),
        ('"\x7f"', '"\\u007f"'),
        ('"é\x85"', '"é\\u0085"'),
    ],
)
def test_only_what_acts_on_a_terminal_changes_in_json(document: str, expected: str) -> None:
    assert visible_json(document) == expected
