"""Organizations and users on both engines: what is refused, and what each act in the log has."""

import pytest

from tests.administration.office import Office
from tests.builders import event
from tollbook.administration.budgets import NewBudget, set_budget
from tollbook.administration.organizations import (
    NewOrganization,
    OrganizationChange,
    change_organization,
    create_organization,
    delete_organization,
)
from tollbook.administration.users import (
    NewUser,
    UserChange,
    change_user,
    create_user,
    delete_user,
)
from tollbook.domain.directory import Organization, Status, User, UserPermission
from tollbook.domain.errors import AlreadyExists, InUse
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.store.database import Transaction


def test_an_organization_has_the_currency_of_its_tenant_unless_it_names_one(
    office: Office,
) -> None:
    usual = office.act(create_organization, NewOrganization("Acme", "org_1"))
    assert usual == Organization("org_1", "Acme", "UTC", "USD", Status.ACTIVE)
    named = office.act(
        create_organization,
        NewOrganization("Tokyo", "org_2", "Asia/Tokyo", "JPY", Status.SUSPENDED, "JP"),
    )
    assert named == Organization("org_2", "Tokyo", "Asia/Tokyo", "JPY", Status.SUSPENDED, "JP")
    assigned = office.act(create_organization, NewOrganization("Random"))
    assert assigned.id.startswith("org_")
    assert len(assigned.id) == len("org_") + 16
    assert office.log()[:2] == [
        (
            *("organization.create", "organization org_1"),
            {"timezone": "UTC", "currency": "USD", "status": "active", "number_format": None},
        ),
        (
            *("organization.create", "organization org_2"),
            {
                "timezone": "Asia/Tokyo",
                "currency": "JPY",
                "status": "suspended",
                "number_format": "JP",
            },
        ),
    ]


def test_an_organization_is_refused_with_every_problem(office: Office) -> None:
    for new, problems in (
        (NewOrganization("", "x"), [("name", "empty")]),
        (NewOrganization("Acme", ""), [("id", "empty")]),
        (NewOrganization("Acme", ".."), [("id", "unaddressable_id")]),
        (NewOrganization("Acme", "x", "Atlantis"), [("timezone", "unknown_timezone")]),
        (NewOrganization("Acme", "x", "localtime"), [("timezone", "local_timezone")]),
        (NewOrganization("Acme", "x", currency="XTS"), [("currency", "invalid_currency")]),
        (NewOrganization("Acme", "x", email="x"), [("email", "invalid_email")]),
        (
            NewOrganization("\0", "a\nb", "Atlantis", "usd", number_format="ZZ"),
            [
                *(("id", "control_characters"), ("name", "control_characters")),
                *(("timezone", "unknown_timezone"), ("currency", "invalid_currency")),
                ("number_format", "invalid_number_format"),
            ],
        ),
    ):
        assert office.problems(create_organization, new) == problems
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    with pytest.raises(AlreadyExists, match="organization org_1 exists already"):
        office.act(create_organization, NewOrganization("Other", "org_1"))
    assert office.row().name == "Acme"


def test_a_change_of_an_organization_names_what_it_changes(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1", number_format="GB"))
    renamed = office.act(change_organization, office.row(), OrganizationChange(name="Acme Ltd"))
    assert (renamed.name, renamed.number_format) == ("Acme Ltd", "GB")
    changed = office.act(
        change_organization,
        office.row(),
        OrganizationChange(number_format=None, timezone="Asia/Tokyo", email="a@acme.example"),
    )
    assert changed == Organization("org_1", "Acme Ltd", "Asia/Tokyo", "USD", email="a@acme.example")
    assert office.row().timezone == "Asia/Tokyo"
    assert [details["changed"] for _, _, details in office.log()[1:]] == [
        ["name"],
        ["timezone", "number_format", "email"],
    ]
    for change, problem in (
        (OrganizationChange(name=" "), ("name", "empty")),
        (OrganizationChange(timezone="localtime"), ("timezone", "local_timezone")),
        (OrganizationChange(currency="ZZZ"), ("currency", "invalid_currency")),
        (OrganizationChange(number_format="ZZ"), ("number_format", "invalid_number_format")),
        (OrganizationChange(email=""), ("email", "empty")),
    ):
        assert problem in office.problems(change_organization, office.row(), change)


def test_the_currency_stays_while_there_are_budgets_in_it(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    office.act(set_budget, office.row(), "", NewBudget(monthly="100"))
    with pytest.raises(InUse, match="organization org_1 has budgets in USD: remove them first"):
        office.act(change_organization, office.row(), OrganizationChange(currency="EUR"))
    zoned = office.act(change_organization, office.row(), OrganizationChange(timezone="Asia/Tokyo"))
    assert (zoned.timezone, zoned.currency) == ("Asia/Tokyo", "USD")
    same = office.act(change_organization, office.row(), OrganizationChange(currency="USD"))
    assert same == zoned


def test_an_organization_with_events_keeps_its_terms_and_stays(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    office.send(event())
    for change, terms in (
        (OrganizationChange(timezone="Asia/Tokyo"), "timezone"),
        (OrganizationChange(currency="EUR"), "currency"),
        (OrganizationChange(timezone="Asia/Tokyo", currency="EUR"), "timezone and currency"),
    ):
        with pytest.raises(InUse, match=f"org_1 has events: its {terms} cannot change"):
            office.act(change_organization, office.row(), change)
    kept = office.act(
        change_organization, office.row(), OrganizationChange(name="New", timezone="UTC")
    )
    assert (kept.name, kept.timezone) == ("New", "UTC")
    with pytest.raises(InUse, match="organization org_1 has events and cannot be deleted"):
        office.act(delete_organization, office.row())
    user = office.user("user_1")
    assert user is not None
    with pytest.raises(InUse, match="user user_1 of org_1 has events and cannot be deleted; erase"):
        office.act(delete_user, office.row(), user)
    assert office.user("user_1") == user


def test_an_organization_without_events_is_deleted_with_its_users(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    office.act(create_user, office.row(), NewUser("Ann", "ann"))
    deleted = office.act(delete_organization, office.row())
    assert deleted == Organization("org_1", "Acme")
    assert office.log()[-1] == ("organization.delete", "organization org_1", {})
    office.act(create_organization, NewOrganization("Acme again", "org_1"))
    assert office.user() is None


def test_users_are_created_changed_and_deleted(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    ann = office.act(
        create_user,
        office.row(),
        NewUser("Ann", "ann", "ann@acme.example", permission=UserPermission.ADMIN),
    )
    assert ann == User("ann", "Ann", "ann@acme.example", Status.ACTIVE, UserPermission.ADMIN)
    assert office.user() == ann
    changed = office.act(
        change_user, office.row(), ann, UserChange(email=None, status=Status.INACTIVE)
    )
    assert changed == User("ann", "Ann", None, Status.INACTIVE, UserPermission.ADMIN)
    assert office.user() == changed
    office.act(delete_user, office.row(), changed)
    assert office.user() is None
    assert office.act(create_user, office.row(), NewUser("Any")).id.startswith("user_")
    assert office.log()[1:4] == [
        ("user.create", "user ann", {"status": "active", "permission": "admin"}),
        (
            *("user.change", "user ann"),
            {"changed": ["email", "status"], "status": "inactive", "permission": "admin"},
        ),
        ("user.delete", "user ann", {}),
    ]


def test_a_user_is_refused_with_every_problem(office: Office) -> None:
    office.act(create_organization, NewOrganization("Acme", "org_1"))
    office.act(create_user, office.row(), NewUser("Ann", "ann"))
    for new, problems in (
        (NewUser("", "x"), [("name", "empty")]),
        (NewUser("x", ""), [("id", "empty")]),
        (NewUser("x", "."), [("id", "unaddressable_id")]),
        (NewUser("x", "x", "x"), [("email", "invalid_email")]),
        (NewUser("x", "x", "@" * 255), [("email", "too_long")]),
        (NewUser(" ", "a\n", ""), [("id", "control_characters"), ("name", "empty")]),
    ):
        assert office.problems(create_user, office.row(), new)[: len(problems)] == problems
    with pytest.raises(AlreadyExists, match="user ann exists already in organization org_1"):
        office.act(create_user, office.row(), NewUser("Other", "ann"))
    ann = office.user()
    assert ann is not None
    for change, problem in (
        (UserChange(name=""), ("name", "empty")),
        (UserChange(email="nobody"), ("email", "invalid_email")),
    ):
        assert office.problems(change_user, office.row(), ann, change) == [problem]
    assert office.user() == ann


def test_a_refusal_stores_nothing_of_its_transaction(office: Office) -> None:
    def two(transaction: Transaction, actor: Actor) -> None:
        create_organization(transaction, actor, NewOrganization("Acme", "org_1"))
        create_organization(transaction, actor, NewOrganization("", "org_2"))

    assert office.problems(two) == [("name", "empty")]
    with office.database.reading() as snapshot:
        assert directory.find_organization(snapshot, office.tenant, "org_1") is None
