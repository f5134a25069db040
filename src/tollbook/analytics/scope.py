"""Whose usage a question is about, and in which state of the ledger it is answered."""

from datetime import date

import msgspec

from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.store.directory import Head, OrganizationRow


class Scope(msgspec.Struct, frozen=True):
    """A whole tenant, one of its organizations, or one of that one's users.

    Of a whole tenant, `currency` chooses its organizations of one currency.
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

    def head(self, snapshot: Snapshot) -> Head:
        """Read what tells whether an answer given before still holds."""
        if self.organization:
            return directory.head(snapshot, self.organization.number)
        return directory.head_of_all(snapshot, self.tenant)
