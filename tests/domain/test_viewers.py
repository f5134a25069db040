"""Viewer tokens: what they say is true only when it is signed, and they are written in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.keys import KeyScope
from tollbook.domain.viewers import (
    MOST_SECONDS,
    SecretKeys,
    Viewer,
    is_id,
    is_made_for,
    is_signed,
    is_within,
    new_id,
    new_secret,
    read,
    signed,
)

VIEWER = Viewer("tbv_1", "tenant", "org_1", "ann", "tb_0123456789ab", 1, 2)
SECRET = new_secret().encode()
TOKEN = signed(VIEWER, SECRET)
SECOND = 1_000_000


def test_a_token_says_what_it_was_made_of() -> None:
    assert read(TOKEN) == VIEWER
    assert is_signed(TOKEN, [SECRET])
    assert TOKEN.startswith("tbv_")


def test_another_secret_makes_it_nothing() -> None:
    assert not is_signed(TOKEN, [new_secret().encode()])


@examples(100)
@given(st.integers(min_value=4, max_value=len(TOKEN) - 1), st.sampled_from("abAB01-_=./ "))
def test_a_changed_token_is_not_signed(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    assert is_signed(changed, [SECRET]) == (changed == TOKEN)


@pytest.mark.parametrize("more", ["=", "A", "AAAA", "\n", " ", "é"])
def test_nothing_can_be_added_to_a_token(more: str) -> None:
    assert not is_signed(TOKEN + more, [SECRET])


@examples(100)
@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error_and_not_signed(text: str) -> None:
    read(f"tbv_{text}")
    assert not is_signed(f"tbv_{text}", [SECRET])


def test_no_two_ids_are_alike_and_each_has_the_form_of_one() -> None:
    ids = {new_id("s") for _ in range(100)}
    assert len(ids) == 100
    assert all(is_id(it) and is_made_for(it, "s") for it in ids)


def test_an_id_that_was_made_up_is_not_made_for_the_tenant() -> None:
    made = new_id("s")
    assert not is_made_for(made, "t")
    made_up = ("", "tbv_", "tbv_0123456789abcdef", made + "0")
    assert not any(is_made_for(it, "s") for it in made_up)


def test_any_of_several_keys_will_do_and_none_is_not_enough() -> None:
    assert is_signed(TOKEN, [new_secret().encode(), SECRET])
    assert not is_signed(TOKEN, [])


def test_the_signing_key_depends_on_the_secret_the_tenant_and_its_own_secret() -> None:
    keys = [
        SecretKeys((secret,)).derive(tenant, own)
        for secret in ("a", "b")
        for tenant in ("t", "u")
        for own in ("1", "2")
    ]
    assert len(set(keys)) == 8
    assert SecretKeys(("a", "b")).derive("t", "1") == (*keys[0], *keys[4])


@pytest.mark.parametrize(
    ("text", "values", "are_long"),
    [
        ("", (), False),
        ("x" * 32, ("x" * 32,), True),
        (f"{'x' * 32} , {'y' * 40}", ("x" * 32, "y" * 40), True),
        ("x" * 31, ("x" * 31,), False),
        (f"{'x' * 32},", ("x" * 32, ""), False),
    ],
)
def test_secrets_are_separated_by_commas(
    text: str, values: tuple[str, ...], are_long: bool
) -> None:
    found = SecretKeys.parse(text)
    assert (found.values, found.are_long) == (values, are_long)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (KeyScope("t"), True),
        (KeyScope("t", "org"), True),
        (KeyScope("t", "org", "ann"), True),
        (KeyScope("u"), False),
        (KeyScope("t", "other"), False),
        (KeyScope("t", "org", "bob"), False),
    ],
)
def test_a_token_is_within_the_scope_of_its_issuer(scope: KeyScope, expected: bool) -> None:
    viewer = Viewer(new_id("s"), "t", "org", "ann", "tb_0123456789ab", 0, SECOND)
    assert is_within(viewer, scope, 0) is expected


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        (0, MOST_SECONDS, True),
        (0, MOST_SECONDS + 1, False),
        (0, 0, False),
        (0, -1, False),
        (600, MOST_SECONDS, True),
        (4_000, MOST_SECONDS, False),
        (3_000_000_000, 60, False),
    ],
)
def test_a_token_lasts_a_day_at_most_from_now(start: int, seconds: int, expected: bool) -> None:
    ends = (start * SECOND, (start + seconds) * SECOND)
    viewer = Viewer(new_id("s"), "t", "org", None, "tb_0123456789ab", *ends)
    assert is_within(viewer, KeyScope("t"), 0) is expected


def test_a_token_of_a_whole_organization_is_not_within_a_users_key() -> None:
    viewer = Viewer(new_id("s"), "t", "org", None, "tb_0123456789ab", 0, SECOND)
    assert not is_within(viewer, KeyScope("t", "org", "ann"), 0)
