"""Triggers: a figure that is watched over a period, and what it is compared with."""

import hashlib
import json
import secrets
from enum import StrEnum
from fractions import Fraction

import msgspec

from tollbook.domain.budgets import BudgetPeriod

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 26
WHOLE_TENANT = 0
"""The number in place of an organization's, of a trigger on the whole tenant."""
MOST_TRIGGERS = 20_000
MOST_HOURLY = 1_000
MOST_THRESHOLDS = 50_000
MOST_OF_ORGANIZATION = 100
"""The most triggers of a tenant, of those hourly ones, their thresholds, and the most triggers that
an organization owns. Those of budgets do not count."""
MOST_VALUES = 10
MOST_ENDPOINTS = 20
LONGEST_TRIGGER_NAME = 100


class TriggerPeriod(StrEnum):
    """The period over which a figure is watched; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


class WatchedFigure(StrEnum):
    """What a trigger watches: cost in nanos, events, or the quantity of a meter in micros."""

    COST = "cost"
    COUNT = "count"
    QUANTITY = "quantity"


class ThresholdKind(StrEnum):
    """What a figure is compared with: values, a budget, or what is usual."""

    VALUE = "value"
    BUDGET = "budget"
    DEVIATION = "deviation"


class Sensitivity(StrEnum):
    """How far from the usual a figure must be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Direction(StrEnum):
    """On which side of the usual a figure must be."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class TriggerSource(StrEnum):
    """Who made a trigger: a request, or a budget, which alone can change it."""

    API = "api"
    BUDGET = "budget"


class TriggerOwner(StrEnum):
    """Who sees a trigger and receives its notifications; `both` for those of budgets."""

    TENANT = "tenant"
    ORGANIZATION = "organization"
    BOTH = "both"


class TriggerStatus(StrEnum):
    """A paused trigger fires nothing."""

    ACTIVE = "active"
    PAUSED = "paused"


class Threshold(msgspec.Struct, frozen=True, array_like=True):
    """A threshold, and the instant in microseconds from which it is watched.

    `at` is a value in the unit of the figure, a fraction of a budget, or for a deviation its
    sensitivity and direction, such as `medium above`.
    """

    at: str
    since: int


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger. Without an organization (`WHOLE_TENANT`), it watches the whole tenant.

    Texts are empty where they do not apply. Instants are in microseconds. Periods that ended before
    `watched_from` are not watched.
    """

    id: str
    organization: int
    user_id: str = ""
    source: TriggerSource = TriggerSource.API
    name: str
    figure: WatchedFigure
    category: str = ""
    meter: str = ""
    currency: str = ""
    period: TriggerPeriod
    kind: ThresholdKind
    thresholds: tuple[Threshold, ...]
    owner: TriggerOwner
    endpoint_ids: tuple[str, ...] = ()
    status: TriggerStatus = TriggerStatus.ACTIVE
    created_at: int
    changed_at: int
    watched_from: int

    @property
    def sensitivity(self) -> Sensitivity:
        """Return the sensitivity of a deviation."""
        return Sensitivity(self.thresholds[0].at.split()[0])

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return the directions of a deviation: above, below, or both of them."""
        return tuple(Direction(it.at.split()[1]) for it in self.thresholds)


def new_trigger_id() -> str:
    """Return a random id."""
    return _id_of(secrets.randbits(256))


def budget_trigger_id(number: int, user_id: str, period: BudgetPeriod) -> str:
    """Return the id of the trigger of a budget, which is the same when it is set again."""
    text = json.dumps([number, user_id, period.value])
    return _id_of(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def _id_of(value: int) -> str:
    letters = []
    for _ in range(_ID_LENGTH):
        value, at = divmod(value, len(LETTERS))
        letters.append(LETTERS[at])
    return "trg_" + "".join(letters)


def share_of(fraction: str, amount: int) -> int:
    """Return a fraction of a budget as the smallest whole number of nanos that reaches it."""
    return -(-Fraction(fraction) * amount // 1)


def with_since(
    wanted: tuple[str, ...], before: tuple[Threshold, ...], now: int
) -> tuple[Threshold, ...]:
    """Return thresholds that are watched from now, except those that were watched before."""
    known = {it.at: it.since for it in before}
    return tuple(Threshold(it, known.get(it, now)) for it in wanted)
