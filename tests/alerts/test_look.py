"""Every rule of triggers: what fires, once, what is cleared, and what never fires."""

import pytest

from tests.alerts.watching import Watching
from tests.builders import correction, event, reversal
from tests.rerating.builders import Past
from tollbook.administration.tenants import change_tenant
from tollbook.domain.triggers import ThresholdKind, TriggerPeriod, TriggerStatus, WatchedFigure
from tollbook.store import triggers
from tollbook.store.database import Database

YESTERDAY = "2024-01-14T12:00:00Z"


@pytest.fixture
def watching(database: Database) -> Watching:
    return Watching(database)


def test_without_triggers_nothing_is_notified(watching: Watching) -> None:
    watching.send(event(cost="50"))
    assert watching.look() == []


def test_a_value_that_is_reached_fires_once(watching: Watching) -> None:
    watching.trigger(50)
    watching.send(event(id="1", cost="49.999999999"))
    assert watching.look() == []
    watching.send(event(id="2", cost="0.000000001"))
    assert watching.look() == ["trigger.reached 50"]
    watching.send(event(id="3", cost="1"))
    assert watching.look() == []
    watching.restart()
    assert watching.look() == []


def test_each_threshold_fires_by_itself_the_lowest_first(watching: Watching) -> None:
    watching.trigger(100, 20, 50)
    watching.send(event(cost="60"))
    watching.look()
    values = [it["data"]["threshold"]["value"] for it in watching.notices()]
    assert values == [20, 50]
    watching.send(event(id="2", cost="60"))
    watching.look()
    assert watching.notices()[-1]["data"]["threshold"] == {"kind": "value", "value": 100}
    assert len({it["id"] for it in watching.notices()}) == 3


def test_a_notification_has_the_figure_and_its_period(watching: Watching) -> None:
    trigger = watching.trigger(50, category="voice")
    watching.send(event(cost="51.27"))
    watching.look()
    (found,) = watching.notices()
    as_of = found["data"].pop("as_of")
    assert as_of.endswith("Z")
    assert (found["to_tenant"], found["to_organization"]) == (1, 0)
    assert found["data"] == {
        "trigger_id": trigger.id,
        "name": "A trigger",
        "organization_id": "org_1",
        "user_id": None,
        "figure": "cost",
        "category": "voice_cost",
        "meter": None,
        "currency": "USD",
        "period": {
            "kind": "day",
            "name": "2024-01-15",
            "from": "2024-01-15T00:00:00+00:00",
            "to": "2024-01-16T00:00:00+00:00",
            "ended": False,
        },
        "threshold": {"kind": "value", "value": 50},
        "value": 51.27,
    }


def test_a_reversal_clears_once_and_the_trigger_does_not_fire_again(watching: Watching) -> None:
    watching.trigger(50)
    watching.send(event(id="1", cost="30"), event(id="2", cost="30"))
    assert watching.look() == ["trigger.reached 60"]
    watching.reverse(reversal("1"))
    assert watching.look() == ["trigger.cleared 30"]
    watching.send(event(id="3", cost="40"))
    assert watching.look() == []
    watching.reverse(reversal("3"))
    watching.restart()
    assert watching.look() == []


def test_a_correction_clears_too(watching: Watching) -> None:
    watching.trigger(50)
    watching.send(event(cost="60"))
    watching.look()
    assert watching.corrected(correction(cost="10")) == [("accepted", None)]
    assert watching.look() == ["trigger.cleared 10"]


@pytest.mark.parametrize(
    ("period", "times", "value"),
    [
        ("hour", ["2024-01-15T12:10:00Z", "2024-01-15T11:59:59Z"], 7),
        ("day", ["2024-01-15T00:00:00Z", "2024-01-14T23:59:59Z"], 7),
        ("week", ["2024-01-15T00:00:00Z", "2024-01-14T23:59:59Z"], 7),
        ("month", ["2024-01-01T00:00:00Z", "2023-12-31T23:59:59Z"], 7),
        ("all", ["2024-01-15T00:00:00Z", "2019-12-31T23:59:59Z"], 14),
    ],
)
@pytest.mark.parametrize("user", ["", "user_1"])
@pytest.mark.parametrize("organization", ["org_1", ""])
def test_a_figure_is_that_of_its_period(
    watching: Watching, period: str, times: list[str], value: int, user: str, organization: str
) -> None:
    if user and not organization:
        return
    watching.send(*(event(id=it, time=it, cost="7", quantity=60) for it in times))
    watching.send(event(id="other", user_id="user_2", cost="0", time=times[0]))
    watching.trigger(5, period=TriggerPeriod(period), user_id=user, organization=organization)
    assert watching.look(with_ended=False)[-1] == f"trigger.reached {value}"


@pytest.mark.parametrize(
    ("figure", "meter", "threshold", "shown"),
    [
        (WatchedFigure.COUNT, "voice.call", "2", "2"),
        (WatchedFigure.QUANTITY, "voice.call", "100000000", "121.5"),
        (WatchedFigure.COST, "sms.outbound", "1", "4"),
        (WatchedFigure.COST, "", "1", "6"),
    ],
)
def test_a_trigger_watches_events_quantities_or_costs(
    watching: Watching, figure: WatchedFigure, meter: str, threshold: str, shown: str
) -> None:
    watching.send(
        event(id="1", cost="1", quantity=60.5),
        event(id="2", cost="1"),
        event(id="3", type="sms.outbound", quantity=3, cost="4"),
    )
    watching.trigger(threshold, figure=figure, meter=meter)
    assert watching.look() == [f"trigger.reached {shown}"]
    ((of_meter,),) = watching.rows(
        "SELECT meter FROM notifications WHERE tenant_id = :tenant", tenant=watching.tenant
    )
    assert of_meter == (meter or None)


def test_a_late_event_fires_in_a_period_that_ended(watching: Watching) -> None:
    watching.trigger(50)
    watching.look()
    watching.send(event(time=YESTERDAY, cost="60"))
    assert watching.look(with_ended=False) == []
    assert watching.look() == ["trigger.reached 60"]
    assert watching.notices()[0]["data"]["period"]["ended"] is True


def test_what_ended_before_the_trigger_or_too_long_ago_does_not_fire(watching: Watching) -> None:
    watching.trigger(50, since=watching.now)
    watching.trigger(50, period=TriggerPeriod.HOUR)
    watching.send(
        event(id="1", time=YESTERDAY, cost="60"),
        event(id="2", time="2024-01-08T11:59:59Z", cost="60"),
        event(id="3", time="2023-12-10T12:00:00Z", cost="60"),
    )
    assert watching.look() == ["trigger.reached 60"]
    assert watching.notices()[0]["data"]["period"]["kind"] == "hour"


def test_usage_from_before_the_trigger_counts_in_the_running_period(watching: Watching) -> None:
    watching.send(event(cost="60"))
    watching.trigger(50, since=watching.now)
    assert watching.look() == ["trigger.reached 60"]


def test_the_next_period_fires_again(watching: Watching) -> None:
    watching.trigger(50)
    watching.send(event(cost="60"), event(id="2", time="2024-01-16T08:00:00Z", cost="70"))
    assert watching.look() == ["trigger.reached 60"]
    watching.at("2024-01-16T00:00:01+00:00")
    assert watching.look(with_ended=False) == ["trigger.reached 70"]


def test_a_paused_trigger_fires_nothing_and_then_looks_at_the_running_period(
    watching: Watching,
) -> None:
    paused = watching.trigger(50, status=TriggerStatus.PAUSED)
    watching.send(event(cost="60"), event(id="2", time=YESTERDAY, cost="70"))
    assert watching.look() == []
    watching.trigger(50, id=paused.id, watched_from=watching.now)
    assert watching.look() == ["trigger.reached 60"]


def test_a_removed_trigger_fires_nothing(watching: Watching) -> None:
    trigger = watching.trigger(50)
    with watching.database.writing() as transaction:
        triggers.remove_triggers(transaction, watching.tenant, [trigger.id])
    watching.send(event(cost="60"))
    assert watching.look() == []


def test_a_budget_notifies_both_owners_with_the_forecast(watching: Watching) -> None:
    watching.send(event(cost="90"))
    watching.budget(monthly=100)
    assert watching.look() == ["budget.reached 90", "budget.reached 90"]
    first, second = watching.notices()
    assert (first["to_tenant"], first["to_organization"]) == (1, 1)
    thresholds = [it["data"]["threshold"] for it in (first, second)]
    assert thresholds == [
        {"kind": "budget", "fraction": 0.5, "budget": 100, "value": 50},
        {"kind": "budget", "fraction": 0.8, "budget": 100, "value": 80},
    ]
    assert first["data"]["forecast"] == 90


def test_a_raised_budget_has_new_thresholds_and_clears_nothing(watching: Watching) -> None:
    watching.budget(daily=100, alert_at=(1.0,))
    watching.send(event(cost="100"))
    assert watching.look() == ["budget.reached 100"]
    watching.budget(daily=200, alert_at=(1.0,))
    assert watching.look() == []
    watching.send(event(id="2", cost="100"))
    assert watching.look() == ["budget.reached 200"]
    watching.budget(daily=100, alert_at=(1.0,))
    assert watching.look() == []


def test_a_raised_budget_does_not_fire_in_periods_that_ended(watching: Watching) -> None:
    watching.budget(daily=100, alert_at=(1.0,))
    watching.at("2024-01-20T12:00:00+00:00")
    watching.budget(daily=50, alert_at=(1.0,))
    watching.send(event(cost="60"))
    assert watching.look() == []


def test_a_trigger_without_its_budget_is_idle(watching: Watching) -> None:
    watching.send(event(cost="60"))
    watching.trigger("0.5", kind=ThresholdKind.BUDGET)
    assert watching.look() == []
    watching.budget(daily=100, alert_at=())
    assert watching.look() == ["trigger.reached 60"]


def test_a_rerating_is_waited_for_in_ended_periods_only(watching: Watching) -> None:
    watching.trigger(3)
    watching.look()
    watching.send(event(id="1", cost="60"), event(id="2", time=YESTERDAY, cost="60"))
    past = Past(watching)
    run = past.begin()
    assert watching.look() == ["trigger.reached 60"]
    assert watching.notices()[0]["data"]["period"]["name"] == "2024-01-15"
    past.steps(run.id)
    assert watching.look() == ["trigger.reached 60"]


def test_ended_periods_of_the_tenant_wait_for_a_rerating_too(watching: Watching) -> None:
    watching.trigger(3, organization="")
    watching.look()
    watching.send(event(id="1", cost="60"), event(id="2", time=YESTERDAY, cost="60"))
    past = Past(watching)
    run = past.begin()
    assert watching.look() == ["trigger.reached 60"]
    assert watching.notices()[0]["data"]["period"]["name"] == "2024-01-15"
    assert watching.look(with_ended=False) == []
    assert watching.look() == []
    past.steps(run.id)
    assert watching.look() == ["trigger.reached 60"]
    assert watching.notices()[-1]["data"]["period"]["name"] == "2024-01-14"


def test_two_organizations_add_up_in_instants_of_the_tenants_zone(watching: Watching) -> None:
    watching.organization("tokyo", timezone="Asia/Tokyo")
    watching.organization("euro", currency="EUR")
    watching.trigger(100, organization="")
    # In Tokyo it is 16 January, in the tenant's zone still the 15th.
    watching.send(
        event(id="1", cost="40"),
        event(id="2", organization_id="tokyo", time="2024-01-15T16:00:00Z", cost="59"),
        event(id="3", organization_id="tokyo", time="2024-01-14T23:00:00Z", cost="50"),
        event(id="4", organization_id="euro", cost="50"),
    )
    assert watching.look() == []
    watching.send(event(id="5", organization_id="tokyo", cost="1"))
    assert watching.look() == ["trigger.reached 100"]
    assert watching.notices()[0]["data"]["organization_id"] is None
    watching.reverse(reversal("2", organization_id="tokyo"))
    assert watching.look() == ["trigger.cleared 41"]


def test_after_a_change_of_the_tenants_zone_no_instant_counts_twice(watching: Watching) -> None:
    watching.trigger(50, organization="")
    watching.send(event(cost="60"))
    assert watching.look() == ["trigger.reached 60"]
    with watching.database.writing() as transaction:
        actor = watching.actor()._replace(at=watching.now)
        change_tenant(transaction, actor, None, None, "Asia/Tokyo")
    watching.at("2024-01-15T23:59:59+00:00")
    assert watching.look() == []
    watching.at("2024-01-16T00:00:00+00:00")
    watching.send(event(id="2", time="2024-01-16T00:30:00Z", cost="55"))
    assert watching.look() == ["trigger.reached 55"]
    assert watching.notices()[-1]["data"]["period"]["from"] == "2024-01-16T09:00:00+09:00"


def test_the_hour_that_comes_twice_is_two_periods(database: Database) -> None:
    watching = Watching(database, timezone="Europe/Berlin")
    watching.trigger(5, period=TriggerPeriod.HOUR)
    watching.at("2024-10-27T01:50:00+00:00")
    watching.send(
        event(id="1", time="2024-10-27T00:30:00Z", cost="6"),
        event(id="2", time="2024-10-27T01:30:00Z", cost="7"),
    )
    assert sorted(watching.look()) == ["trigger.reached 6", "trigger.reached 7"]


def test_a_sum_past_64_bits_fires(watching: Watching) -> None:
    watching.trigger(9_000_000_000)
    for number in range(101):
        watching.send(event(id=str(number), cost="100000000"))
    assert watching.look() == ["trigger.reached 1.01e+10"]


def test_what_was_fired_is_kept_until_thirty_days_after_its_period_is_watched(
    watching: Watching,
) -> None:
    for period in TriggerPeriod:
        watching.trigger(5, period=period)
    watching.send(event(cost="6"))
    assert len(watching.look()) == 5

    def kept(instant: str) -> int:
        watching.at(instant)
        watching.look()
        (row,) = watching.rows("SELECT COUNT(*) FROM trigger_states")
        return int(row[0])

    assert kept("2024-02-20T12:00:00+00:00") == 5
    assert kept("2024-02-22T12:00:00+00:00") == 4
    assert kept("2024-03-22T12:00:00+00:00") == 3
    assert kept("2024-05-02T12:00:00+00:00") == 2
    assert kept("2024-09-20T12:00:00+00:00") == 1
    watching.restart()
    assert watching.look() == []


def test_another_tenant_sees_nothing_of_it(watching: Watching) -> None:
    other = Watching(watching.database, "other")
    watching.trigger(50, organization="")
    other.send(event(cost="60"))
    assert watching.look() == []
    assert other.notices() == []


def test_who_lost_the_lease_writes_nothing(watching: Watching) -> None:
    watching.trigger(50)
    watching.send(event(cost="60"))
    stopped = watching.work, watching._look
    assert watching.work.lease.hold()
    watching.now += 20_000_000
    watching.restart()
    assert watching.look() == ["trigger.reached 60"]
    watching.work, watching._look = stopped
    watching.send(event(id="2", cost="60"))
    watching.trigger(100)
    with pytest.raises(Exception, match="another process has taken over"):
        watching._look(watching.work)
    assert len(watching.notices()) == 1
