"""Whose usage a question is about, and in which state of the ledger it is answered."""

from datetime import date

import msgspec

from tollbook.analytics.period_cover import period_cover_sql, period_parameters
from tollbook.domain.directory import zone
from tollbook.domain.errors import CurrencyRequired, InvalidRequest, Problem
from tollbook.domain.events import instant_of
from tollbook.domain.periods import Period
from tollbook.store import directory, versions
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.versions import LedgerVersion


class QuestionScope(msgspec.Struct, frozen=True):
    """A whole tenant, one of its organizations, or one of that one's users.

    `currency` chooses organizations of one currency.
    """

    tenant: str
    organization: OrganizationRow | None = None
    user_id: str | None = None
    currency: str | None = None

    @property
    def number(self) -> int | None:
        """Give the organization's number in the tables."""
        return self.organization.number if self.organization else None

    @property
    def timezone(self) -> str:
        """Name the zone that days begin in; a whole tenant's today is that of UTC."""
        return self.organization.timezone if self.organization else "UTC"

    def today(self, now: int) -> date:
        """Give the day of an instant, in microseconds, in the scope's zone."""
        return instant_of(now).astimezone(zone(self.timezone)).date()

    def ledger_version(self, snapshot: Snapshot) -> LedgerVersion:
        """Read what tells whether an answer given before still holds."""
        if self.organization:
            return versions.ledger_version(snapshot, self.organization.number)
        return versions.ledger_version_of_all(snapshot, self.tenant)

    def has_received(self, snapshot: Snapshot, instant: int) -> bool:
        """Return whether every organization has events that came at an instant or later.

        What came before is then in the snapshot: the events of an organization come in order.
        """
        numbers = [it.number for it in organizations_of(snapshot, self)]
        received_at = versions.received_at(snapshot, numbers)
        return bool(numbers) and min(received_at.values()) >= instant


def organizations_of(snapshot: Snapshot, scope: QuestionScope) -> list[OrganizationRow]:
    """List the organizations that a question is about: their numbers are the way to their rows.

    Those that only events have named are nobody's yet.
    """
    if scope.organization:
        found = [scope.organization]
    else:
        found = directory.organizations(snapshot, scope.tenant)
    return [it for it in found if scope.currency in (None, it.currency)]


def in_one_currency(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Return the scope in one currency: the one named, else the organization's or the tenant's."""
    row = scope.organization
    if scope.currency is not None:
        return scope
    currency = row.currency if row else directory.tenant_currency(snapshot, scope.tenant)
    return msgspec.structs.replace(scope, currency=currency)


def in_its_currency(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Settle the currency as `in_one_currency` does; an organization has no other than its own."""
    row = scope.organization
    if row and scope.currency not in (None, row.currency):
        sentence = f"currency must be {row.currency}, that of the organization, or absent"
        raise InvalidRequest.of([Problem("currency", "other_currency", sentence)])
    return in_one_currency(snapshot, scope)


def summed_scope(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Return the scope of a list's totals: when it has several currencies, in the tenant's alone.

    A list of one currency is added up whole, whichever currency that is.
    """
    if scope.currency is not None or scope.organization:
        return scope
    if len(directory.currencies(snapshot, scope.tenant)) < 2:
        return scope
    return in_one_currency(snapshot, scope)


def require_one_currency(snapshot: Snapshot, scope: QuestionScope, field: str) -> None:
    """Refuse a bound on amounts when organizations have several currencies and none is named."""
    if scope.currency is not None or scope.organization:
        return
    found = directory.currencies(snapshot, scope.tenant)
    if len(found) > 1:
        listed = ", ".join(found)
        sentence = f"currency required with {field}: the organizations have {listed}"
        raise CurrencyRequired(sentence, [Problem("currency", "currency_required", sentence)])


def other_currencies(snapshot: Snapshot, scope: QuestionScope, period: Period | None) -> list[str]:
    """List the currencies that an answer leaves out although they have costs in its period."""
    if scope.organization or scope.currency is None or period is None:
        return []
    if directory.currencies(snapshot, scope.tenant) in ([], [scope.currency]):
        return []
    whole = msgspec.structs.replace(scope, currency=None)
    others = [it for it in organizations_of(snapshot, whole) if it.currency != scope.currency]
    if not others:
        return []
    bound = {"numbers": [it.number for it in others], **period_parameters(period)}
    costly = {row[0] for row in snapshot.sums(COSTS, bound, 2, (1,)) if row[1]}
    return sorted({it.currency for it in others if it.number in costly})


COSTS = f"""
SELECT
    organization_id,
    CAST(SUM(cost) AS BIGINT)
FROM (
{period_cover_sql("organization", "organization_id", "organization_id IN :numbers")}
) AS period_cover
GROUP BY organization_id
"""
