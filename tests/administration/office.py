"""A tenant that is administered without HTTP, and what its audit log has."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import Platform
from tollbook.domain.directory import User
from tollbook.domain.errors import InvalidRequest
from tollbook.store import directory
from tollbook.store.audit import COMMAND_LINE, Actor, acts
from tollbook.store.database import Database
from tollbook.store.directory import OrganizationRow

AT = 1_700_000_000_000_000


class Office(Platform):
    """A tenant whose directory is administered."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.at = AT

    def act(self, action: Callable[..., Any], *given: Any) -> Any:
        """Act a second after the act before, because the log is in the order of time."""
        self.at += 1_000_000
        with self.database.writing() as transaction:
            return action(transaction, Actor(self.tenant, COMMAND_LINE, self.at), *given)

    def row(self, identity: str = "org_1") -> OrganizationRow:
        with self.database.reading() as snapshot:
            found = directory.find_organization(snapshot, self.tenant, identity)
        assert found is not None
        return found

    def user(self, identity: str = "ann") -> User | None:
        with self.database.reading() as snapshot:
            return directory.find_user(snapshot, self.row().number, identity)

    def log(self) -> list[tuple[str, str, dict[str, Any]]]:
        with self.database.reading() as snapshot:
            found = list(acts(snapshot, self.tenant))
        return [(it.action, it.object, it.details) for it in reversed(found)]

    def problems(self, action: Callable[..., Any], *given: Any) -> list[tuple[str, str]]:
        """Return the fields and codes of a refusal, which must leave the log as it is."""
        before = self.log()
        with pytest.raises(InvalidRequest) as refusal:
            self.act(action, *given)
        assert self.log() == before
        return [(it.field, it.code) for it in refusal.value.details]
