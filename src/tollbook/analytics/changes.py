"""Who grew and who shrank most: the question behind GET /v1/analytics/changes."""

from typing import Any, NamedTuple

from tollbook.analytics.changes_statements import ORGANIZATION_CHANGES, USER_CHANGES
from tollbook.analytics.period_cover import cover_parameters
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN


class ChangeRow(NamedTuple):
    """A user's or an organization's sums of two periods: `events` of the later one."""

    id: str
    name: str
    events: int
    cost: int
    previous_cost: int

    @property
    def difference(self) -> int:
        """Give by how much the cost grew."""
        return self.cost - self.previous_cost


class Changes(NamedTuple):
    """What was read: a row for each user or organization, and one for what is no user's."""

    rows: list[ChangeRow]
    own: ChangeRow

    @property
    def cost(self) -> int:
        """Give the cost of everything."""
        return sum(it.cost for it in (*self.rows, self.own))

    @property
    def previous_cost(self) -> int:
        """Give what everything cost in the period before."""
        return sum(it.previous_cost for it in (*self.rows, self.own))

    @property
    def active(self) -> list[ChangeRow]:
        """List those with usage."""
        return [it for it in self.rows if it.events > 0]

    @property
    def without_usage(self) -> list[ChangeRow]:
        """List those without usage, by id."""
        return sorted((it for it in self.rows if it.events <= 0), key=lambda it: it.id)

    @property
    def grew(self) -> list[ChangeRow]:
        """List those whose cost grew, the most first."""
        grown = (it for it in self.rows if it.difference > 0)
        return sorted(grown, key=lambda it: (-it.difference, it.id))

    @property
    def shrank(self) -> list[ChangeRow]:
        """List those whose cost shrank, the most first."""
        shrunk = (it for it in self.rows if it.difference < 0)
        return sorted(shrunk, key=lambda it: (it.difference, it.id))

    @property
    def top(self) -> list[ChangeRow]:
        """List those that cost something, the dearest first."""
        costly = (it for it in self.rows if it.cost > 0)
        return sorted(costly, key=lambda it: (-it.cost, it.id))


_NOBODY = ChangeRow("", "", 0, 0, 0)


def read_changes(
    snapshot: Snapshot, scope: QuestionScope, period: Period, before: Period
) -> Changes:
    """Read the sums of two periods, by user of an organization or by organization of a tenant."""
    bound = parameters(scope, period, before)
    sql = USER_CHANGES if scope.organization else ORGANIZATION_CHANGES
    rows = [ChangeRow(*row) for row in snapshot.sums(sql, bound, len(ChangeRow._fields), (3, 4))]
    if not scope.organization:
        return Changes(rows, _NOBODY)
    return Changes([it for it in rows if it.id], next(it for it in rows if not it.id))


def parameters(scope: QuestionScope, period: Period, before: Period) -> dict[str, Any]:
    """Give the arguments of the statements; those of the period before have its prefix."""
    whose: dict[str, Any] = {"organization": scope.number}
    if scope.organization is None:
        whose = {"tenant": scope.tenant, "currency": scope.currency or "", "unknown": UNKNOWN}
    return {**whose, **cover_parameters(period), **cover_parameters(before, "previous_")}
