"""Viewer tokens: what they say is true only when it is signed, and they are written in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.viewers import Viewer, is_signed, new_id, new_secret, read, signed

VIEWER = Viewer("tbv_1", "tenant", "org_1", "ann", "tb_0123456789ab", 1, 2)
SECRET = new_secret()
TOKEN = signed(VIEWER, SECRET)


def test_a_token_says_what_it_was_made_of() -> None:
    assert read(TOKEN) == VIEWER
    assert is_signed(TOKEN, SECRET)
    assert TOKEN.startswith("tbv_")


def test_another_secret_makes_it_nothing() -> None:
    assert not is_signed(TOKEN, new_secret())


@examples(100)
@given(st.integers(min_value=4, max_value=len(TOKEN) - 1), st.sampled_from("abAB01-_=./ "))
def test_a_changed_token_is_not_signed(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    assert is_signed(changed, SECRET) == (changed == TOKEN)


@pytest.mark.parametrize("more", ["=", "A", "AAAA", "\n", " ", "é"])
def test_nothing_can_be_added_to_a_token(more: str) -> None:
    assert not is_signed(TOKEN + more, SECRET)


@examples(100)
@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error_and_not_signed(text: str) -> None:
    read(f"tbv_{text}")
    assert not is_signed(f"tbv_{text}", SECRET)


def test_no_two_ids_are_alike() -> None:
    assert len({new_id() for _ in range(100)}) == 100
