"""The statements that remove a person's data: those of one user, and of no other."""

import pytest

from tests.builders import Platform, event, reversal
from tollbook.domain.directory import User
from tollbook.store import directory, erasure
from tollbook.store.database import Database

DAY = 20240115


@pytest.fixture
def platform(database: Database) -> Platform:
    """Two users of one organization, and one of the same id in another."""
    platform = Platform(database)
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
        with database.writing() as transaction:
            number = platform.number(identity)
            for user in ("ann", "bob"):
                directory.add_user(transaction, number, User(user, "Name", "a@example.org"), 1)
    return platform


def users(platform: Platform, organization: str = "org_1") -> list[tuple[str, str, str | None]]:
    with platform.database.reading() as snapshot:
        found = directory.users(snapshot, platform.number(organization))
    return [(it.id, it.name, it.email) for it in found]


def test_a_name_becomes_the_id_for_one_user_only(platform: Platform) -> None:
    with platform.database.writing() as transaction:
        erasure.user_fields(transaction, platform.number("org_1"), "ann")
    kept = ("bob", "Name", "a@example.org")
    assert users(platform) == [("ann", "ann", None), kept]
    assert users(platform, "org_2") == [("ann", "Name", "a@example.org"), kept]


def test_the_names_of_a_users_keys_are_erased(platform: Platform) -> None:
    for organization, user in (("org_1", "ann"), ("org_1", "bob"), ("org_2", "ann")):
        platform.key(organization=organization, user=user)
    with platform.database.writing() as transaction:
        erasure.user_fields(transaction, platform.number("org_1"), "ann")
    rows = platform.rows(
        "SELECT organization_id, user_id, name FROM api_keys WHERE tenant_id = :tenant "
        "AND user_id IS NOT NULL ORDER BY organization_id, user_id",
        tenant=platform.tenant,
    )
    assert [row[2] for row in rows] == ["erased", "test", "test"]


def send(platform: Platform) -> None:
    platform.send(
        *(event(id=f"{n}", user_id="ann", attributes={"to": f"+4420718387{n}0"}) for n in range(3)),
        event(id="plain", user_id="ann"),
        event(id="line", user_id="ann", resource_id="line-1"),
        event(id="later", user_id="ann", time="2024-01-20T00:00:00Z", attributes={"a": "b"}),
        event(id="other", user_id="bob", attributes={"a": "b"}),
    )


def details(platform: Platform, user: str = "ann") -> list[erasure.Detail]:
    with platform.database.reading() as snapshot:
        chunks = erasure.details(snapshot, platform.number("org_1"), user)
        return [it for chunk in chunks for it in chunk]


def test_only_events_with_details_are_read_by_day_and_id(platform: Platform) -> None:
    assert details(platform) == []
    send(platform)
    found = details(platform)
    assert [(it.day, it.id) for it in found] == [
        *((DAY, name) for name in ("0", "1", "2", "line")),
        (20240120, "later"),
    ]
    assert found[3].resource_id == "line-1"
    assert [it.id for it in details(platform, "bob")] == ["other"]


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_details_are_read_in_chunks_of_any_size(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    send(platform)
    expected = details(platform)
    monkeypatch.setattr("tollbook.store.database.CHUNK", size)
    assert details(platform) == expected


def test_details_are_replaced_for_their_event_only(platform: Platform) -> None:
    send(platform)
    first, *others = details(platform)
    changed = first._replace(attributes='{"to":"erased"}', resource_id=None)
    with platform.database.writing() as transaction:
        erasure.replace_details(transaction, platform.number("org_1"), [changed])
        erasure.replace_details(transaction, platform.number("org_2"), [others[0]])
        erasure.replace_details(transaction, platform.number("org_1"), [])
    assert details(platform) == [changed, *others]


def reasons(platform: Platform) -> dict[str, str]:
    rows = platform.rows(
        "SELECT id_text(reverses), reason FROM reversals WHERE organization_id = :number",
        number=platform.number("org_1"),
    )
    return {row[0]: row[1] for row in rows}


def test_the_reasons_of_a_users_reversals_are_erased(platform: Platform) -> None:
    send(platform)
    platform.reverse(reversal("0"), reversal("other"))
    with platform.database.writing() as transaction:
        erasure.user_fields(transaction, platform.number("org_1"), "ann")
    assert reasons(platform) == {"0": "erased", "other": "a test"}
    with platform.database.writing() as transaction:
        erasure.erase_reasons(transaction, platform.number("org_2"), ["other"])
        erasure.erase_reasons(transaction, platform.number("org_1"), ["plain"])
    assert reasons(platform)["other"] == "a test"
    with platform.database.writing() as transaction:
        erasure.erase_reasons(transaction, platform.number("org_1"), ["other"])
    assert reasons(platform)["other"] == "erased"


def test_events_in_quarantine_are_replaced_one_by_one(platform: Platform) -> None:
    platform.send(*(event(id=f"{n}", quantity=90_000) for n in range(2)))
    number = platform.number("org_1")
    with platform.database.writing() as transaction:
        before = erasure.waiting(transaction, number, "user_1")
        assert [identity for identity, _ in before] == ["0", "1"]
        assert erasure.waiting(transaction, platform.number("org_2"), "user_1") == []
        assert erasure.waiting(transaction, number, "user_2") == []
        erasure.replace_waiting(transaction, number, [("0", "{}")], "too long")
        assert erasure.waiting(transaction, number, "user_1") == [("0", "{}"), before[1]]
    rows = platform.rows(
        "SELECT id_text(id), reason FROM quarantine WHERE organization_id = :number ORDER BY id",
        number=number,
    )
    assert rows[0][1] == "too long" != rows[1][1]


def test_resources_are_renamed_in_the_sums_of_one_user(platform: Platform) -> None:
    platform.send(
        event(id="1", user_id="ann", resource_id="line-1"),
        event(id="2", user_id="bob", resource_id="line-1"),
        event(id="3", user_id="ann", type="kb.usage", resource_id="kb-1"),
        event(id="4", user_id="ann"),
    )
    number = platform.number("org_1")
    with platform.database.writing() as transaction:
        assert erasure.resources(transaction, number, "ann") == {"line-1", "kb-1"}
        names = {"line-1": "erased-1", "kb-1": "erased-2"}
        erasure.rename_resources(transaction, number, "ann", names)
        assert erasure.resources(transaction, number, "ann") == {"erased-1", "kb-1"}
        assert erasure.resources(transaction, number, "bob") == {"line-1"}
        assert erasure.resources(transaction, platform.number("org_2"), "ann") == set()
