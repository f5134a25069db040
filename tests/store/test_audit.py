"""The audit log: newest first, filtered by organization, action, key and instants."""

from itertools import islice

import pytest

from tests.builders import Platform
from tollbook.store import audit
from tollbook.store.audit import COMMAND_LINE, NEWEST, Act, Actor, AuditFilter, act_of, acts
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database

KEY = "tb_0123456789ab"


class Log:
    """The log of a tenant of its own, which nothing else writes."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def write(
        self,
        at: int,
        action: str = "user.create",
        key: str = KEY,
        organization: str | None = None,
        what: str = "ann",
    ) -> None:
        number = self.platform.number(organization) if organization else None
        actor = Actor("log", key, at, "192.0.2.7")
        with self.platform.database.writing() as transaction:
            write_act(transaction, actor, action, what, {"n": at}, number)

    def read(self, of: AuditFilter = audit.ALL, limit: int = 100) -> list[Act]:
        with self.platform.database.reading() as snapshot:
            return acts(snapshot, "log", of, limit)

    def instants(self, **given: object) -> list[int]:
        return [it.at for it in self.read(AuditFilter(**given))]  # type: ignore[arg-type]


@pytest.fixture
def log(database: Database) -> Log:
    platform = Platform(database)
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
    return Log(platform)


def test_a_log_without_acts_is_empty(log: Log) -> None:
    assert log.read() == []


def test_an_act_comes_back_whole(log: Log) -> None:
    log.write(5, organization="org_1")
    (act,) = log.read()
    assert act == Act(
        at=5,
        id=act.id,
        key_prefix=KEY,
        action="user.create",
        object="ann",
        organization_id="org_1",
        address="192.0.2.7",
        details={"n": 5},
    )


def test_each_act_has_an_id_of_its_own(log: Log) -> None:
    for _ in range(3):
        log.write(5)
    assert len({it.id for it in log.read()}) == 3


def test_acts_are_newest_first(log: Log) -> None:
    for at in (3, 9, 1):
        log.write(at)
    assert log.instants() == [9, 3, 1]
    assert [it.at for it in log.read(limit=2)] == [9, 3]


def test_another_tenant_sees_none_of_them(log: Log) -> None:
    log.write(5)
    with log.platform.database.reading() as snapshot:
        assert KEY not in {it.key_prefix for it in acts(snapshot, log.platform.tenant)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"action": "user.create"}, [4, 1]),
        ({"action": "user"}, []),
        ({"key_prefix": COMMAND_LINE}, [3, 2]),
        ({"start": 2}, [4, 3, 2]),
        ({"end": 4}, [3, 2, 1]),
        ({"start": 2, "end": 3}, [2]),
        ({"start": 3, "end": 3}, []),
        ({"action": "user.create", "key_prefix": COMMAND_LINE}, []),
    ],
)
def test_acts_are_filtered(log: Log, given: dict[str, object], expected: list[int]) -> None:
    log.write(1)
    log.write(2, "key.create", COMMAND_LINE)
    log.write(3, "key.revoke", COMMAND_LINE)
    log.write(4)
    assert log.instants(**given) == expected


def test_acts_of_the_whole_tenant_belong_to_no_organization(log: Log) -> None:
    log.write(1, organization="org_1")
    log.write(2, organization="org_2")
    log.write(3)
    assert log.instants(organization=log.platform.number("org_2")) == [2]
    assert [it.organization_id for it in log.read()] == [None, "org_2", "org_1"]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_have_each_act_once(log: Log, size: int) -> None:
    for at in (7, 7, 7, 3, 9):
        log.write(at)
    found: list[Act] = []
    before = NEWEST
    with log.platform.database.reading() as snapshot:
        while page := audit.rows(snapshot, "log", audit.ALL, before, size):
            found += map(act_of, page)
            assert len(found) <= 5
            before = page[-1][0], page[-1][1]
    assert found == log.read()
    assert [it.at for it in found] == [9, 7, 7, 7, 3]


def test_a_whole_log_is_read_in_chunks(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in (7, 7, 3, 9):
        log.write(at)
    expected = [it.id for it in log.read()]
    for chunk in (1, 2, 3, 4, 5):
        monkeypatch.setattr(audit, "_CHUNK", chunk)
        with log.platform.database.reading() as snapshot:
            rows = islice(audit.all_acts(snapshot, "log"), 9)
            assert [row[1] for row in rows] == expected
            late = audit.all_acts(snapshot, "log", AuditFilter(end=9))
            assert [row[0] for row in late] == [7, 7, 3]


def test_an_act_that_is_rolled_back_is_not_in_the_log(log: Log) -> None:
    with log.platform.database.writing() as transaction:
        write_act(transaction, Actor("log", KEY, 5), "user.create", "ann", {})
        transaction.undo()
    assert log.read() == []
