"""What a replay looks at, step by step, and how a run ends that is no longer what it was."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Platform, event
from tests.ingest.terms import terms_of
from tests.quarantine.test_runs import actor, begin
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.charges import Unpriced
from tollbook.domain.errors import RunConflict
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.quarantine import (
    EVERYTHING,
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    Selection,
)
from tollbook.ingest.months import Months
from tollbook.quarantine import dry_run, runs
from tollbook.quarantine.dry_run import PlannedCharge, ReplayDryRun, SumKey
from tollbook.quarantine.replay import months_of, recharge
from tollbook.quarantine.run_steps import QuarantineExecutor
from tollbook.quarantine.runs import MOST_SHOWN, selection_details
from tollbook.store import quarantine_runs
from tollbook.store.database import open_database
from tollbook.store.quarantine import Quarantined
from tollbook.store.staging import Staged
from tollbook.wiring import now

CALL = BY_TYPE["voice.call"].code


def waiting(code: str = "no_price", **given: Any) -> Quarantined:
    sent = event(**given)
    usual: dict[str, Any] = dict.fromkeys(Quarantined._fields, 0)
    usual |= {"number": 1, "organization_id": sent["organization_id"], "id": sent["id"]}
    usual |= {"code": code, "reason": "", "event": json.dumps(sent)}
    return Quarantined(**usual)


@pytest.mark.parametrize(
    ("time", "months"),
    [
        ("2024-01-31T23:59:59Z", {202312, 202401, 202402}),
        ("2024-12-01T00:00:00Z", {202411, 202412, 202501}),
        ("2024-06-15T12:00:00Z", {202405, 202406, 202407}),
    ],
)
def test_the_months_of_an_event_are_its_own_and_those_around_it(
    time: str, months: set[int]
) -> None:
    assert months_of([waiting(time=time)]) == months
    assert months_of([]) == set()


@given(
    st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timezones(),
)
def test_they_are_the_months_in_every_time_zone(instant: datetime, zone: Any) -> None:
    local = instant.astimezone(zone)
    assert local.year * 100 + local.month in months_of([waiting(time=instant.isoformat())])


def test_each_event_has_its_row_or_the_reason_that_applies_now() -> None:
    events = [
        waiting(id="good"),
        waiting(id="pending", cost_pending=True),
        waiting(id="later", type="own.meter"),
        waiting(id="negative", quantity=-1),
    ]
    none: Any = None
    terms = {"org_1": terms_of()}
    found = dict(recharge(terms, events, now(), Months(none)))
    assert list(found) == events
    row, *others = found.values()
    assert isinstance(row, Staged)
    assert (row.id, row.cost) == ("good", 122_000_000)
    reasons = [it for it in others if isinstance(it, Unpriced)]
    assert [it.code for it in reasons] == ["cost_pending", "invalid_event", "invalid_event"]
    assert "must not be negative" in reasons[2].reason


def row(cost: int, meter: int = CALL, **given: Any) -> Staged:
    usual = {"organization_id": 1, "id": "a", "user_id": "u", "day": 20240115, "quantity": 1}
    rest = dict.fromkeys(Staged._fields[: Staged._fields.index("hour")], 0)
    return Staged(**{**rest, **usual, "billed": 2, "cost": cost, "meter": meter, **given})


def test_a_dry_run_sums_by_currency_organization_and_meter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dry_run, "MOST_CHARGES", 2)
    result = ReplayDryRun()
    for cost, currency, meter in (
        (1, "USD", CALL),
        (2, "USD", CALL),
        (4, "EUR", CALL),
        (8, "USD", 9),
    ):
        result.add(waiting("no_price"), row(cost, meter), currency)
    call, other = SumKey("USD", "org_1", CALL), SumKey("USD", "org_1", 9)
    assert result.costs == {call: 3, SumKey("EUR", "org_1", CALL): 4, other: 8}
    assert result.events[call] == 2
    assert result.released == {"no_price": 4}
    charge = PlannedCharge("org_1", "call-1", "u", CALL, 20240115, 1, 2, "USD", 1)
    assert result.charges == [charge, charge._replace(cost=2)]
    assert ReplayDryRun().charges == []


@pytest.mark.parametrize(
    ("selection", "details"),
    [
        (EVERYTHING, {}),
        (Selection(codes=("no_price", "x")), {"codes": ["no_price", "x"]}),
        (Selection(ids=("a",)), {"ids": ["a"], "ids_count": 1}),
        (
            Selection(ids=tuple(f"{it:02}" for it in range(MOST_SHOWN + 5))),
            {"ids": [f"{it:02}" for it in range(MOST_SHOWN)], "ids_count": MOST_SHOWN + 5},
        ),
        (Selection(meter=CALL), {"type": "voice.call"}),
        (
            Selection(start=0, end=1_500_000),
            {
                "start_date": datetime(1970, 1, 1, tzinfo=UTC),
                "end_date": datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC),
            },
        ),
    ],
)
def test_a_selection_is_shown_under_the_names_of_the_api(
    selection: Selection, details: dict[str, Any]
) -> None:
    names = ("codes", "ids", "ids_count", "type", "start_date", "end_date")
    assert selection_details(selection, BUILT_IN) == dict.fromkeys(names) | details


@pytest.fixture
def platform(sqlite_url_in_memory: str) -> Iterator[Platform]:
    database = open_database(sqlite_url_in_memory)
    platform = Platform(database)
    platform.send(*(event(id=it, organization_id="late") for it in "abc"))
    yield platform
    database.close()


def executor(platform: Platform, run: QuarantineRun) -> QuarantineExecutor:
    cache = platform.directory_cache
    return QuarantineExecutor(
        platform.database, cache, platform.tenant, run.id, now, lambda _: None
    )


def stored(platform: Platform, run: QuarantineRun) -> QuarantineRun:
    with platform.database.reading() as snapshot:
        return runs.require_run(snapshot, actor(platform), run.id)


def test_a_run_that_is_halted_states_the_reason_and_can_be_resumed(platform: Platform) -> None:
    run = begin(platform)
    halted = executor(platform, run)
    halted.halt("the server was stopped")
    found = stored(platform, run)
    assert (found.status, found.reason) == (QuarantineRunStatus.STOPPED, "the server was stopped")
    assert list(executor(platform, run).steps()) == []
    halted.halt("again")
    assert stored(platform, run).reason == "the server was stopped"
    with platform.database.writing() as transaction:
        resumed = runs.resume(transaction, actor(platform), run.id)
    assert (resumed.status, resumed.reason) == (QuarantineRunStatus.RUNNING, None)
    *_, done = executor(platform, run).steps()
    assert (done.status, done.events) == (QuarantineRunStatus.DONE, 3)


def test_a_run_of_an_earlier_state_of_the_database_changes_nothing(platform: Platform) -> None:
    run = begin(platform)
    steps = executor(platform, run)
    working = steps.steps()
    next(working)
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE quarantine_runs SET created_at = created_at + 1")
    with pytest.raises(RunConflict, match="in an earlier state than before"):
        next(working)
    with platform.database.writing() as transaction:
        transaction.execute("DELETE FROM quarantine_runs")
    with pytest.raises(RunConflict):
        steps.halt("why")


def test_a_step_that_another_has_taken_is_not_taken_again(platform: Platform) -> None:
    platform.organization("late")
    run = begin(platform)
    first, second = executor(platform, run).steps(), executor(platform, run).steps()
    assert next(first).events == 3
    assert next(second).status is QuarantineRunStatus.DONE
    assert list(first) == []
    found = stored(platform, run)
    assert (found.events, found.released) == (3, 3)


def test_a_run_that_was_stopped_between_steps_ends_there(platform: Platform) -> None:
    run = begin(platform, QuarantineAction.DISCARD)
    working = executor(platform, run).steps()
    assert next(working).discarded == 3
    with platform.database.writing() as transaction:
        runs.stop(transaction, actor(platform), run.id)
        again = runs.stop(transaction, actor(platform), run.id)
    assert list(working) == []
    found = stored(platform, run)
    assert msgspec.structs.replace(found, moved_at=0) == msgspec.structs.replace(again, moved_at=0)
    with platform.database.reading() as snapshot:
        assert quarantine_runs.running(snapshot, platform.tenant, None) is None
