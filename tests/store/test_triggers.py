"""Triggers as they are stored, the tokens that change with them, and those of budgets."""

from typing import Any

import msgspec
import pytest

from tests.store.directories import AT, organization
from tollbook.domain.budgets import Budget, BudgetPeriod
from tollbook.domain.triggers import (
    WHOLE_TENANT,
    Threshold,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    TriggerSource,
    TriggerStatus,
    WatchedFigure,
)
from tollbook.store import budget_triggers, directory, triggers
from tollbook.store.database import Transaction


def trigger(identity: str = "trg_1", **given: Any) -> Trigger:
    usual: dict[str, Any] = {
        "id": identity,
        "organization": WHOLE_TENANT,
        "name": "Costs",
        "figure": WatchedFigure.COST,
        "period": TriggerPeriod.DAY,
        "kind": ThresholdKind.VALUE,
        "thresholds": (Threshold("100", AT),),
        "owner": TriggerOwner.TENANT,
        "created_at": AT,
        "changed_at": AT,
        "watched_from": AT,
    }
    return Trigger(**{**usual, **given})


FULL = {
    "organization": 7,
    "user_id": "ann",
    "source": TriggerSource.BUDGET,
    "name": "Größe 💬",
    "figure": WatchedFigure.QUANTITY,
    "category": "voice",
    "meter": "voice.call",
    "currency": "EUR",
    "period": TriggerPeriod.ALL,
    "kind": ThresholdKind.DEVIATION,
    "thresholds": (Threshold("medium above", 1), Threshold("medium below", 2)),
    "owner": TriggerOwner.BOTH,
    "endpoint_ids": ("end_1", "end_2"),
    "status": TriggerStatus.PAUSED,
    "created_at": AT + 1,
    "changed_at": AT + 2,
    "watched_from": AT + 3,
}


@pytest.fixture
def tenants(transaction: Transaction) -> Transaction:
    for tenant in ("a", "b"):
        directory.add_tenant(transaction, tenant, tenant, AT)
    return transaction


@pytest.mark.parametrize("given", [{}, FULL, {"thresholds": ()}])
def test_a_trigger_comes_back_as_it_was_put(tenants: Transaction, given: dict[str, object]) -> None:
    made = trigger(**given)
    triggers.put_trigger(tenants, "a", made)
    assert triggers.triggers(tenants, "a") == [made]
    assert triggers.find_trigger(tenants, "a", "trg_1") == made
    assert triggers.find_trigger(tenants, "b", "trg_1") is None


def test_a_trigger_is_replaced_as_a_whole(tenants: Transaction) -> None:
    other = trigger("trg_2")
    triggers.put_trigger(tenants, "a", trigger())
    triggers.put_trigger(tenants, "a", other)
    triggers.put_trigger(tenants, "b", trigger())
    changed = trigger(**FULL)
    triggers.put_trigger(tenants, "a", changed)
    assert triggers.triggers(tenants, "a") == [changed, other]
    assert triggers.triggers(tenants, "b") == [trigger()]


@pytest.mark.parametrize("identity", ["", "trg_1\0", "TRG_1", "trg_2"])
def test_no_other_id_finds_a_trigger(tenants: Transaction, identity: str) -> None:
    triggers.put_trigger(tenants, "a", trigger())
    assert triggers.find_trigger(tenants, "a", identity) is None


def test_triggers_are_removed_from_their_tenant_only(tenants: Transaction) -> None:
    for tenant in ("a", "b"):
        for identity in ("trg_3", "trg_1", "trg_2"):
            triggers.put_trigger(tenants, tenant, trigger(identity))
    triggers.remove_triggers(tenants, "a", iter(["trg_1", "trg_3", "unknown"]))
    assert [it.id for it in triggers.triggers(tenants, "a")] == ["trg_2"]
    assert [it.id for it in triggers.triggers(tenants, "b")] == ["trg_1", "trg_2", "trg_3"]


def test_a_tenant_is_watched_from_its_first_trigger_on(tenants: Transaction) -> None:
    assert triggers.tenants_with_triggers(tenants) == {}
    token, none = triggers.tokens_of(tenants, "a")
    assert none == 0
    triggers.put_trigger(tenants, "a", trigger())
    same_token, first = triggers.tokens_of(tenants, "a")
    assert (same_token, triggers.tokens_of(tenants, "b")[1]) == (token, 0)
    assert triggers.tenants_with_triggers(tenants) == {"a": (token, first)}
    triggers.remove_triggers(tenants, "a", ["trg_1"])
    second = triggers.tokens_of(tenants, "a")[1]
    assert len({none, first, second}) == 3
    assert list(triggers.tenants_with_triggers(tenants)) == ["a"]


def test_a_tenant_that_does_not_exist_has_no_tokens(tenants: Transaction) -> None:
    assert triggers.tokens_of(tenants, "c") == (0, 0)


def test_a_token_is_never_that_of_a_tenant_without_triggers(
    tenants: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "new_token", lambda: 0)
    triggers.change_triggers_token(tenants, "a")
    assert triggers.tokens_of(tenants, "a")[1] == 1


def budget(changed_at: int, *alert_at: float, **given: Any) -> Budget:
    usual = Budget("", 100, alert_at, AT, changed_at, BudgetPeriod.MONTH)
    return msgspec.structs.replace(usual, **given)


def test_the_trigger_of_a_budget_watches_its_fractions(tx: Transaction) -> None:
    number = organization(tx, tenant="a")
    budget_triggers.keep(tx, "a", number, budget(AT, 0.5, 1.0))
    (found,) = triggers.triggers(tx, "a")
    assert found == trigger(
        found.id,
        organization=number,
        source=TriggerSource.BUDGET,
        name="Monthly budget",
        period=TriggerPeriod.MONTH,
        kind=ThresholdKind.BUDGET,
        thresholds=(Threshold("0.5", AT), Threshold("1.0", AT)),
        owner=TriggerOwner.BOTH,
    )


def test_fractions_that_stay_are_watched_since_they_were_first_set(tx: Transaction) -> None:
    number = organization(tx, tenant="a")
    budget_triggers.keep(tx, "a", number, budget(AT, 0.5, 1.0))
    budget_triggers.keep(tx, "a", number, budget(AT + 5, 0.8, 1.0))
    (found,) = triggers.triggers(tx, "a")
    assert found.thresholds == (Threshold("0.8", AT + 5), Threshold("1.0", AT))
    assert (found.created_at, found.changed_at, found.watched_from) == (AT, AT + 5, AT)


def test_each_budget_has_a_trigger_of_its_own(tx: Transaction) -> None:
    first, second = (organization(tx, it, "a") for it in ("org_1", "org_2"))
    made = [
        (first, budget(AT, 1.0)),
        (first, budget(AT, 1.0, user_id="ann")),
        (first, budget(AT, 1.0, period=BudgetPeriod.DAY)),
        (second, budget(AT, 1.0)),
    ]
    for number, it in made:
        budget_triggers.keep(tx, "a", number, it)
    found = triggers.triggers(tx, "a")
    assert {(it.organization, it.user_id, it.period) for it in found} == {
        (number, it.user_id, it.period.value) for number, it in made
    }
    budget_triggers.remove(tx, "a", first, made[1][1])
    assert len(triggers.triggers(tx, "a")) == 3
    assert not any(it.user_id for it in triggers.triggers(tx, "a"))
