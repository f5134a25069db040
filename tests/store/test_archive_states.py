"""What changes the state of a month that is being archived, and whose rows archives touch."""

from collections.abc import Callable

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import record, staged
from tollbook.domain.rerating import RerateRange
from tollbook.store import archive_files, archives, rerating_runs
from tollbook.store.archive_files import Archived
from tollbook.store.archives import Month
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction

JANUARY = 202401
Act = Callable[[Transaction, int], None]


@pytest.fixture
def number(transaction: Transaction) -> int:
    """An organization with the same event as another one of its tenant and one of another."""
    number = organization(transaction, "org_1", "a")
    others = organization(transaction, "org_2", "a"), organization(transaction, "org_1", "b")
    record(transaction, *(staged(it) for it in (number, *others)))
    return number


def month(number: int, of: int = JANUARY) -> Month:
    return Month(number, "org_1", of)


def run(tenant: str, first: int, last: int, ahead: int | None = 0) -> Act:
    """Begin a rerating of the organization with the number that is so far ahead, or of all."""

    def begin(transaction: Transaction, number: int) -> None:
        span = RerateRange(first, last, None if ahead is None else number + ahead)
        rerating_runs.add_run(transaction, tenant, span, 1, AT, "tb_1")

    return begin


def act(tenant: str, action: str, ahead: int = 0) -> Act:
    def write(transaction: Transaction, number: int) -> None:
        write_act(transaction, Actor(tenant, COMMAND_LINE, AT), action, "ann", {}, number + ahead)

    return write


def part(of: int = JANUARY, ahead: int = 0) -> Act:
    def add(transaction: Transaction, number: int) -> None:
        file = Archived(number + ahead, of, 0, "x.parquet", "/archive", 1, 1, "c", AT)
        archive_files.add(transaction, file)

    return add


def event(ahead: int = 0, day: int = 20240115) -> Act:
    def add(transaction: Transaction, number: int) -> None:
        record(transaction, staged(number + ahead, "late", day=day), now=AT + 9)

    return add


@pytest.mark.parametrize(
    "change",
    [
        event(),
        event(day=20240101),
        event(day=20240131),
        run("a", 20240101, 20240131),
        run("a", 20240131, 20240201),
        run("a", 20231201, 20240101),
        run("a", 20240110, 20240110, None),
        act("a", "user.erase"),
        part(),
    ],
)
def test_what_may_change_an_event_of_the_month_changes_its_state(
    transaction: Transaction, number: int, change: Act
) -> None:
    before = archives.state(transaction, "a", month(number))
    change(transaction, number)
    assert archives.state(transaction, "a", month(number)) != before


@pytest.mark.parametrize(
    "change",
    [
        event(1),
        event(day=20240201),
        run("a", 20240101, 20240131, 1),
        run("b", 20240101, 20240131, None),
        run("a", 20240201, 20240229),
        run("a", 20231201, 20231231),
        act("a", "user.erase", 1),
        act("b", "user.erase"),
        act("a", "user.change"),
        part(ahead=1),
        part(of=202402),
    ],
)
def test_anything_else_leaves_the_state_of_a_month(
    transaction: Transaction, number: int, change: Act
) -> None:
    before = archives.state(transaction, "a", month(number))
    change(transaction, number)
    assert archives.state(transaction, "a", month(number)) == before


def test_the_state_of_a_month_counts_its_own_events(transaction: Transaction, number: int) -> None:
    assert archives.state(transaction, "a", month(number))[0] == 1
    assert archives.state(transaction, "a", month(number, 202402))[0] == 0


def test_the_sums_and_events_of_other_organizations_stay(
    transaction: Transaction, number: int
) -> None:
    file = Archived(number, JANUARY, 0, "x.parquet", "/archive", 1, 1, "c", AT)
    archives.move_out(transaction, month(number), file)
    other = file._replace(organization_id=number + 1)
    archives.move_out(transaction, month(number + 1), other)
    (group,) = archives.sums_of(transaction, number, JANUARY)
    archives.set_purchases(transaction, month(number), group, (7, 8, 9))
    assert archives.sums_of(transaction, number, JANUARY)[group][-3:] == (7, 8, 9)
    assert archives.sums_of(transaction, number + 1, JANUARY)[group][-3:] == (0, 0, 0)
    archives.move_in(transaction, month(number), [])
    assert archives.sums_of(transaction, number, JANUARY) == {}
    assert len(archives.sums_of(transaction, number + 1, JANUARY)) == 1
    assert len(archive_files.files_of(transaction, number + 1, JANUARY)) == 1
    assert len(list(archives.events(transaction, month(number + 2)))) == 1


def test_an_event_of_another_organization_needs_no_identity_here(
    transaction: Transaction, number: int
) -> None:
    ((row,),) = archives.events(transaction, month(number + 1))
    lost = (*row[:2], "lost", *row[3:])
    archives.move_in(transaction, month(number + 1), [lost])
    assert archives.without_identity(transaction, month(number)) is None
    assert archives.without_identity(transaction, month(number + 1)) == "lost"
