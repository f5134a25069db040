"""Runs over the quarantine: begun once, stopped, resumed, and each event treated once."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import Platform, event
from tollbook.domain.errors import NotFound, RunConflict
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.quarantine import (
    EVERYTHING,
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    Selection,
)
from tollbook.quarantine import run_steps, runs
from tollbook.quarantine.discard import discard_event
from tollbook.quarantine.run_steps import QuarantineExecutor
from tollbook.store import directory, quarantine
from tollbook.store.audit import Act, Actor, acts
from tollbook.store.database import Database
from tollbook.store.rerating_runs import lock_runs
from tollbook.wiring import now

REPLAY, DISCARD = QuarantineAction.REPLAY, QuarantineAction.DISCARD
DONE = QuarantineRunStatus.DONE


@pytest.fixture
def platform(database: Database) -> Platform:
    """Three events of an organization that is not created yet, and two without a price."""
    platform = Platform(database)
    platform.organization("euro", currency="EUR")
    platform.send(
        *(event(id=it, organization_id="late") for it in "abc"),
        *(event(id=it, organization_id="euro") for it in "de"),
    )
    return platform


def actor(platform: Platform) -> Actor:
    return Actor(platform.tenant, "cli", now())


def begin(
    platform: Platform, action: QuarantineAction = REPLAY, selection: Selection = EVERYTHING
) -> QuarantineRun:
    row = None
    if selection.organization is not None:
        with platform.database.reading() as snapshot:
            row = directory.organization_numbered(snapshot, platform.tenant, selection.organization)
    return runs.begin(platform.database, actor(platform), action, selection, row)


def steps(platform: Platform, run: QuarantineRun) -> Iterator[QuarantineRun]:
    executor = QuarantineExecutor(
        platform.database, platform.directory_cache, platform.tenant, run.id, now, lambda _: None
    )
    return executor.steps()


def act(platform: Platform, what: Any, number: int) -> QuarantineRun:
    with platform.database.writing() as transaction:
        run: QuarantineRun = what(transaction, actor(platform), number)
        return run


def stored(platform: Platform, number: int) -> QuarantineRun:
    with platform.database.reading() as snapshot:
        return runs.require_run(snapshot, actor(platform), number)


def logged(platform: Platform) -> list[Act]:
    with platform.database.reading() as snapshot:
        found = acts(snapshot, platform.tenant)[::-1]
    return [it for it in found if it.action.startswith("quarantine.")]


def waiting(platform: Platform) -> list[str]:
    with platform.database.reading() as snapshot:
        found = quarantine.waiting(snapshot, platform.tenant, EVERYTHING, (0, ""), 100)
    return sorted(it.id for it in found)


def test_a_replay_over_nothing_is_done(database: Database) -> None:
    run = Platform(database).run_over_quarantine(REPLAY)
    assert (run.status, run.expected, run.events, run.remaining) == (DONE, 0, 0, 0)


def test_a_replay_counts_what_left_and_what_remains(platform: Platform) -> None:
    platform.organization("late")
    run = begin(platform)
    assert (run.expected, run.events) == (5, 0)
    *_, last = steps(platform, run)
    assert last == stored(platform, run.id)
    assert (last.status, last.events, last.released, last.remaining) == (DONE, 5, 3, 2)
    assert last.finished_at is not None
    assert platform.differences() == []


def test_a_run_that_is_left_goes_on_where_it_was(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_steps, "_AT_ONCE", 2)
    platform.organization("late")
    run = begin(platform)
    first = next(steps(platform, run))
    assert (first.events, first.released) == (2, 0)
    second = next(steps(platform, run))
    assert (second.events, second.released) == (4, 2)
    assert act(platform, runs.resume, run.id).status is QuarantineRunStatus.RUNNING
    *_, last = steps(platform, run)
    assert (last.events, last.released, last.status) == (5, 3, DONE)
    assert platform.differences() == []


def test_two_workers_on_one_run_treat_each_event_once(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_steps, "_AT_ONCE", 1)
    platform.organization("late")
    run = begin(platform)
    one, other = steps(platform, run), steps(platform, run)
    while next(one, None) and next(other, None):
        pass
    last = stored(platform, run.id)
    assert (last.status, last.events, last.released) == (DONE, 5, 3)
    assert platform.differences() == []


def test_a_stopped_run_does_nothing_until_it_is_resumed(platform: Platform) -> None:
    run = begin(platform, DISCARD)
    assert act(platform, runs.stop, run.id).status is QuarantineRunStatus.STOPPED
    assert act(platform, runs.stop, run.id).status is QuarantineRunStatus.STOPPED
    assert list(steps(platform, run)) == []
    assert len(waiting(platform)) == 5
    act(platform, runs.resume, run.id)
    *_, last = steps(platform, run)
    assert (last.status, last.discarded) == (DONE, 5)
    for what in (runs.stop, runs.resume):
        with pytest.raises(RunConflict, match="is done"):
            act(platform, what, run.id)
    with pytest.raises(NotFound, match="no quarantine run 9"):
        act(platform, runs.stop, 9)


def test_runs_that_may_select_the_same_events_exclude_each_other(platform: Platform) -> None:
    late = Selection(organization=platform.number("late"))
    euro = Selection(organization=platform.number("euro"))
    first = begin(platform, REPLAY, late)
    for action, selection in ((REPLAY, late), (DISCARD, late), (REPLAY, EVERYTHING)):
        with pytest.raises(RunConflict, match=r"quarantine run 1 \(replay, late\) is running"):
            begin(platform, action, selection)
    other = begin(platform, REPLAY, euro)
    act(platform, runs.stop, first.id)
    with pytest.raises(RunConflict, match="quarantine run 2"):
        begin(platform)
    act(platform, runs.stop, other.id)
    third = begin(platform)
    with pytest.raises(RunConflict, match="quarantine run 3"):
        act(platform, runs.resume, first.id)
    stranger = Platform(platform.database, "stranger")
    assert begin(stranger).id == 1
    assert third.id == 3


def test_a_refused_run_waits_for_no_writer(platform: Platform) -> None:
    begin(platform)
    with platform.database.writing() as transaction:
        lock_runs(transaction, platform.tenant)
        with pytest.raises(RunConflict, match="quarantine run 1"):
            begin(platform)


def test_every_act_is_in_the_audit_log(platform: Platform) -> None:
    meter, ids = BY_TYPE["voice.call"].code, tuple(map(str, range(runs.MOST_SHOWN)))
    selection = Selection(
        organization=platform.number("euro"),
        codes=("currency_mismatch",),
        ids=("d", "e", *ids),
        meter=meter,
    )
    run = begin(platform, DISCARD, selection)
    act(platform, runs.stop, run.id)
    act(platform, runs.resume, run.id)
    list(steps(platform, run))
    found = logged(platform)
    assert [it.action.partition(".")[2] for it in found] == ["discard", "stop", "resume", "done"]
    assert {(it.object, it.organization_id) for it in found} == {("quarantine run 1", "euro")}
    details = {
        "action": "discard",
        "organization_id": "euro",
        "codes": ["currency_mismatch"],
        "ids": ["d", "e", *ids[:-2]],
        "ids_count": runs.MOST_SHOWN + 2,
        "type": "voice.call",
        "start_date": None,
        "end_date": None,
    }
    assert found[0].details == details
    assert found[-1].details == {**details, "released": 0, "discarded": 2, "remaining": 0}


def test_a_discarded_event_keeps_its_id(platform: Platform) -> None:
    before = platform.rows("SELECT * FROM quarantine_counts WHERE events > 0")
    assert len(before) == 2
    run = platform.run_over_quarantine(DISCARD, Selection(codes=("currency_mismatch",)))
    assert (run.status, run.discarded, run.remaining) == (DONE, 2, 0)
    assert waiting(platform) == ["a", "b", "c"]
    one = event(id="d", organization_id="euro")
    assert platform.statuses(one, {**one, "quantity": 5}) == ["duplicate", "conflict"]
    platform.load(
        "name: E\ncurrency: EUR\neffective_from: 2024-01-01\nsource: x\n"
        "rates: [{meter: voice.call, price: 1, per: call}]\n"
    )
    assert platform.replay() == 0
    assert platform.differences() == []


def test_an_event_in_quarantine_that_is_sent_again_beside_others_is_counted_once(
    platform: Platform,
) -> None:
    platform.organization("other")
    platform.send(event(id="again", organization_id="late"))
    again, other = event(id="again", organization_id="late"), event(organization_id="other")
    assert platform.statuses(again, other) == ["quarantined", "accepted"]
    assert platform.differences() == []


def test_an_organization_that_was_never_created_is_forgotten_with_its_events(
    platform: Platform,
) -> None:
    platform.send(event(id="x", organization_id="last"))  # the highest number stays
    numbers = dict(platform.rows("SELECT id, organization_id FROM organizations"))
    platform.run_over_quarantine(DISCARD)
    assert waiting(platform) == []
    left = dict(platform.rows("SELECT id, organization_id FROM organizations"))
    assert left == {it: numbers[it] for it in ("euro", "last")}
    identities = platform.rows(
        "SELECT organization_id, id_text(id), day FROM event_keys ORDER BY id"
    )
    assert identities == [(numbers["euro"], "d", -1), (numbers["euro"], "e", -1)]
    for table in ("ledger_versions", "quarantine_counts"):
        rows = platform.rows(f"SELECT DISTINCT organization_id FROM {table}")
        assert (numbers["late"],) not in rows
    assert platform.statuses(event(id="a", organization_id="late")) == ["quarantined"]
    assert platform.number("late") > numbers["last"]
    assert platform.differences() == []


def test_an_organization_that_the_log_names_keeps_its_number(platform: Platform) -> None:
    number = platform.number("late")
    with platform.database.writing() as transaction:
        transaction.execute(
            "INSERT INTO audit_log (tenant_id, at, id, key_prefix, action, object, details, "
            "organization_id) VALUES (:tenant, 1, 'x', 'cli', 'a', 'o', '{}', :number)",
            tenant=platform.tenant,
            number=number,
        )
    platform.organization("last")
    platform.run_over_quarantine(DISCARD)
    assert platform.number("late") == number


def test_an_event_for_an_organization_that_is_forgotten_meanwhile_is_sent_again(
    platform: Platform,
) -> None:
    platform.organization("last")
    submission = platform.prepare(event(id="z", organization_id="late"))
    platform.run_over_quarantine(DISCARD)
    (refusal,) = platform.settle(submission)
    assert (refusal.status, refusal.code) == (503, "store_unavailable")
    assert platform.statuses(event(id="z", organization_id="late")) == ["quarantined"]
    assert platform.differences() == []


def test_one_event_is_discarded_and_logged(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        euro, late = (
            directory.find_organization(snapshot, platform.tenant, it) for it in ("euro", "late")
        )
    assert euro is not None
    assert late is not None

    def discard(row: directory.OrganizationRow, identity: str) -> None:
        with platform.database.writing() as transaction:
            discard_event(transaction, actor(platform), row, identity)

    discard(euro, "d")
    with pytest.raises(NotFound, match="no such event"):
        discard(euro, "d")
    with pytest.raises(NotFound, match="no such event"):
        discard(late, "d")
    discard(late, "a")
    assert waiting(platform) == ["b", "c", "e"]
    assert [(it.object, it.organization_id, it.details["code"]) for it in logged(platform)] == [
        ("event d", "euro", "currency_mismatch"),
        ("event a", None, "unknown_organization"),
    ]
    assert platform.differences() == []


def test_a_replay_and_a_discard_change_the_state_of_the_ledgers(platform: Platform) -> None:
    def tokens() -> set[Any]:
        return set(platform.rows("SELECT organization_id, token FROM ledger_versions"))

    before = tokens()
    platform.run_over_quarantine(DISCARD, Selection(codes=("currency_mismatch",)))
    assert len(before - tokens()) == 1
