"""Secrets of endpoints are encrypted for their endpoint, and readable during a change of keys."""

import pytest

from tollbook.domain.sealing import Sealer, Unreadable
from tollbook.domain.viewers import SecretKeys

OLD, NEW = "o" * 32, "n" * 32


def test_a_sealed_text_opens_for_its_owner_only() -> None:
    sealer = Sealer(SecretKeys((OLD,)))
    sealed = sealer.seal("https://example.com/secret", "end_1")
    assert "example" not in sealed
    assert sealed != sealer.seal("https://example.com/secret", "end_1")
    assert sealer.open(sealed, "end_1") == "https://example.com/secret"
    with pytest.raises(Unreadable):
        sealer.open(sealed, "end_2")


def test_each_key_opens_and_the_first_one_seals() -> None:
    sealed = Sealer(SecretKeys((OLD,))).seal("text", "end_1")
    both = Sealer(SecretKeys((NEW, OLD)))
    assert both.open(sealed, "end_1") == "text"
    assert not both.is_current(sealed, "end_1")
    assert both.is_current(both.seal("text", "end_1"), "end_1")
    with pytest.raises(Unreadable):
        Sealer(SecretKeys((NEW,))).open(sealed, "end_1")


def test_without_a_key_nothing_opens() -> None:
    sealed = Sealer(SecretKeys((OLD,))).seal("text", "end_1")
    sealer = Sealer(SecretKeys())
    assert not sealer.is_usable
    with pytest.raises(Unreadable):
        sealer.open(sealed, "end_1")
