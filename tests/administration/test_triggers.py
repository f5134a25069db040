"""Triggers have limits, and thresholds remember since when they are watched."""

from typing import Any

import msgspec
import pytest

from tests.alerts.builders import make_endpoint
from tests.builders import Platform
from tollbook.administration import triggers as administration
from tollbook.administration.trigger_terms import NewTrigger
from tollbook.administration.triggers import TriggerChange, add_trigger, change_trigger
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.keys import KeyScope
from tollbook.domain.trigger_errors import TooManyTriggers
from tollbook.domain.triggers import Threshold, Trigger, TriggerOwner, TriggerPeriod, TriggerStatus
from tollbook.domain.triggers import WatchedFigure as Figure
from tollbook.store import endpoints
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def add(platform: Platform, now: int = 1, **given: Any) -> Trigger:
    usual: dict[str, Any] = {"name": "x", "figure": Figure.COST, "period": TriggerPeriod.DAY}
    new = NewTrigger(**{**usual, "at": (1,), **given})
    with platform.database.writing() as transaction:
        actor = Actor(platform.tenant, COMMAND_LINE, now)
        return add_trigger(transaction, actor, KeyScope(platform.tenant), new)


def change(platform: Platform, trigger: Trigger, now: int, **given: Any) -> Trigger:
    with platform.database.writing() as transaction:
        actor = Actor(platform.tenant, COMMAND_LINE, now)
        return change_trigger(transaction, actor, trigger, TriggerChange(**given))


def test_a_tenant_and_an_organization_have_limits(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("TRIGGERS", 4), ("HOURLY", 1), ("THRESHOLDS", 6), ("OF_ORGANIZATION", 1)):
        monkeypatch.setattr(administration, f"MOST_{name}", most)
    hourly = add(platform, period=TriggerPeriod.HOUR)
    with pytest.raises(TooManyTriggers, match="at most 1 hourly triggers"):
        add(platform, period=TriggerPeriod.HOUR)
    of_organization = {"organization_id": "org_1", "owner": TriggerOwner.ORGANIZATION}
    add(platform, **of_organization)
    with pytest.raises(TooManyTriggers, match="an organization may own at most 1"):
        add(platform, **of_organization)
    add(platform, now=2)
    with pytest.raises(TooManyTriggers, match="at most 6 thresholds"):
        change(platform, hourly, 3, at=tuple(range(1, 6)))
    add(platform)
    with pytest.raises(TooManyTriggers, match="at most 4 triggers"):
        add(platform)


def test_a_new_threshold_is_watched_from_the_change_on(platform: Platform) -> None:
    trigger = add(platform, now=5)
    changed = change(platform, trigger, 7, at=(1, 2))
    assert changed.thresholds == (Threshold("1000000000", 5), Threshold("2000000000", 7))
    assert changed.watched_from == 5


def test_a_resumed_trigger_watches_from_then_on(platform: Platform) -> None:
    trigger = add(platform, now=5)
    paused = change(platform, trigger, 6, status=TriggerStatus.PAUSED)
    assert paused.watched_from == 5
    resumed = change(platform, paused, 8, status=TriggerStatus.ACTIVE)
    assert (resumed.watched_from, resumed.created_at) == (8, 5)
    expected = msgspec.structs.replace(trigger, changed_at=8, watched_from=8)
    assert resumed == expected


def test_the_endpoints_of_a_trigger_are_those_of_its_owner(platform: Platform) -> None:
    platform.organization("org_2")
    of_tenant = make_endpoint(platform.database, "https://example.com/t").id
    own, other = (
        make_endpoint(
            platform.database, f"https://example.com/{it}", organization=platform.number(it)
        ).id
        for it in ("org_1", "org_2")
    )
    owned = {"organization_id": "org_1", "owner": TriggerOwner.ORGANIZATION}
    trigger = add(platform, organization_id="org_1", endpoint_ids=(of_tenant,))
    assert trigger.endpoint_ids == (of_tenant,)
    assert add(platform, **owned, endpoint_ids=(own,)).endpoint_ids == (own,)
    with pytest.raises(InvalidRequest) as refused:
        add(platform, **owned, endpoint_ids=(own, other, of_tenant))
    assert [(it.field, it.code) for it in refused.value.details] == [
        ("endpoint_ids", "invalid_endpoints")
    ] * 2
    with pytest.raises(InvalidRequest, match=f"{own} is not one"):
        change(platform, trigger, 2, endpoint_ids=(own,))
    with pytest.raises(InvalidRequest, match="end_unknown is not one"):
        add(platform, endpoint_ids=("end_unknown",))


def test_a_removed_endpoint_does_not_prevent_other_changes(platform: Platform) -> None:
    endpoint = make_endpoint(platform.database, "https://example.com/t").id
    trigger = add(platform, endpoint_ids=(endpoint,))
    with platform.database.writing() as transaction:
        endpoints.remove_endpoint(transaction, platform.tenant, endpoint)
    assert change(platform, trigger, 2, name="y").endpoint_ids == (endpoint,)
