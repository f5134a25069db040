"""Amounts of the command line: percentages for people, and strings in JSON on request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import event
from tests.cli.conftest import Tollbook
from tests.properties.profile import examples
from tollbook.cli.amounts import percent_text


@pytest.mark.parametrize(
    ("part", "whole", "places", "text"),
    [
        (0, 7, 0, "0%"),
        (7, 7, 0, "100%"),
        (7, 7, 1, "100.0%"),
        (1, 3, 0, "33%"),
        (1, 3, 1, "33.3%"),
        (996, 1_000, 0, "99.6%"),
        (9_996, 10_000, 0, "99.96%"),
        (999_999, 1_000_000, 0, "99.99%"),
        (1_000_001, 1_000_000, 0, "100.01%"),
        (4, 1_000, 0, "0.4%"),
        (1, 1_000_000, 1, "<0.01%"),
        (-1, 1_000_000, 1, "-<0.01%"),
        (-2, 3, 1, "-66.7%"),
        (2, -3, 1, ""),
        (2, 0, 1, ""),
        (125, 1_000, 0, "12%"),
        (10**30, 1, 0, f"1{'0' * 32}%"),
    ],
)
def test_a_percentage_is_rounded_but_for_0_and_100(
    part: int, whole: int, places: int, text: str
) -> None:
    assert percent_text(part, whole, places) == text


@pytest.mark.parametrize(
    ("part", "text"), [(1, "+50.0%"), (-1, "-50.0%"), (0, "0.0%"), (2, "+100.0%")]
)
def test_a_change_has_its_sign(part: int, text: str) -> None:
    assert percent_text(part, 2, 1, signed=True) == text


@examples(200)
@given(part=st.integers(0, 10**12), whole=st.integers(1, 10**12), places=st.integers(0, 2))
def test_a_percentage_is_near_the_fraction(part: int, whole: int, places: int) -> None:
    text = percent_text(part, whole, places)
    assert (text.strip("0.%") == "") == (part == 0)
    assert (float(text.strip("<%")) == 100) == (part == whole)
    assert abs(float(text.strip("<%")) - part * 100 / whole) <= 0.5 + 1e-6 * part / whole


LARGE = "99999999.000000001"
JANUARY = ("--start", "2024-01-01", "--end", "2024-01-31")


@pytest.mark.usefixtures("example_prices")
def test_json_has_amounts_as_strings_on_request(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    path = tollbook.write("events.ndjson", json.dumps(event(cost=LARGE)))
    assert tollbook("import", path).code == 0
    for verb in (
        ("report", "users", "org_1", *JANUARY),
        ("report", "events", "org_1", *JANUARY),
        ("report", "changes", "org_1", *JANUARY),
        ("events", "show", "org_1", "call-1"),
        ("budgets", "set", "org_1", LARGE),
        ("budgets", "list"),
    ):
        written = tollbook(*verb, "--json", "--amounts", "string").out
        plain = tollbook(*verb, "--json").out
        assert f'"{LARGE}"' in written, verb
        assert LARGE in plain, verb
        assert f'"{LARGE}"' not in plain, verb
