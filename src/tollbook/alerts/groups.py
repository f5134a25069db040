"""Triggers that compare the same figure, so that a look computes it once."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tollbook.alerts.figures import SelectedSums, selected_by
from tollbook.domain.triggers import Trigger, TriggerPeriod


class TriggerGroupKey(NamedTuple):
    """What the triggers of a group have in common; the user is empty for the organization."""

    user_id: str
    selected: SelectedSums
    period: TriggerPeriod


class TriggerGroup(NamedTuple):
    """Triggers on one figure, and their amounts in ascending order with the trigger of each."""

    triggers: list[Trigger]
    amounts: list[int]
    of_amount: list[Trigger]

    def to_compare(self, before: int | None, value: int) -> Sequence[Trigger]:
        """Return the triggers that a change of the figure can concern.

        A rise concerns those with an amount that it passes. A fall may clear amounts that a
        trigger no longer has, so it concerns all, as the first look does.
        """
        if before is None or value < before:
            return self.triggers
        passed = self.of_amount[
            bisect_right(self.amounts, before) : bisect_right(self.amounts, value)
        ]
        return list({it.id: it for it in passed}.values())


def groups_of(
    triggers: Iterable[Trigger], amounts: Mapping[str, Sequence[int]]
) -> dict[TriggerGroupKey, TriggerGroup]:
    """Return triggers by what they compare; `amounts` are those of each trigger by its id."""
    found: dict[TriggerGroupKey, list[Trigger]] = {}
    for it in triggers:
        found.setdefault(TriggerGroupKey(it.user_id, selected_by(it), it.period), []).append(it)
    return {key: _group(some, amounts) for key, some in found.items()}


def _group(triggers: list[Trigger], amounts: Mapping[str, Sequence[int]]) -> TriggerGroup:
    pairs = sorted(
        ((amount, place) for place, it in enumerate(triggers) for amount in amounts[it.id])
    )
    return TriggerGroup(triggers, [it[0] for it in pairs], [triggers[it[1]] for it in pairs])
