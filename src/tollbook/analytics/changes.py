"""The largest changes of cost between periods: the question behind GET /v1/analytics/changes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tollbook.analytics.changes_statements import ORGANIZATION_CHANGES, USER_CHANGES
from tollbook.analytics.margin import Purchases
from tollbook.analytics.period_cover import cover_parameters, period_parameters
from tollbook.analytics.plain_sums import SumsQuestion, read_sums
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN


class ChangeRow(NamedTuple):
    """The costs of a user or an organization in two periods; `events` are of the later period."""

    id: str
    name: str
    events: int
    cost: int
    previous_cost: int

    @property
    def difference(self) -> int:
        """Return by how much the cost grew."""
        return self.cost - self.previous_cost


class Changes(NamedTuple):
    """A row for each user or organization, and one for usage not attributed to a user.

    `purchases` and `previous_purchases` are the sums that the margins of both periods are computed
    from, by id, if they are asked for.
    """

    rows: list[ChangeRow]
    own: ChangeRow
    purchases: Mapping[str, Purchases] | None = None
    previous_purchases: Mapping[str, Purchases] | None = None

    @property
    def events(self) -> int:
        """Return the count of all events."""
        return sum(it.events for it in (*self.rows, self.own))

    @property
    def cost(self) -> int:
        """Return the total cost."""
        return sum(it.cost for it in (*self.rows, self.own))

    @property
    def previous_cost(self) -> int:
        """Return the total cost in the previous period."""
        return sum(it.previous_cost for it in (*self.rows, self.own))

    @property
    def active(self) -> list[ChangeRow]:
        """Return the rows with usage."""
        return [it for it in self.rows if it.events > 0]

    @property
    def without_usage(self) -> list[ChangeRow]:
        """Return the rows without usage, by id."""
        return sorted((it for it in self.rows if it.events <= 0), key=lambda it: it.id)

    @property
    def grew(self) -> list[ChangeRow]:
        """Return the rows whose cost grew, by how much, highest first."""
        grown = (it for it in self.rows if it.difference > 0)
        return sorted(grown, key=lambda it: (-it.difference, it.id))

    @property
    def shrank(self) -> list[ChangeRow]:
        """Return the rows whose cost shrank, by how much, highest first."""
        shrunk = (it for it in self.rows if it.difference < 0)
        return sorted(shrunk, key=lambda it: (it.difference, it.id))

    @property
    def top(self) -> list[ChangeRow]:
        """Return the rows with a cost, highest first."""
        costly = (it for it in self.rows if it.cost > 0)
        return sorted(costly, key=lambda it: (-it.cost, it.id))


_NO_USAGE = ChangeRow("", "", 0, 0, 0)


def read_changes(
    snapshot: Snapshot,
    scope: QuestionScope,
    period: Period,
    before: Period,
    *,
    with_margin: bool = False,
) -> Changes:
    """Read the costs of two periods, by user of an organization or by organization of a tenant."""
    found = _read_costs(snapshot, scope, period, before)
    if not with_margin:
        return found
    return found._replace(
        purchases=_read_purchases(snapshot, scope, period),
        previous_purchases=_read_purchases(snapshot, scope, before),
    )


def _read_purchases(
    snapshot: Snapshot, scope: QuestionScope, period: Period
) -> dict[str, Purchases]:
    bound = period_parameters(period)
    if scope.organization:
        users = bound | {"organization": scope.number}
        found = read_sums(snapshot, SumsQuestion("user_id"), users)
        return {key: sums[None].purchases for key, sums in found.items()}
    ids = {it.number: it.id for it in organizations_of(snapshot, scope)}
    numbers = bound | {"numbers": list(ids)}
    found = read_sums(snapshot, SumsQuestion("organization_id"), numbers)
    return {ids[key]: sums[None].purchases for key, sums in found.items()}


def _read_costs(
    snapshot: Snapshot, scope: QuestionScope, period: Period, before: Period
) -> Changes:
    bound = parameters(scope, period, before)
    sql = USER_CHANGES if scope.organization else ORGANIZATION_CHANGES
    rows = [ChangeRow(*row) for row in snapshot.sums(sql, bound, len(ChangeRow._fields), (3, 4))]
    if not scope.organization:
        return Changes(rows, _NO_USAGE)
    return Changes([it for it in rows if it.id], next(it for it in rows if not it.id))


def parameters(scope: QuestionScope, period: Period, before: Period) -> dict[str, Any]:
    """Return the parameters of the statements; the earlier period has `previous_`."""
    whose: dict[str, Any] = {"organization": scope.number}
    if scope.organization is None:
        whose = {"tenant": scope.tenant, "currency": scope.currency or "", "unknown": UNKNOWN}
    return {**whose, **cover_parameters(period), **cover_parameters(before, "previous_")}
