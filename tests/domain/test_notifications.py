"""The id of a notification: the same for the same occasion, and for no other."""

import base64
import hashlib
import re

import pytest

from tollbook.domain.notifications import Notification, NotificationType, id_of

OCCASION = ("trg_1", 20240115, "0.8")


def notification(**given: object) -> Notification:
    usual: dict[str, object] = {
        "tenant": "demo",
        "type": NotificationType.BUDGET_REACHED,
        "occasion": OCCASION,
        "at": 5,
        "data": {"value": 1},
    }
    return Notification(**{**usual, **given})  # type: ignore[arg-type]


def test_an_id_is_the_start_of_the_hash_of_what_happened() -> None:
    content = b'["demo","budget.reached",["trg_1",20240115,"0.8"]]'
    digest = base64.b32encode(hashlib.sha256(content).digest()).decode().lower()
    assert notification().id == f"ntf_{digest[:26]}"
    assert re.fullmatch("ntf_[a-z2-7]{26}", notification().id)


@pytest.mark.parametrize(
    "other",
    [
        {"at": 6},
        {"data": {"value": 2}},
        {"organization": 7},
        {"user_id": "user_1"},
        {"trigger_id": "trg_2"},
        {"meter": "voice.call"},
        {"to_tenant": False, "to_organization": True},
        {"endpoint_ids": ("end_1",)},
    ],
)
def test_the_same_occasion_has_the_same_id_whatever_is_said_about_it(
    other: dict[str, object],
) -> None:
    assert notification(**other).id == notification().id


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "other"},
        {"type": NotificationType.BUDGET_CLEARED},
        {"occasion": ()},
        {"occasion": ("trg_1", 20240116, "0.8")},
        {"occasion": ("trg_1", "20240115", "0.8")},
        {"occasion": ("trg_1", 20240115, "0.8", None)},
        {"occasion": ("trg_1,20240115", "0.8")},
    ],
)
def test_another_occasion_has_another_id(other: dict[str, object]) -> None:
    assert notification(**other).id != notification().id


def test_an_id_is_short_whatever_its_content() -> None:
    assert {len(id_of(it)) for it in (b"", b"x", b"x" * 10_000)} == {26}


def test_every_type_is_a_family_and_what_happened() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", it) for it in NotificationType)
