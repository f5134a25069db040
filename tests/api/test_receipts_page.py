"""docs/events.md is true: it names every reason for quarantine, and what a reversal must have."""

import re
from pathlib import Path

import pytest

from tests.api.conftest import Tenant
from tests.builders import event, reversal
from tollbook.domain.quarantine import CODES
from tollbook.domain.reversals import LONGEST_REASON
from tollbook.quarantine.replay import INVALID
from tollbook.rating import choose

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text()
OF_A_PRICE = [
    code
    for name in ("charge", "quantity")
    for code in re.findall(
        r"Unpriced\(\s*\"(\w+)\"", (ROOT / "src/tollbook/rating" / f"{name}.py").read_text()
    )
]

OF_A_CALL = re.findall(
    r"Unpriced\(\s*\"(\w+)\"", (ROOT / "src/tollbook/ingest/accept.py").read_text()
)


@pytest.mark.parametrize(
    "code",
    [
        *(choose.NO_BOOK, choose.NO_PRICE, choose.NUMBER_HIDDEN, choose.NUMBER_UNREADABLE),
        *(choose.WRONG_CURRENCY, INVALID),
        *OF_A_CALL,
        *sorted(set(OF_A_PRICE)),
    ],
)
def test_every_reason_for_quarantine_is_named(code: str) -> None:
    (line,) = (it for it in PAGE.splitlines() if it.startswith("| `quarantined` | kept"))
    assert f"`{code}`" in line
    assert code in CODES


def test_a_quarantined_event_is_quarantined_again(either: Tenant) -> None:
    for code in ("unknown_organization", "in_quarantine"):
        answer = either.post("/v1/events", json=event(organization_id="org_2"))
        (receipt,) = answer.json()["receipts"]
        assert (answer.status_code, receipt["status"]) == (207, "quarantined")
        assert receipt["code"] == code
        assert f"`{code}`" in PAGE


@pytest.mark.parametrize(
    ("reason", "code"),
    [(None, "missing_field"), ("", "empty"), ("x" * (LONGEST_REASON + 1), "too_long")],
)
def test_a_reversal_needs_a_reason(either: Tenant, reason: str | None, code: str) -> None:
    either.send(event())
    answer = either.post("/v1/events/reversals", json=reversal(reason=reason))
    (receipt,) = answer.json()["receipts"]
    assert (receipt["status"], receipt["field"], receipt["code"]) == ("rejected", "reason", code)
    assert f"`reason` has 1 to {LONGEST_REASON} characters" in PAGE
