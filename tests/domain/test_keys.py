"""Keys are unique and recognizable, and only a hash is stored."""

import re

import pytest

from tollbook.domain.addresses import networks_of
from tollbook.domain.keys import (
    ApiKey,
    KeyScope,
    Limits,
    Permission,
    beyond,
    hash_of,
    is_sound,
    key_problems,
    limit_problems,
    matches,
    meters_problem,
    mint,
    prefix_of,
    without_secrets,
)


def test_a_key_is_found_by_its_prefix_and_matches_its_hash_only() -> None:
    prefix, text = mint()
    assert prefix_of(text) == prefix
    assert matches(text, hash_of(text))
    assert not matches(mint()[1], hash_of(text))


def test_no_two_keys_are_alike() -> None:
    assert len({mint()[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "tb", "tb_", "tb_0123456789ab", "tb_0123456789ab_", "xx_0123456789ab_s", "tb_é_s"]
)
def test_what_cannot_be_a_key_has_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


def test_admin_includes_the_other_permissions() -> None:
    key = ApiKey("p", "h", "n", KeyScope("t"), (Permission.ADMIN,), 0)
    assert all(key.may(permission) for permission in Permission)
    reader = ApiKey("p", "h", "n", KeyScope("t"), (Permission.READ_ANALYTICS,), 0)
    assert [it for it in Permission if reader.may(it)] == [Permission.READ_ANALYTICS]


def test_a_key_has_the_form_that_scanners_for_secrets_look_for() -> None:
    assert re.fullmatch(r"tb_[0-9a-f]{12}_[0-9A-Za-z]{49}", mint()[1])


def test_the_checksum_of_a_key_that_is_known() -> None:
    key = "tb_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
    assert is_sound(f"{key}0jvcQz")
    assert not is_sound(f"{key}0jvcQy")


def test_a_slip_of_the_pen_is_told_from_a_key() -> None:
    text = mint()[1]
    assert is_sound(text)
    for at in range(len("tb_0123456789ab_"), len(text)):
        other = "a" if text[at] != "a" else "b"
        assert not is_sound(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize("cut", [1, 2, 6, 48])
def test_part_of_a_key_is_none(cut: int) -> None:
    assert is_sound(mint()[1][:-cut]) == (cut == 6)  # as long as keys without a checksum were


def test_keys_of_before_there_were_checksums_hold() -> None:
    assert is_sound("tb_0123456789ab_" + "a-_" * 14 + "a")


def test_a_key_ends_at_its_last_instant_or_when_it_is_revoked() -> None:
    key = ApiKey("p", "h", "n", KeyScope("t"), (), 0, limits=Limits(expires_at=10))
    assert [key.ended(now) for now in (9, 10, 11)] == [False, True, True]
    assert ApiKey("p", "h", "n", KeyScope("t"), (), 0, revoked_at=5).ended(0)


HERE = networks_of(["192.0.2.0/24"])


@pytest.mark.parametrize(
    ("issuer", "limits", "fields"),
    [
        (Limits(), Limits(), []),
        (Limits(), Limits(5, ("voice.call",), HERE, 1), []),
        (Limits(5), Limits(5), []),
        (Limits(5), Limits(6), ["expires_at"]),
        (Limits(5), Limits(), ["expires_at"]),
        (Limits(networks=HERE), Limits(networks=networks_of(["192.0.2.7"])), []),
        (Limits(networks=HERE), Limits(networks=networks_of(["::/0"])), ["allowed_addresses"]),
        (Limits(networks=HERE), Limits(), ["allowed_addresses"]),
        (Limits(requests_per_minute=5), Limits(requests_per_minute=5), []),
        (Limits(requests_per_minute=5), Limits(), ["requests_per_minute"]),
    ],
)
def test_a_key_cannot_exceed_the_limits_of_its_issuer(
    issuer: Limits, limits: Limits, fields: list[str]
) -> None:
    assert [it.field for it in beyond(issuer, limits)] == fields


def test_limits_that_make_no_sense_are_named() -> None:
    assert [it.field for it in limit_problems(10, ["nowhere", "10.0.0.1/8"], 0, 10)] == [
        "allowed_addresses",
        "allowed_addresses",
        "expires_at",
        "requests_per_minute",
    ]
    assert limit_problems(11, ["192.0.2.7", "2001:db8::/32"], 1, 10) == []
    assert len(limit_problems(None, ["::1"] * 101, None, 0)) == 1


def test_a_key_is_narrowed_to_meters_of_the_catalog() -> None:
    write = (Permission.WRITE_EVENTS,)
    known = {"voice.call", "sms.outbound", "fax.page"}
    assert meters_problem(["voice.call", "fax.page"], write, known) is None
    for wrong in (["fax"], ["voice.call", "voice.call"]):
        assert meters_problem(wrong, write, known) is not None
    assert meters_problem(["voice.call"], (Permission.ADMIN,), known) is not None


@pytest.mark.parametrize(
    ("organization", "user", "expected"),
    [
        (None, None, []),
        ("org_1", None, []),
        ("org_1", "ann", []),
        (None, "ann", [("organization_id", "missing_field")]),
        ("", None, [("organization_id", "empty")]),
        ("org_1", "a\x00", [("user_id", "control_characters")]),
    ],
)
def test_the_key_of_a_user_names_its_organization(
    organization: str | None, user: str | None, expected: list[tuple[str, str]]
) -> None:
    problems = key_problems("CRM", (Permission.ADMIN,), organization, user)
    assert [(it.field, it.code) for it in problems] == expected


@pytest.mark.parametrize(
    ("name", "permissions", "expected"),
    [
        ("", (Permission.ADMIN,), [("name", "empty")]),
        ("x" * 201, (Permission.ADMIN,), [("name", "too_long")]),
        ("CRM", (), [("permissions", "invalid_permissions")]),
        ("CRM", (Permission.ADMIN, Permission.ADMIN), [("permissions", "invalid_permissions")]),
        ("", (), [("name", "empty"), ("permissions", "invalid_permissions")]),
    ],
)
def test_a_key_has_a_name_and_permissions(
    name: str, permissions: tuple[Permission, ...], expected: list[tuple[str, str]]
) -> None:
    problems = key_problems(name, permissions, None, None)
    assert [(it.field, it.code) for it in problems] == expected


@pytest.mark.parametrize(("rate", "is_valid"), [(1, True), (10**6, True), (10**6 + 1, False)])
def test_a_rate_limit_has_an_upper_bound(rate: int, is_valid: bool) -> None:
    assert (limit_problems(None, [], rate, 0) == []) == is_valid


def test_an_expiry_is_after_the_current_instant() -> None:
    assert [it.code for it in limit_problems(10, [], None, 10)] == ["in_past"]
    assert limit_problems(11, [], None, 10) == []


@pytest.mark.parametrize(
    ("scope", "limits", "expected"),
    [
        (KeyScope("t"), Limits(), False),
        (KeyScope("t", "org_1"), Limits(), False),
        (KeyScope("t", "org_1", "ann"), Limits(), True),
        (KeyScope("t", "org_1"), Limits(meters=("voice.call",)), True),
    ],
)
def test_a_key_of_a_user_or_of_meters_sees_a_part(
    scope: KeyScope, limits: Limits, expected: bool
) -> None:
    assert ApiKey("p", "h", "n", scope, (), 0, limits=limits).sees_a_part == expected


def test_a_text_keeps_only_the_public_part_of_keys_and_tokens() -> None:
    prefix, text = mint()
    token = "tbv_" + "a" * 40
    shown = without_secrets(f"Bearer {text}, then {token}; {prefix} and tbv_0123456789abcdef")
    assert shown == f"Bearer {prefix}, then tbv_…; {prefix} and tbv_0123456789abcdef"


@pytest.mark.parametrize("text", ["", "tb_short_secret", "xtb_0123456789ab_secret", "a tb_ b"])
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text
