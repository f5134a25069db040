"""Budgets on both engines: set, changed and removed, each with its act in the log."""

import pytest

from tests.builders import Platform
from tollbook.administration.budgets import NewBudget, remove_budget, set_budget
from tollbook.domain.budgets import Budget
from tollbook.domain.directory import User
from tollbook.domain.errors import NotFound
from tollbook.domain.exact import amount_text
from tollbook.store import directory, versions
from tollbook.store.audit import Actor, acts
from tollbook.store.budgets import budgets, find_budget
from tollbook.store.database import Database
from tollbook.store.directory import OrganizationRow

CENT = 10_000_000


class Household(Platform):
    """A tenant whose budgets are set and taken away."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.at = 0

    def row(self, identity: str = "org_1") -> OrganizationRow:
        with self.database.reading() as snapshot:
            found = directory.find_organization(snapshot, self.tenant, identity)
        assert found is not None
        return found

    def set(self, monthly: int, user: str = "", organization: str = "org_1") -> Budget:
        self.at += 1
        actor = Actor(self.tenant, "tb_x", self.at)
        with self.database.writing() as transaction:
            return set_budget(
                transaction,
                actor,
                self.row(organization),
                user,
                NewBudget(amount_text(monthly), (1.0, 0.5)),
            )

    def remove(self, user: str = "") -> Budget:
        self.at += 1
        actor = Actor(self.tenant, "tb_x", self.at)
        with self.database.writing() as transaction:
            return remove_budget(transaction, actor, self.row(), user)

    def token(self) -> int:
        with self.database.reading() as snapshot:
            return versions.ledger_version(snapshot, self.row().number).token


@pytest.fixture
def household(database: Database) -> Household:
    household = Household(database)
    household.organization()
    return household


def test_at_first_there_are_none(household: Household) -> None:
    with household.database.reading() as snapshot:
        assert budgets(snapshot, household.tenant) == []
        assert find_budget(snapshot, household.row().number, "") is None
    token = household.token()
    with pytest.raises(NotFound, match="organization org_1 has no budget"):
        household.remove()
    assert household.token() == token


def test_a_budget_is_set_changed_and_taken_away(household: Household) -> None:
    tokens = [household.token()]
    assert household.set(100 * CENT) == Budget("", 100 * CENT, (0.5, 1.0), 1, 1)
    tokens.append(household.token())
    changed = household.set(200 * CENT)
    assert changed == Budget("", 200 * CENT, (0.5, 1.0), 1, 2)
    tokens.append(household.token())
    with household.database.reading() as snapshot:
        assert find_budget(snapshot, household.row().number, "") == changed
    assert household.remove() == changed
    tokens.append(household.token())
    assert len(set(tokens)) == len(tokens)
    with household.database.reading() as snapshot:
        assert find_budget(snapshot, household.row().number, "") is None
        logged = [(it.action, it.object, it.details) for it in acts(snapshot, household.tenant)]
    alerts = {"alert_at": [0.5, 1.0]}
    assert logged[::-1] == [
        ("budget.set", "org_1", {"monthly": "1.00", "before": None} | alerts),
        ("budget.set", "org_1", {"monthly": "2.00", "before": "1.00"} | alerts),
        ("budget.remove", "org_1", {"before": "2.00"}),
    ]


def test_budgets_are_listed_by_organization_and_user_of_one_tenant(household: Household) -> None:
    number = household.organization("org_0")
    with household.database.writing() as transaction:
        directory.add_user(transaction, number, User("u", "You"), 1)
    Platform(household.database, "another").organization("org_1")
    for organization, user in (("org_1", "b"), ("org_1", ""), ("org_1", "a"), ("org_0", "u")):
        household.set(CENT, user, organization)
    with household.database.reading() as snapshot:
        found = budgets(snapshot, household.tenant)
        assert [(it.organization.id, it.budget.user_id, it.user_name) for it in found] == [
            ("org_0", "u", "You"),
            ("org_1", "", ""),
            ("org_1", "a", ""),
            ("org_1", "b", ""),
        ]
        assert budgets(snapshot, household.tenant, household.row().number) == found[1:]
        assert budgets(snapshot, household.tenant, household.row().number, "a") == [found[2]]
        assert budgets(snapshot, "another") == []
