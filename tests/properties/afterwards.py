"""What the model makes of discarding, rerating, archives and erasure."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.properties.model import ERASED, EVERY_EVENT, Held, Identity, Json, Model, Selected

KEPT = ("direction", "media_bytes", "from_day", "until_day")


def discard(model: Model, selected: Selected = EVERY_EVENT) -> int:
    """Delete events from quarantine; an organization that was not created is forgotten."""
    found = model.waiting(selected)
    for organization, identity in found:
        if organization in model.organizations:
            model.held[organization, identity].gone = True
        else:
            _forget(model, (organization, identity))
    return len(found)


def _forget(model: Model, identity: Identity) -> None:
    """Forget an event and what it replaced."""
    content = model.held.pop(identity).content
    if content is not None:
        _forget(model, (identity[0], content["corrects"]))


def rerate(model: Model, only: str | None) -> int | None:
    """Charge everything again; say how many costs changed. None when some of it is archived."""
    charged = [
        (identity, held)
        for identity, held in model.held.items()
        if held.day is not None and held.sign > 0 and only in (None, identity[0])
    ]
    if any(held.archived for _, held in charged):
        return None
    charged.sort(key=lambda it: (it[1].day, it[1].event["time"], it[0][1]))
    return sum(_charge_again(model, identity[0], held) for identity, held in charged)


def _charge_again(model: Model, organization: str, held: Held) -> int:
    """Charge an event and its reversal again; where one has no price, both stay as they are."""
    assert held.day is not None
    of = model.organizations[organization]
    charge = model.charge(held.event, held.day, of, held.used)
    if isinstance(charge, str):
        return 0
    buy = model.buy_of(held.event, held.day, of)
    (cost, used), back, before = charge, held.back, held.used
    stays = used is not None and before is not None and used.month == before.month
    if back is None:
        _move(model, held, -1)
        changed = held.cost != cost
        held.cost, held.used, held.buy = cost, used, buy
        _move(model, held, 1)
        return changed
    back_cost, back_used = -cost, used
    if used is not None and stays:
        assert back.used is not None
        back_used = replace(used, position=back.used.position)
        back_cost = -back_used.cost()
        if abs(back_cost) > 100_000_000:
            return 0
    changes = (held.cost != cost) + (back.cost != back_cost)
    held.cost, held.used, back.cost, back.used = cost, used, back_cost, back_used
    held.buy, back.buy = buy, None if buy is None else -buy
    return changes


def _move(model: Model, held: Held, sign: int) -> None:
    if held.used is not None:
        model.months[held.used.month] += sign * held.used.quantity


def archive(model: Model, only: str | None, before: date) -> set[tuple[str, int]]:
    """Archive the events of the months before a day; say which months of which organizations."""
    found = set()
    for (organization, _), held in model.held.items():
        if held.day is None or held.archived or held.day >= before.replace(day=1):
            continue
        if only in (None, organization):
            held.archived = True
            found.add((organization, held.day.year * 100 + held.day.month))
    return found


def restore(model: Model, month: int) -> set[str]:
    """Restore a month; say of which organizations."""
    found = set()
    for (organization, _), held in model.held.items():
        if held.archived and held.day and held.day.year * 100 + held.day.month == month:
            held.archived = False
            found.add(organization)
    return found


def erase(model: Model, organization: str, user: str) -> None:
    """Erase a user's name, and everything in the user's events that is not a plain number."""
    users = model.organizations[organization].users
    if user in users:
        users[user] = user
    for (of, _), held in model.held.items():
        if of == organization and held.event["user_id"] == user:
            held.event = {**held.event, "attributes": _erased(held.event["attributes"])}


def _erased(attributes: Json) -> Json:
    return {
        name: value if name in KEPT else _erased_value(value) for name, value in attributes.items()
    }


def _erased_value(value: Any) -> Any:
    is_long = isinstance(value, Decimal) and abs(value) >= 1_000_000
    return ERASED if isinstance(value, str) or is_long else value
