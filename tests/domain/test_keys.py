"""Keys: unlike each other, recognisable, and nothing but a hash is kept."""

import pytest

from tollbook.domain.keys import ApiKey, Permission, Scope, hash_of, matches, mint, prefix_of


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
    key = ApiKey("p", "h", "n", Scope("t"), (Permission.ADMIN,), 0)
    assert all(key.may(permission) for permission in Permission)
    reader = ApiKey("p", "h", "n", Scope("t"), (Permission.READ_ANALYTICS,), 0)
    assert [it for it in Permission if reader.may(it)] == [Permission.READ_ANALYTICS]
