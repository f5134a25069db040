"""The ledger agrees with a model that recounts everything, whatever is sent."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, note

from tests.builders import event
from tests.properties.model import Json
from tests.properties.profile import examples
from tests.properties.scenarios import (
    CHANGE_BOOK,
    CREATE_LATE,
    HOME,
    LATE,
    LOAD_BOOK,
    MEMBERS,
    ORGANIZATIONS,
    REPLAY,
    Erase,
    Rerate,
    Scenario,
    Send,
    scenarios,
)
from tests.properties.world import World
from tollbook.analytics.event import replay_charge
from tollbook.store.database import Database
from tollbook.store.event_ids import texts
from tollbook.store.events import Stored

EVER = date(1960, 1, 1), date(2100, 12, 31)


def costs_of(answer: Json) -> Decimal:
    return sum((user["total_cost"] for user in answer["users"]), Decimal(0))


@examples(60)
@given(scenario=scenarios())
def test_receipts_answers_and_charges_are_those_of_the_model(
    database: Database, tmp_path: Path, scenario: Scenario
) -> None:
    world = World(database, scenario.zones, tmp_path)
    world.live(scenario.steps)
    every_answer_is_that_of_the_model(world, scenario)
    world.close_days()
    every_answer_is_that_of_the_model(world, scenario)
    for organization in world.model.organizations:
        for period in (*scenario.periods, EVER):
            note(f"{organization} {period}")
            listed = world.users(organization, *period)
            assert listed == world.model.users(organization, *period)
            users_and_organization_level_usage_add_up(world, organization, period, listed)
            bought = {
                it: sums for it, sums in world.purchases(organization, *period).items() if any(sums)
            }
            expected = world.model.purchases(organization, *period)
            assert bought == {it: sums for it, sums in expected.items() if any(sums)}
        assert world.total_of_months(organization, *EVER) == world.total(organization, *EVER)
        one_user_alone_has_the_figures_of_the_list(world, organization, scenario.periods[0])
        every_charge_replays_to_what_is_stored(world, organization)
    assert world.differences() == []


def every_answer_is_that_of_the_model(world: World, scenario: Scenario) -> None:
    """Compare answers read from columns of closed days, where these are valid, and from sums."""
    for organization in world.model.organizations:
        for period in scenario.periods:
            note(f"{organization} {period}")
            answer = world.users(organization, *period)
            assert answer == world.model.users(organization, *period)


def users_and_organization_level_usage_add_up(
    world: World, organization: str, period: tuple[date, date], listed: Json
) -> None:
    of_nobody = world.model.organization_level(organization, *period)
    total = world.model.total(organization, *period)
    assert world.total(organization, *period) == costs_of(listed) + of_nobody == total


def one_user_alone_has_the_figures_of_the_list(
    world: World, organization: str, period: tuple[date, date]
) -> None:
    listed = world.users(organization, *period)
    for user in listed["users"]:
        alone = world.users(organization, *period, user["user_id"])
        assert alone == {**listed, "users": [user]}
        assert alone == world.model.users(organization, *period, user["user_id"])


def every_charge_replays_to_what_is_stored(world: World, organization: str) -> None:
    sql = f"SELECT {texts(Stored._fields)} FROM events WHERE organization_id = :number"
    with world.platform.database.reading() as snapshot:
        for row in snapshot.rows(sql, number=world.platform.number(organization)):
            replayed = replay_charge(snapshot, world.platform.tenant, Stored(*row))
            assert replayed.replay_mismatch is None
            assert replayed.explanation.cost == replayed.event.cost
            assert sum(line.cost for line in replayed.explanation.lines) == replayed.event.cost


@examples(20)
@given(scenario=scenarios())
def test_a_replay_makes_up_for_an_organization_that_came_late(
    database: Database, scenario: Scenario
) -> None:
    sends = [Send(step.requests) for step in scenario.steps if isinstance(step, Send)]
    late = World(database, scenario.zones)
    late.live([*sends, CREATE_LATE, REPLAY])
    early = World(database, scenario.zones)
    early.live([CREATE_LATE, *sends])
    for period in (*scenario.periods, EVER):
        assert late.users(LATE, *period) == early.users(LATE, *period)
        assert late.total(LATE, *period) == early.total(LATE, *period)
    assert late.differences() == []


@examples(20)
@given(scenario=scenarios())
def test_how_events_are_cut_into_requests_changes_no_charge(
    database: Database, scenario: Scenario
) -> None:
    sends = [step for step in scenario.steps if isinstance(step, Send)]
    together = World(database, scenario.zones)
    together.live([LOAD_BOOK, CREATE_LATE, *(Send(step.requests) for step in sends)])
    alone = World(database, scenario.zones)
    texts = [text for step in sends for request in step.requests for text in request]
    alone.live([LOAD_BOOK, CREATE_LATE, *(Send([[text]]) for text in texts)])
    for organization in ORGANIZATIONS:
        assert charges(together, organization) == charges(alone, organization)


def charges(world: World, organization: str) -> list[Any]:
    return list(
        world.platform.rows(
            "SELECT id_text(id), cost, billed, position FROM events "
            "WHERE organization_id = :number ORDER BY id",
            number=world.platform.number(organization),
        )
    )


def test_events_prepared_before_their_organization_was_created_enter_its_ledger(
    database: Database,
) -> None:
    world = World(database, dict.fromkeys(ORGANIZATIONS, "Asia/Kolkata"))
    sent = msgspec.json.encode(event(organization_id=LATE, time="2024-03-31T23:30:00Z"))
    world.live([Send([[sent]], meanwhile=CREATE_LATE)])
    (user,) = world.users(LATE, date(2024, 4, 1), date(2024, 4, 1))["users"]
    assert user["total_voice_seconds"] == 61


def test_an_erased_event_keeps_its_charge_when_its_new_price_needs_what_was_erased(
    database: Database,
) -> None:
    world = World(database, dict.fromkeys(ORGANIZATIONS, "UTC"))
    sms = event(type="sms.outbound", organization_id=HOME, time="2024-06-01T00:00:00Z", quantity=3)
    by_carrier = {**sms, "user_id": MEMBERS[0], "attributes": {"carrier": "A"}}
    plain = {**sms, "id": "plain", "user_id": MEMBERS[0]}
    sent = [msgspec.json.encode(it) for it in (by_carrier, plain)]
    world.live(
        [LOAD_BOOK, Send([sent]), Erase(HOME, MEMBERS[0]), CHANGE_BOOK, Rerate(HOME, reverts=False)]
    )
    assert world.platform.rows("SELECT id_text(id), cost FROM events ORDER BY id") == [
        ("call-1", 150_000_000),
        ("plain", 60_000_000),
    ]
    assert world.users(HOME, *EVER) == world.model.users(HOME, *EVER)


def test_an_attribute_in_other_words_has_the_same_price(database: Database) -> None:
    world = World(database, dict.fromkeys(ORGANIZATIONS, "UTC"))
    world.change(LOAD_BOOK)
    sms = event(type="sms.inbound", organization_id=HOME, time="2024-06-01T00:00:00Z", quantity=1)
    for words in ("7", "7.0", "7e0"):
        attributes = {"carrier": msgspec.Raw(words.encode())}
        world.platform.send({**sms, "id": words, "attributes": attributes})
    assert world.platform.rows("SELECT DISTINCT cost FROM events") == [(7_000,)]
