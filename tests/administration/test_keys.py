"""Keys get no more than their creators have, and share no ids with keys of other parts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.administration.office import Office
from tollbook.administration.keys import NewKey, Rotation, create_key, revoke_key, rotate_key
from tollbook.domain.directory import User
from tollbook.domain.errors import InvalidRequest, KeyEnded, NotFound
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.keys import ApiKey, Permission
from tollbook.store import directory, keys
from tollbook.store.database import open_database

WRITE, ADMIN = Permission.WRITE_EVENTS, Permission.ADMIN
SECOND = 1_000_000
DAY = 24 * 3600 * SECOND


@pytest.fixture
def office(sqlite_url_in_memory: str) -> Iterator[Office]:
    database = open_database(sqlite_url_in_memory)
    office = Office(database)
    for identity in ("org_1", "org_2"):
        number = office.organization(identity)
        with database.writing() as transaction:
            directory.add_user(transaction, number, User("ann", "Ann"), 1)
    yield office
    database.close()


def find(office: Office) -> Callable[[str], Any]:
    def row(identity: str) -> Any:
        try:
            return office.row(identity)
        except AssertionError:
            raise NotFound("Organization not found") from None

    return row


def create(office: Office, creator: ApiKey | None = None, **given: Any) -> ApiKey:
    new = NewKey(**{"name": "k", "permissions": [WRITE], **given})
    key, text = office.act(create_key, new, find(office), creator)
    assert text.startswith(f"{key.prefix}_")
    return key  # type: ignore[no-any-return]


def rotate(
    office: Office, old: ApiKey, creator: ApiKey | None = None, **given: Any
) -> tuple[ApiKey, ApiKey | None]:
    """Return the new key, and the old one as it is stored now."""
    new, _ = office.act(rotate_key, old, Rotation(**given), creator)
    with office.database.reading() as snapshot:
        return new, keys.find_key(snapshot, old.prefix)


def problems(office: Office, creator: ApiKey | None = None, **given: Any) -> Any:
    new = NewKey(**{"name": "k", "permissions": [WRITE], **given})
    return office.problems(create_key, new, find(office), creator)


ANN: dict[str, Any] = {"organization_id": "org_1", "user_id": "ann"}
CALLS: dict[str, Any] = {"organization_id": "org_1", "meters": ["voice.call"]}


@pytest.mark.parametrize(
    ("one", "other", "is_taken"),
    [
        ({**ANN, "id_prefix": "a-"}, {**ANN, "id_prefix": "a-"}, False),
        ({**ANN, "id_prefix": "a-"}, {**CALLS, "id_prefix": "a-"}, True),
        ({**ANN, "id_prefix": "a-"}, {**CALLS, "id_prefix": "a-b"}, True),
        ({**ANN, "id_prefix": "a-b"}, {**CALLS, "id_prefix": "a-"}, True),
        ({**ANN, "id_prefix": "a-"}, {**CALLS, "id_prefix": "b-"}, False),
        (
            {**ANN, "id_prefix": "a-"},
            {"organization_id": "org_2", "user_id": "ann", "id_prefix": "a-"},
            False,
        ),
        ({**ANN, "id_prefix": "a-"}, {"meters": ["voice.call"], "id_prefix": "a-"}, True),
        ({**CALLS, "id_prefix": "a-"}, {**CALLS, "id_prefix": "a-x"}, False),
        (
            {**CALLS, "id_prefix": "a-"},
            {**CALLS, "meters": ["sms.outbound"], "id_prefix": "a-"},
            True,
        ),
        ({"organization_id": "org_1", "id_prefix": "a-"}, {**ANN, "id_prefix": "a-"}, False),
    ],
)
def test_parts_of_an_organization_have_ids_of_their_own(
    office: Office, one: Any, other: Any, is_taken: bool
) -> None:
    create(office, **one)
    if is_taken:
        assert problems(office, **other) == [("id_prefix", "id_prefix_taken")]
    else:
        assert create(office, **other).limits.id_prefix == other["id_prefix"]


def test_the_ids_of_a_revoked_key_stay_taken(office: Office) -> None:
    key = create(office, **ANN, id_prefix="a-")
    office.act(revoke_key, key)
    office.act(revoke_key, key)  # again changes nothing
    assert problems(office, **CALLS, id_prefix="a-") == [("id_prefix", "id_prefix_taken")]


def test_every_problem_of_a_key_is_listed(office: Office) -> None:
    found = problems(
        office,
        name="",
        permissions=[],
        user_id="ann",
        meters=["voice.cal"],
        allowed_addresses=["x"],
        expires_at=datetime(2000, 1, 1, tzinfo=UTC),
    )
    assert {field for field, _ in found} >= {
        *("name", "permissions", "organization_id", "meters", "allowed_addresses", "expires_at")
    }


def test_an_organization_that_the_creator_does_not_see_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        create(office, organization_id="org_9")


def later(office: Office, seconds: int) -> datetime:
    return instant_of(office.at) + timedelta(seconds=seconds)


def test_a_key_has_no_more_than_its_creator(office: Office) -> None:
    limited = create(
        office, permissions=[ADMIN], expires_at=later(office, 86_400), requests_per_minute=10
    )
    for given, field in (
        ({}, "expires_at"),
        ({"expires_at": later(office, 2 * 86_400)}, "expires_at"),
        ({"expires_at": later(office, 60), "requests_per_minute": 11}, "requests_per_minute"),
    ):
        found = problems(office, limited, **given)
        assert field in [it for it, _ in found]
    made = create(office, limited, expires_at=later(office, 60), requests_per_minute=10)
    assert made.limits.expires_at == office.at + 59 * SECOND


def test_the_key_of_an_organization_creates_keys_of_it(office: Office) -> None:
    of_organization = office.api_key(office.key(ADMIN, organization="org_1"))
    assert create(office, of_organization).scope.organization_id == "org_1"
    assert office.log()[-1][0] == "key.create"


def test_a_rotated_key_works_for_the_overlap(office: Office) -> None:
    old = create(office, meters=["voice.call"], id_prefix="a-")
    new, before = rotate(office, old, overlap_seconds=60)
    assert before is not None
    assert (before.revoked_at, before.limits.expires_at) == (None, office.at + 60 * SECOND)
    assert (new.name, new.permissions, new.limits) == (old.name, old.permissions, old.limits)
    ended, replaced = rotate(office, new, overlap_seconds=0)
    assert replaced is not None
    assert replaced.revoked_at == office.at
    with pytest.raises(KeyEnded, match="has expired or is revoked"):
        rotate(office, replaced)
    assert ended.limits.expires_at is None


def test_a_successor_lives_as_long_as_the_key_before_it(office: Office) -> None:
    old = create(office, expires_at=later(office, 1 + 3_600))
    created = office.at
    office.at += 600 * SECOND
    new, _ = rotate(office, old)
    assert new.limits.expires_at == office.at + 3_600 * SECOND
    assert office.at == created + 601 * SECOND
    chosen, _ = rotate(office, new, expires_at=later(office, 30))
    assert chosen.limits.expires_at == office.at + 29 * SECOND


def test_a_successor_does_not_outlive_its_creator_or_the_calendar(office: Office) -> None:
    limited = create(office, permissions=[ADMIN], expires_at=later(office, 86_400))
    old = create(office)
    new, _ = rotate(office, old, limited)
    assert new.limits.expires_at == limited.limits.expires_at
    shorter = create(office, expires_at=later(office, 61))
    kept, _ = rotate(office, shorter, limited)
    assert kept.limits.expires_at == office.at + 60 * SECOND
    with pytest.raises(InvalidRequest):
        rotate(office, old, limited, expires_at=later(office, 2 * 86_400))
    with pytest.raises(InvalidRequest):
        rotate(office, old, expires_at=later(office, -1))
    last = datetime.max.replace(tzinfo=UTC)
    endless = create(office, expires_at=last)
    office.at += DAY
    assert rotate(office, endless)[0].limits.expires_at == microseconds(last)


def test_the_log_has_the_limits_under_the_names_of_the_api(office: Office) -> None:
    create(
        office,
        **CALLS,
        id_prefix="a-",
        allowed_addresses=["192.0.2.0/24", "2001:db8::1"],
        requests_per_minute=5,
    )
    assert office.log()[-1][2] == {
        "permissions": ["events:write"],
        "user_id": None,
        "expires_at": None,
        "meters": ["voice.call"],
        "allowed_addresses": ["192.0.2.0/24", "2001:db8::1/128"],
        "requests_per_minute": 5,
        "id_prefix": "a-",
    }
