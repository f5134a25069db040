"""The ids of CloudEvents: two different pairs of source and id never have the same one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.cloud_events import RESERVED_ID, build_id, is_reserved, split_id

TEXTS = st.text("~|01:/ac", max_size=6)
PAIRS = st.tuples(TEXTS, TEXTS)


@pytest.mark.parametrize(
    ("source", "identity", "expected"),
    [
        ("/switch/7", "a1", "ce:/switch/7|a1"),
        ("", "", "ce:|"),
        ("a|b", "c", "ce:a~1b|c"),
        ("a~b", "c", "ce:a~0b|c"),
        ("~|~1", "|~", "ce:~0~1~01||~"),
        ("ce:x", "ce:y", "ce:ce:x|ce:y"),
        ("https://köln.example/Ж", "1", "ce:https://köln.example/Ж|1"),
    ],
)
def test_an_id_is_made_of_the_source_and_the_id(source: str, identity: str, expected: str) -> None:
    assert build_id(source, identity) == expected
    assert split_id(expected) == (source, identity)


@examples(200)
@given(pair=PAIRS)
@example(pair=("~1", "x"))
@example(pair=("~01", "x"))
@example(pair=("~|", "0|1"))
def test_source_and_id_come_back_from_an_id(pair: tuple[str, str]) -> None:
    assert split_id(build_id(*pair)) == pair


@examples(200)
@given(one=PAIRS, other=PAIRS)
@example(one=("a|b", "c"), other=("a", "b|c"))
@example(one=("a~1b", "c"), other=("a|b", "c"))
def test_different_pairs_have_different_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (build_id(*one) == build_id(*other)) is (one == other)


@pytest.mark.parametrize(
    "text", ["", "call-1", "ce:", "ce:without-a-bar", "a|b", "CE:a|b", "xce:a|b"]
)
def test_other_ids_were_built_from_no_cloud_event(text: str) -> None:
    assert split_id(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ce:a|b", True),
        ("ce:", True),
        ("ce", False),
        ("CE:a|b", False),
        ("", False),
        (" ce:", False),
    ],
)
def test_ids_that_begin_with_the_prefix_are_reserved(text: str, expected: bool) -> None:
    assert is_reserved(text) is expected


def test_the_problem_of_a_reserved_id_names_the_prefix() -> None:
    assert (RESERVED_ID.field, RESERVED_ID.code) == ("id", "reserved_id")
    assert "must not begin with ce:," in RESERVED_ID.error
