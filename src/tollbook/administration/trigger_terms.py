"""The terms of a new trigger: what a request gives, validated, as it is stored."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.domain.budgets import ALERT_PLACES, HIGHEST_ALERT, BudgetPeriod
from tollbook.domain.catalog import Catalog, known_types
from tollbook.domain.directory import text_problem
from tollbook.domain.errors import Problem, refuse
from tollbook.domain.exact import COST_PLACES, MOST_BUDGET, QUANTITY_PLACES, parsed, scaled
from tollbook.domain.meters import Category, Meter, is_organization_level
from tollbook.domain.own_meters import own_codes_of
from tollbook.domain.trigger_errors import InvalidFigure
from tollbook.domain.triggers import (
    LONGEST_TRIGGER_NAME,
    MOST_ENDPOINTS,
    MOST_VALUES,
    Direction,
    Sensitivity,
    ThresholdKind,
    TriggerOwner,
    TriggerPeriod,
    TriggerStatus,
    WatchedFigure,
)

COST_SUFFIX = "_cost"
CATEGORIES = tuple(f"{it.value}{COST_SUFFIX}" for it in Category)
_PLACES = {
    WatchedFigure.COST: COST_PLACES,
    WatchedFigure.QUANTITY: QUANTITY_PLACES,
    WatchedFigure.COUNT: 0,
}
_NO_DEVIATION = (TriggerPeriod.HOUR, TriggerPeriod.ALL)
Number = float | str


class DeviationTerms(msgspec.Struct, frozen=True):
    """A deviation from the usual."""

    sensitivity: Sensitivity = Sensitivity.MEDIUM
    direction: Direction = Direction.ABOVE


class TriggerThresholds(msgspec.Struct, kw_only=True):
    """What a figure is compared with: exactly one of the three. As text, values lose no digits."""

    at: tuple[Number, ...] | UnsetType = UNSET
    at_budget: tuple[Number, ...] | UnsetType = UNSET
    deviation: DeviationTerms | UnsetType = UNSET


class NewTrigger(TriggerThresholds, kw_only=True):
    """A trigger to add. Without an organization it watches the whole tenant."""

    name: str
    figure: WatchedFigure
    period: TriggerPeriod
    organization_id: str | None = None
    user_id: str | None = None
    category: str | None = None
    meter: str | None = None
    currency: str | None = None
    owner: TriggerOwner | UnsetType = UNSET
    endpoint_ids: tuple[str, ...] = ()
    status: TriggerStatus = TriggerStatus.ACTIVE


class ChosenThresholds(NamedTuple):
    """The kind of a trigger's thresholds, and each of them as it is stored."""

    kind: ThresholdKind
    at: tuple[str, ...]


def chosen_thresholds(given: TriggerThresholds, figure: WatchedFigure) -> ChosenThresholds:
    """Return the thresholds of a trigger; raise `InvalidRequest` unless they are of one kind."""
    names = [it for it in ("at", "at_budget", "deviation") if getattr(given, it) is not UNSET]
    if not names:
        refuse([Problem("at", "missing_field", "at, at_budget or deviation is required")])
    sentence = "a trigger has one of at, at_budget and deviation"
    refuse(Problem(it, "not_together", sentence) for it in names if len(names) > 1)
    if given.at is not UNSET:
        return ChosenThresholds(ThresholdKind.VALUE, _values(given.at, figure))
    if given.at_budget is not UNSET:
        return ChosenThresholds(ThresholdKind.BUDGET, _fractions(given.at_budget))
    assert given.deviation is not UNSET  # noqa: S101  one of the three is given
    return ChosenThresholds(ThresholdKind.DEVIATION, _deviation(given.deviation))


def _values(given: Sequence[Number], figure: WatchedFigure) -> tuple[str, ...]:
    places = _PLACES[figure]
    found = [_scaled(str(it), places) for it in given]
    if 0 < len(found) <= MOST_VALUES and None not in found and len(set(found)) == len(found):
        return tuple(str(it) for it in sorted(it for it in found if it is not None))
    decimals = f"with at most {places} decimals" if places else "whole"
    sentence = (
        f"at must be 1 to {MOST_VALUES} different numbers above 0 and up to {MOST_BUDGET}, "
        f"{decimals} for {figure}"
    )
    refuse([Problem("at", "invalid_thresholds", sentence)])
    return ()


def _scaled(text: str, places: int) -> int | None:
    number = parsed(text.encode())
    try:
        if number is None or not 0 < number <= MOST_BUDGET:
            return None
        return scaled(number, places)
    except ValueError:
        return None


def _fractions(given: Sequence[Number]) -> tuple[str, ...]:
    found = [_scaled(str(it), ALERT_PLACES) for it in given]
    fits = [it for it in found if it is not None and it <= HIGHEST_ALERT * 10**ALERT_PLACES]
    if 0 < len(fits) == len(given) <= MOST_VALUES and len(set(fits)) == len(fits):
        return tuple(str(float(Fraction(it, 10**ALERT_PLACES))) for it in sorted(fits))
    sentence = (
        f"at_budget must be 1 to {MOST_VALUES} different fractions of the budget, above 0 and up "
        f"to {HIGHEST_ALERT}, with at most {ALERT_PLACES} decimals"
    )
    refuse([Problem("at_budget", "invalid_thresholds", sentence)])
    return ()


def _deviation(given: DeviationTerms) -> tuple[str, ...]:
    both = (Direction.ABOVE, Direction.BELOW)
    directions = both if given.direction is Direction.BOTH else (given.direction,)
    return tuple(f"{given.sensitivity} {it}" for it in directions)


def field_problems(new: NewTrigger) -> list[Problem | None]:
    """Return the problems with the fields of a new trigger."""
    found = [text_problem("name", new.name, LONGEST_TRIGGER_NAME)]
    if new.user_id is not None and new.organization_id is None:
        sentence = "organization_id is required with user_id"
        found.append(Problem("organization_id", "missing_field", sentence))
    if new.category is not None and new.category not in CATEGORIES:
        sentence = f"category must be one of {', '.join(CATEGORIES)}"
        found.append(Problem("category", "invalid_choice", sentence))
    if new.owner is TriggerOwner.BOTH:
        found.append(Problem("owner", "invalid_choice", "owner must be tenant or organization"))
    found.append(endpoints_problem(new.endpoint_ids))
    return found


def endpoints_problem(ids: Iterable[str]) -> Problem | None:
    """Return the problem with the endpoints of a trigger: too many, or one twice."""
    listed = list(ids)
    if len(listed) <= MOST_ENDPOINTS and len(set(listed)) == len(listed):
        return None
    sentence = f"endpoint_ids must be up to {MOST_ENDPOINTS} different endpoints"
    return Problem("endpoint_ids", "invalid_endpoints", sentence)


def foreign_endpoint_problem(identity: str) -> Problem:
    """Return the problem with an endpoint that the owner of a trigger does not have."""
    sentence = f"endpoint_ids must be endpoints of the trigger's owner: {identity} is not one"
    return Problem("endpoint_ids", "invalid_endpoints", sentence)


def require_figure(new: NewTrigger, kind: ThresholdKind, catalog: Catalog) -> None:
    """Raise `InvalidFigure` when what the trigger watches cannot be computed."""
    sentence = _figure_problem(new, kind, catalog)
    if sentence:
        raise InvalidFigure(sentence)


def _figure_problem(new: NewTrigger, kind: ThresholdKind, catalog: Catalog) -> str | None:
    is_cost = new.figure is WatchedFigure.COST
    meter = _meter_of(new, catalog)
    if not is_cost and (meter is None or new.category is not None):
        return f"figure {new.figure} requires meter, and excludes category"
    if meter is not None and new.category is not None:
        return "category and meter are not possible together"
    if new.currency is not None and (not is_cost or new.organization_id is not None):
        return "currency is possible only for cost of the whole tenant"
    if new.user_id is not None and _is_organization_level(new, meter):
        return "a user has no organization-level figures"
    if kind is ThresholdKind.BUDGET:
        return _budget_problem(new, is_cost=is_cost)
    if kind is ThresholdKind.DEVIATION:
        return _deviation_problem(new, meter)
    return None


def _meter_of(new: NewTrigger, catalog: Catalog) -> Meter | None:
    if new.meter is None:
        return None
    return catalog.by_type[known_types((new.meter,), catalog)[0]]


def _is_organization_level(new: NewTrigger, meter: Meter | None) -> bool:
    if meter is not None:
        return is_organization_level(meter.code)
    if new.category is None:
        return False
    category = Category(new.category.removesuffix(COST_SUFFIX))
    return is_organization_level(own_codes_of(category).start)


def _budget_problem(new: NewTrigger, *, is_cost: bool) -> str | None:
    if not is_cost or new.category is not None or new.meter is not None:
        return "at_budget is possible only for the whole cost"
    if new.organization_id is None or new.period.value not in set(BudgetPeriod):
        return "at_budget is possible only for a day, week or month of an organization or user"
    return None


def _deviation_problem(new: NewTrigger, meter: Meter | None) -> str | None:
    if new.period in _NO_DEVIATION:
        return "deviation is possible only for a day, week or month"
    once = [f"{it.value}{COST_SUFFIX}" for it in (Category.PHONE_RENTAL, *_ONCE)]
    if (meter is not None and meter.is_charged_once) or new.category in once:
        return "deviation is possible only for figures of daily usage"
    return None


_ONCE = (Category.PHONE_PURCHASE, Category.BRAND_REGISTRATION)
