"""Rerating runs as they are stored: numbered by tenant, found by their days and organizations."""

import msgspec
import pytest

from tests.builders import Platform
from tollbook.domain.margin import Purchases
from tollbook.domain.rerating import LeftAsItWas, RerateRange, Run, RunStatus
from tollbook.store import rerating_runs
from tollbook.store.database import Database

AT = 1_700_000_000_000_000
JANUARY = RerateRange(20240101, 20240131)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
    return platform


def add(platform: Platform, span: RerateRange = JANUARY, tenant: str = "") -> int:
    with platform.database.writing() as transaction:
        owner = tenant or platform.tenant
        return rerating_runs.add_run(transaction, owner, span, 10, AT, "tb_0123456789ab")


def find(platform: Platform, run: int, tenant: str = "") -> Run | None:
    with platform.database.reading() as snapshot:
        return rerating_runs.find_run(snapshot, tenant or platform.tenant, run)


def change(platform: Platform, run: int, **given: object) -> Run:
    found = find(platform, run)
    assert found is not None
    changed = msgspec.structs.replace(found, **given)
    with platform.database.writing() as transaction:
        rerating_runs.change_run(transaction, platform.tenant, changed, AT + 9)
    return changed


def test_a_new_run_is_at_its_start(platform: Platform) -> None:
    number = platform.number("org_2")
    span = RerateRange(20240101, 20240131, number, 4)
    assert find(platform, add(platform, span)) == Run(
        id=1,
        span=span,
        organization_id="org_2",
        status=RunStatus.RUNNING,
        backwards=False,
        at_organization=0,
        at_day=0,
        expected=10,
        events=0,
        changed=0,
        unpriced=0,
        restored=0,
        costs={},
        created_at=AT,
        created_by="tb_0123456789ab",
        moved_at=AT,
        finished_at=None,
        reason=None,
    )


def test_runs_are_numbered_by_tenant(platform: Platform) -> None:
    Platform(platform.database, "other")
    assert [add(platform), add(platform), add(platform, tenant="other")] == [1, 2, 1]
    assert find(platform, 2, "other") is None
    assert find(platform, 3) is None


def test_the_latest_runs_are_listed_first(platform: Platform) -> None:
    for _ in range(3):
        add(platform)
    with platform.database.reading() as snapshot:
        assert [it.id for it in rerating_runs.runs(snapshot, platform.tenant, 2)] == [3, 2]
        assert rerating_runs.runs(snapshot, "other", 2) == []


def test_progress_comes_back_with_sums_of_any_size(platform: Platform) -> None:
    run = add(platform)
    changed = change(
        platform,
        run,
        status=RunStatus.REVERTING,
        backwards=True,
        at_organization=5,
        at_day=20240107,
        events=7,
        changed=3,
        unpriced=2,
        restored=1,
        costs={"USD": (10**30, -(10**30)), "EUR": (0, 1)},
        buy_changed=4,
        purchases={"USD": (Purchases(1, 10**30, 3, 1, 10**30), Purchases())},
        finished_at=AT + 8,
        reason="a test",
    )
    assert find(platform, run) == msgspec.structs.replace(changed, moved_at=AT + 9)
    other = add(platform)
    assert find(platform, other) != changed


def test_a_lock_is_for_a_tenant_or_a_run_that_exists(platform: Platform) -> None:
    run = add(platform)
    with platform.database.writing() as transaction:
        assert rerating_runs.lock_runs(transaction, platform.tenant)
        assert not rerating_runs.lock_runs(transaction, "nobody")
        assert rerating_runs.lock_run(transaction, platform.tenant, run)
        assert not rerating_runs.lock_run(transaction, platform.tenant, run + 1)
        assert not rerating_runs.lock_run(transaction, "nobody", run)


def overlapping(
    platform: Platform, span: RerateRange, *, after: int = 0, unfinished: bool = True
) -> int | None:
    with platform.database.reading() as snapshot:
        found = rerating_runs.overlapping(
            snapshot, platform.tenant, span, after=after, unfinished=unfinished
        )
    return found.id if found else None


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (20240131, 20240131, 1),
        (20240101, 20240101, 1),
        (20231201, 20240229, 1),
        (20240201, 20240229, None),
        (20231201, 20231231, None),
    ],
)
def test_runs_overlap_by_their_days(
    platform: Platform, first: int, last: int, expected: int | None
) -> None:
    add(platform)
    assert overlapping(platform, RerateRange(first, last)) == expected


def test_runs_overlap_by_their_organizations(platform: Platform) -> None:
    one, two = platform.number("org_1"), platform.number("org_2")
    add(platform, RerateRange(20240101, 20240131, one))
    assert overlapping(platform, RerateRange(20240101, 20240131, one)) == 1
    assert overlapping(platform, RerateRange(20240101, 20240131, two)) is None
    assert overlapping(platform, JANUARY) == 1
    whole = add(platform)
    assert overlapping(platform, RerateRange(20240101, 20240131, two)) == whole


STATUSES = {
    RunStatus.RUNNING: (True, True),
    RunStatus.STOPPED: (True, True),
    RunStatus.REVERTING: (True, True),
    RunStatus.DONE: (False, True),
    RunStatus.REVERTED: (False, False),
}


@pytest.mark.parametrize("status", RunStatus)
def test_a_finished_run_overlaps_until_it_is_reverted(
    platform: Platform, status: RunStatus
) -> None:
    run = add(platform)
    change(platform, run, status=status)
    unfinished, any_kept = STATUSES[status]
    assert (overlapping(platform, JANUARY) is not None) == unfinished
    assert (overlapping(platform, JANUARY, unfinished=False) is not None) == any_kept


def test_the_first_later_run_is_found(platform: Platform) -> None:
    runs = [add(platform) for _ in range(3)]
    assert [overlapping(platform, JANUARY, after=it) for it in (0, *runs)] == [*runs, None]


def test_events_without_a_price_are_listed_in_the_order_of_the_run(platform: Platform) -> None:
    left = [
        (platform.number(organization), LeftAsItWas(organization, day, "x", "no_price", "none"))
        for organization in ("org_2", "org_1")
        for day in (20240102, 20240101)
    ]
    run, other = add(platform), add(platform)
    with platform.database.writing() as transaction:
        rerating_runs.list_unpriced(transaction, platform.tenant, run, left)
        rerating_runs.list_unpriced(transaction, platform.tenant, other, [])
    with platform.database.reading() as snapshot:
        found = rerating_runs.unpriced(snapshot, platform.tenant, run, 3)
        assert [(it.organization_id, it.day) for it in found] == [
            ("org_1", 20240101),
            ("org_1", 20240102),
            ("org_2", 20240101),
        ]
        assert found[0] == left[3][1]
        assert rerating_runs.unpriced(snapshot, platform.tenant, other, 3) == []
        assert rerating_runs.unpriced(snapshot, "other", run, 3) == []
