"""Runs: stopped, resumed, taken back, in each other's way, written down."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders import Platform, event
from tests.rerating.builders import CALLS, MINUTES, Past, book
from tests.rerating.test_apply import january
from tollbook.domain.errors import InvalidRequest, NotFound, RunConflict
from tollbook.domain.rerating import RunStatus
from tollbook.rerating import runs
from tollbook.rerating.run_day import RunExecutor
from tollbook.wiring import now


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """A call on each of four days, and a dearer book."""
    platform.send(*january(1, 2, 3, 4))
    platform.load(book(CALLS))
    return platform


def test_a_run_stops_between_days_and_goes_on_there(platform: Platform, past: Past) -> None:
    run = past.begin()
    assert past.steps(run.id, 2).changed == 2
    assert past.act(runs.stop, run.id).status is RunStatus.STOPPED
    assert past.steps(run.id).changed == 2
    assert platform.differences() == []
    past.act(runs.resume, run.id)
    done = past.steps(run.id)
    assert (done.status, done.events, done.changed) == (RunStatus.DONE, 4, 4)
    assert platform.differences() == []


def test_a_half_done_run_can_be_taken_back_also_in_two_goes(platform: Platform, past: Past) -> None:
    before = past.ledger()
    run = past.begin()
    past.steps(run.id, 3)
    past.act(runs.stop, run.id)
    past.act(runs.revert, run.id)
    past.steps(run.id, 1)
    past.act(runs.stop, run.id)
    with pytest.raises(RunConflict, match="half reverted: resume it"):
        past.act(runs.revert, run.id)
    past.act(runs.resume, run.id)
    done = past.steps(run.id)
    assert (done.status, done.changed, done.restored) == (RunStatus.REVERTED, 3, 3)
    assert past.ledger() == before


def test_two_who_work_on_one_run_take_turns(platform: Platform, past: Past) -> None:
    run = past.begin()
    workers = [
        RunExecutor(platform.database, platform.tenant, run.id, now).steps() for _ in range(2)
    ]
    for worker in (*workers, *workers, *workers):
        next(worker, None)
    done = past.run(run.id)
    assert (done.status, done.events, done.changed) == (RunStatus.DONE, 4, 4)
    assert platform.differences() == []


def test_two_who_work_at_the_same_moment_do_no_day_twice(platform: Platform, past: Past) -> None:
    platform.send(*(event(id=f"{n}", time=f"2024-01-{n:02d}T00:00:00Z") for n in range(5, 32)))
    run = past.begin()
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(past.steps, [run.id] * 3))
    done = past.run(run.id)
    assert (done.status, done.events) == (RunStatus.DONE, 31)
    assert done.changed == len(past.rows("SELECT id_text(id) FROM charge_history")) == 4
    assert platform.differences() == []


def test_a_run_keeps_to_the_books_it_began_with(platform: Platform, past: Past) -> None:
    run = past.begin()
    past.steps(run.id, 2)
    platform.load(book(MINUTES))
    past.steps(run.id)
    assert set(past.costs().values()) == {183_000_000}


def test_runs_of_the_same_days_cannot_be_at_work_at_once(platform: Platform, past: Past) -> None:
    platform.organization("org_2")
    first = past.begin(organization="org_1", start="2024-01-02")
    for given in ({}, {"organization": "org_1"}, {"end": "2024-01-02"}):
        with pytest.raises(RunConflict, match=r"run 1 \(org_1, 2024-01-02 to 2024-01-31\)"):
            past.begin(**given)
    past.begin(organization="org_2")
    past.begin(organization="org_1", end="2024-01-01")
    past.act(runs.stop, first.id)
    with pytest.raises(RunConflict, match="is stopped"):
        past.begin()


def test_a_run_is_not_reverted_under_a_later_one(platform: Platform, past: Past) -> None:
    before = past.ledger()
    first = past.apply()
    platform.load(book(MINUTES))
    second = past.apply(start="2024-01-04")
    with pytest.raises(RunConflict, match=r"run 2 .* charged the same days again after run 1"):
        past.act(runs.revert, first.id)
    past.revert(second.id)
    past.revert(first.id)
    assert past.ledger() == before


def test_what_makes_no_sense_is_refused(platform: Platform, past: Past) -> None:
    run = past.begin()
    with pytest.raises(RunConflict, match="is running: stop it first"):
        past.act(runs.revert, run.id)
    assert past.act(runs.resume, run.id).status is RunStatus.RUNNING
    past.steps(run.id)
    for act in (runs.stop, runs.resume):
        with pytest.raises(RunConflict, match="is done"):
            past.act(act, run.id)
    past.revert(run.id)
    with pytest.raises(RunConflict, match="reverted already"):
        past.act(runs.revert, run.id)
    for act in (runs.stop, runs.resume, runs.revert):
        with pytest.raises(NotFound, match="no rerating run 7"):
            past.act(act, 7)


def test_a_version_that_cannot_be_used_is_refused(platform: Platform, past: Past) -> None:
    platform.organization("org_2")
    number = platform.number("org_2")
    with platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE price_books SET organization_id = :number WHERE version = 2", number=number
        )
    with pytest.raises(NotFound, match="no price book version 9"):
        past.begin(version=9)
    for organization in (None, "org_1"):
        with pytest.raises(InvalidRequest, match="version 2 is the own book of org_2"):
            past.begin(version=2, organization=organization)
    past.begin(version=2, organization="org_2")
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE price_books SET published_at = NULL WHERE version = 1")
    with pytest.raises(InvalidRequest, match="version 1 is a draft"):
        past.begin(version=1, organization="org_1")


def test_every_act_is_in_the_audit_log(platform: Platform, past: Past) -> None:
    run = past.begin(organization="org_1")
    past.act(runs.stop, run.id)
    past.act(runs.stop, run.id)
    past.act(runs.resume, run.id)
    past.steps(run.id)
    past.revert(run.id)
    acts = past.acts()
    assert [(it.action, it.object) for it in acts] == [
        ("rerating.apply", "run 1"),
        ("rerating.stop", "run 1"),
        ("rerating.resume", "run 1"),
        ("rerating.done", "run 1"),
        ("rerating.revert", "run 1"),
    ]
    assert {it.key_prefix for it in acts} == {"cli"}
    span = {
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "organization_id": "org_1",
        "version": None,
    }
    assert [it.details for it in acts] == [
        span,
        {**span, "changed": 0},
        {**span, "changed": 0},
        {**span, "events": 4, "changed": 4},
        {**span, "changed": 4},
    ]


def test_each_tenant_numbers_its_own_runs(platform: Platform, past: Past) -> None:
    other = Past(Platform(platform.database, "other"))
    assert past.begin().id == 1
    assert other.begin().id == 1
