"""The scope of a question: whose usage, in which currency and time zone."""

from datetime import date

import msgspec

from tollbook.analytics.period_cover import period_cover_sql, period_parameters
from tollbook.analytics.tables import Constant, text_columns
from tollbook.domain.directory import zone
from tollbook.domain.errors import CurrencyRequired, InvalidRequest, Problem
from tollbook.domain.events import instant_of
from tollbook.domain.periods import Period
from tollbook.store import directory, versions
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.versions import LedgerVersion


class QuestionScope(msgspec.Struct, frozen=True):
    """A whole tenant, one of its organizations, or one user of the organization.

    `currency` limits a tenant to its organizations of one currency.
    """

    tenant: str
    organization: OrganizationRow | None = None
    user_id: str | None = None
    currency: str | None = None

    @property
    def number(self) -> int | None:
        """Return the organization's number in the tables."""
        return self.organization.number if self.organization else None

    @property
    def timezone(self) -> str:
        """Return the time zone of the scope's days; that of a whole tenant is UTC."""
        return self.organization.timezone if self.organization else "UTC"

    def today(self, now: int) -> date:
        """Return the day of an instant, in microseconds, in the scope's zone."""
        return instant_of(now).astimezone(zone(self.timezone)).date()

    def ledger_version(self, snapshot: Snapshot) -> LedgerVersion:
        """Read the version of the ledger, by which cached answers are validated."""
        if self.organization:
            return versions.ledger_version(snapshot, self.organization.number)
        return versions.ledger_version_of_all(snapshot, self.tenant)

    def has_received(self, snapshot: Snapshot, instant: int) -> bool:
        """Return whether every organization has events received at an instant or later.

        Then all earlier events are in the snapshot: an organization's events arrive in order.
        """
        numbers = [it.number for it in organizations_of(snapshot, self)]
        received_at = versions.received_at(snapshot, numbers)
        return bool(numbers) and min(received_at.values()) >= instant


def subject_columns(scope: QuestionScope, user_name: str | None) -> tuple[Constant, ...]:
    """Return the columns of a file that name its scope; those that do not apply are empty."""
    organization = scope.organization
    return text_columns(
        tenant_id=scope.tenant,
        organization_id=organization.id if organization else None,
        organization_name=organization.name if organization else None,
        user_id=scope.user_id,
        user_name=user_name,
    )


def organizations_of(snapshot: Snapshot, scope: QuestionScope) -> list[OrganizationRow]:
    """Read the organizations in a scope; their numbers are the keys of their rows.

    Organizations that only events have named belong to no tenant yet, and are left out.
    """
    if scope.organization:
        found = [scope.organization]
    else:
        found = directory.organizations(snapshot, scope.tenant)
    return [it for it in found if scope.currency in (None, it.currency)]


def count_subjects(snapshot: Snapshot, scope: QuestionScope) -> int:
    """Count the users of the scope's organization, or else the organizations of its tenant."""
    if scope.organization:
        return directory.count_users(snapshot, scope.organization.number)
    return directory.count_organizations(snapshot, scope.tenant)


def in_one_currency(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Return the scope in its currency, or else in that of the organization or the tenant."""
    row = scope.organization
    if scope.currency is not None:
        return scope
    currency = row.currency if row else directory.tenant_currency(snapshot, scope.tenant)
    return msgspec.structs.replace(scope, currency=currency)


def in_its_currency(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Return the scope in one currency; raise if an organization has a different one."""
    row = scope.organization
    if row and scope.currency not in (None, row.currency):
        sentence = f"currency must be {row.currency}, the currency of the organization, or absent"
        raise InvalidRequest.of([Problem("currency", "other_currency", sentence)])
    return in_one_currency(snapshot, scope)


def summed_scope(snapshot: Snapshot, scope: QuestionScope) -> QuestionScope:
    """Return the scope of a list's totals: with several currencies, only the tenant's.

    A list in one currency, whichever it is, is added up as a whole.
    """
    if scope.currency is not None or scope.organization:
        return scope
    if len(directory.currencies(snapshot, scope.tenant)) < 2:
        return scope
    return in_one_currency(snapshot, scope)


def require_one_currency(snapshot: Snapshot, scope: QuestionScope, field: str) -> None:
    """Raise `CurrencyRequired` if organizations have several currencies and the scope has none."""
    if scope.currency is not None or scope.organization:
        return
    found = directory.currencies(snapshot, scope.tenant)
    if len(found) > 1:
        listed = ", ".join(found)
        sentence = f"currency is required with {field}: the organizations have {listed}"
        raise CurrencyRequired(sentence, [Problem("currency", "currency_required", sentence)])


def other_currencies(snapshot: Snapshot, scope: QuestionScope, period: Period | None) -> list[str]:
    """Read the currencies with costs in the period that are not in the answer."""
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
