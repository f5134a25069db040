"""tollbook tenants, organizations, users: create and list."""

import pytest

from tests.builders import Platform
from tests.cli.conftest import Tollbook
from tollbook.store.database import Database


def test_nothing_is_said_to_be_nothing(tollbook: Tollbook) -> None:
    assert tollbook("tenants", "list").out == "no tenants yet\n"
    assert tollbook("organizations", "list").out == "tenant default has no organizations yet\n"
    tollbook("organizations", "create", "org_1")
    assert tollbook("users", "list", "org_1").out == "organization org_1 has no users yet\n"
    assert tollbook.json("users", "list", "org_1") == []


def test_a_tenant_is_created_without_prices(tollbook: Tollbook) -> None:
    created = tollbook.json("tenants", "create", "acme", "--name", "Acme")
    assert created == {
        "id": "acme",
        "name": "Acme",
        "currency": "USD",
        "number_format": "strict",
        "timezone": "UTC",
    }
    assert tollbook.json("tenants", "list") == [created]
    assert tollbook.json("prices", "list", "--tenant", "acme") == []
    assert "exists already" in tollbook.refusal("tenants", "create", "acme")


def test_an_organization_is_created_and_listed(tollbook: Tollbook) -> None:
    created = tollbook.json(
        *("organizations", "create", "org_1", "--name", "Acme", "--timezone", "Asia/Tokyo"),
        *("--currency", "JPY", "--email", "billing@acme.com"),
    )
    assert created == {
        "id": "org_1",
        "name": "Acme",
        "timezone": "Asia/Tokyo",
        "currency": "JPY",
        "status": "active",
        "number_format": None,
        "email": "billing@acme.com",
    }
    assert tollbook.json("organizations", "list") == [created]
    ran = tollbook("organizations", "list")
    assert all(it in ran.out for it in ("org_1", "Acme", "Asia/Tokyo", "JPY", "active"))


def test_the_number_format_of_an_organization_goes_before_its_tenants(tollbook: Tollbook) -> None:
    tollbook("tenants", "create", "acme", "--number-format", "GB")
    tollbook("organizations", "create", "own", "--tenant", "acme", "--number-format", "US")
    tollbook("organizations", "create", "as_tenant", "--tenant", "acme")

    def formats() -> dict[str, str | None]:
        listed = tollbook.json("organizations", "list", "--tenant", "acme")
        return {it["id"]: it["number_format"] for it in listed}

    assert formats() == {"own": "US", "as_tenant": None}
    tollbook("organizations", "change", "own", "--tenant", "acme", "--number-format", "strict")
    assert formats()["own"] == "strict"
    of_tenant = ("organizations", "change", "own", "--tenant", "acme", "--number-format-of-tenant")
    assert "that of its tenant" in tollbook(*of_tenant).out
    assert formats()["own"] is None
    changed = tollbook.json("tenants", "change", "acme", "--number-format", "international")
    assert changed["number_format"] == "international"
    assert tollbook.json("tenants", "list") == [changed]
    acts = tollbook.json("audit", "--tenant", "acme")
    details = [it["details"] for it in acts if it["action"] == "tenant.change"]
    assert details == [{"currency": "USD", "number_format": "international", "timezone": "UTC"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenants", "create", "acme", "--number-format", "ZZ"),
        ("tenants", "change", "default", "--number-format", "ZZ"),
        ("organizations", "create", "org_1", "--number-format", "ZZ"),
        ("organizations", "change", "org_1", "--number-format", "ZZ"),
    ],
)
def test_what_is_no_number_format_is_refused(
    tollbook: Tollbook, arguments: tuple[str, ...]
) -> None:
    ran = tollbook(*arguments)
    assert ran.code == 2
    assert "'--number-format': number_format must be strict, international, an ISO" in ran.err


def test_there_must_be_a_tenant_to_change(tollbook: Tollbook) -> None:
    ran = tollbook.refusal("tenants", "change", "nobody", "--number-format", "GB")
    assert "there is no tenant nobody" in ran


def test_organizations_of_one_tenant_are_no_others(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1", "--tenant", "a")
    assert tollbook.json("organizations", "list", "--tenant", "b") == []
    assert tollbook("organizations", "create", "org_1", "--tenant", "b").code == 0
    assert "exists already" in tollbook.refusal("organizations", "create", "org_1", "--tenant", "a")


def test_every_problem_of_an_organization_is_listed(tollbook: Tollbook) -> None:
    said = tollbook.refusal("organizations", "create", " ", "--timezone", "Mars")
    assert said.splitlines() == [
        "tollbook: id must not be empty",
        "  id: id must not be empty",
        "  name: name must not be empty",
        "  timezone: timezone must be an IANA name such as Europe/Berlin",
    ]
    assert tollbook.json("organizations", "list") == []


def test_a_single_problem_is_said_once(tollbook: Tollbook) -> None:
    said = tollbook.refusal("organizations", "create", "org_1", "--timezone", "Mars/X")
    assert said == "tollbook: timezone must be an IANA name such as Europe/Berlin\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("organizations", "create", "org_1"),
        ("tenants", "create", "acme"),
        ("tenants", "change", "default"),
        ("report", "overview"),
        ("report", "changes"),
        ("report", "forecast"),
    ],
)
def test_what_is_no_currency_is_not_understood(
    tollbook: Tollbook, arguments: tuple[str, ...]
) -> None:
    ran = tollbook(*arguments, "--currency", "ZZZ")
    assert (ran.code, ran.out) == (2, "")
    assert "'--currency': currency must be an ISO 4217 code such as USD" in ran.err


def test_a_single_problem_names_its_field_where_its_sentence_does_not(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    made = tollbook.json(
        *("keys", "create", "--permission", "analytics:read", "--organization", "org_1"),
        *("--user", "ann"),
    )
    create = ("viewers", "create", "org_1", "--key", made["key"]["prefix"], "--user", "bob")
    assert tollbook.refusal(*create).splitlines() == [
        "tollbook: user_id: this key is bound to another user"
    ]


@pytest.mark.parametrize("tenant", ["", " ", "a\tb", "x" * 256])
@pytest.mark.parametrize(
    "verb", [("organizations", "create", "org_1"), ("keys", "create", "--permission", "admin")]
)
def test_a_tenant_that_could_not_be_created_is_not_made_up(
    tollbook: Tollbook, verb: tuple, tenant: str
) -> None:
    ran = tollbook(*verb, "--tenant", tenant)
    assert ran.code in (1, 2)
    assert "tenant must " in ran.err
    assert tollbook.json("tenants", "list") == []


def test_a_user_is_created_and_listed(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    created = tollbook.json("users", "create", "org_1", "ann", "--name", "Ann", "--email", "a@b")
    assert created == {
        "id": "ann",
        "name": "Ann",
        "email": "a@b",
        "status": "active",
        "permission": "user",
    }
    tollbook("users", "create", "org_1", "bob")
    assert [it["name"] for it in tollbook.json("users", "list", "org_1")] == ["Ann", "bob"]
    assert "exists already" in tollbook.refusal("users", "create", "org_1", "ann")
    assert "email must contain @" in tollbook.refusal(
        "users", "create", "org_1", "eve", "--email", "x"
    )


@pytest.mark.parametrize("verb", [("users", "list", "nobody"), ("users", "create", "nobody", "a")])
def test_users_of_an_unknown_organization_are_refused(tollbook: Tollbook, verb: tuple) -> None:
    assert tollbook.refusal(*verb) == "tollbook: tenant default has no organization nobody\n"


@pytest.mark.parametrize(
    "name", ["[red]", "[/x]", "Bob [dispatch]", "[link=http://x]y[/link]", ":smile:"]
)
def test_a_name_is_shown_as_it_is(tollbook: Tollbook, name: str) -> None:
    tollbook("organizations", "create", "org_1", "--name", name)
    tollbook("users", "create", "org_1", "ann", "--name", name)
    for verb in (
        ("organizations", "list"),
        ("users", "list", "org_1"),
        ("report", "users", "org_1"),
    ):
        ran = tollbook(*verb)
        assert ran.code == 0
        assert name in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("organizations", "create", "."),
        ("organizations", "create", ".."),
        ("organizations", "create", "x", "--timezone", "localtime"),
        ("organizations", "create", "x", "--timezone", "Factory"),
        ("users", "create", "org_1", ".."),
    ],
)
def test_what_would_mean_nothing_reliable_is_not_created(
    tollbook: Tollbook, arguments: tuple[str, ...]
) -> None:
    tollbook("organizations", "create", "org_1")
    said = tollbook.refusal(*arguments)
    assert "must" in said
    assert [it["id"] for it in tollbook.json("organizations", "list")] == ["org_1"]
    assert tollbook.json("users", "list", "org_1") == []


def test_verify_names_organizations_of_the_machine_s_zone_without_failing(
    tollbook: Tollbook, ledger: Database
) -> None:
    platform = Platform(ledger)
    platform.organization(timezone="localtime")
    platform.organization("org_2", timezone="Europe/Berlin")
    ran = tollbook("verify")
    assert ran.code == 0
    assert "organization org_1 of tenant default has the timezone localtime" in ran.out
    assert "org_2" not in ran.out
    assert tollbook.json("verify")["local_timezones"] == [
        {"tenant_id": "default", "organization_id": "org_1", "timezone": "localtime"}
    ]


def test_a_tenants_currency_is_that_of_its_new_organizations(tollbook: Tollbook) -> None:
    tollbook("tenants", "create", "acme", "--currency", "EUR")
    tollbook("organizations", "create", "first", "--tenant", "acme")
    changed = tollbook.json("tenants", "change", "acme", "--currency", "CHF")
    assert changed["currency"] == "CHF"
    tollbook("organizations", "create", "second", "--tenant", "acme")
    listed = tollbook.json("organizations", "list", "--tenant", "acme")
    assert {it["id"]: it["currency"] for it in listed} == {"first": "EUR", "second": "CHF"}
    acts = tollbook.json("audit", "--tenant", "acme")
    (details,) = (it["details"] for it in acts if it["action"] == "tenant.change")
    assert details == {"currency": "CHF", "number_format": "strict", "timezone": "UTC"}
    refused = tollbook.refusal("tenants", "change", "acme")
    assert "--currency, --number-format or --timezone" in refused


def test_a_tenant_has_a_time_zone_of_its_own(tollbook: Tollbook) -> None:
    tollbook("tenants", "create", "acme", "--timezone", "Asia/Tokyo")
    changed = tollbook("tenants", "change", "acme", "--timezone", "Europe/Berlin")
    assert "time zone Europe/Berlin" in changed.out
    assert [it["timezone"] for it in tollbook.json("tenants", "list")] == ["Europe/Berlin"]
    assert "timezone must be" in tollbook.refusal("tenants", "change", "acme", "--timezone", "x")


def test_deletions_are_confirmed(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "ann")
    deletions = (
        ("users", "delete", "org_1", "ann"),
        ("organizations", "delete", "org_1"),
        ("tenants", "delete", "default"),
    )
    for verb in deletions:
        assert "confirm with --yes" in tollbook.refusal(*verb)
        assert tollbook(*verb, "--yes").out.endswith("deleted\n")
        assert tollbook.refusal(*verb, "--yes")
    assert tollbook.json("tenants", "list") == []


def test_a_change_names_something(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "ann", "--email", "a@b")
    for verb in (("organizations", "change", "org_1"), ("users", "change", "org_1", "ann")):
        ran = tollbook(*verb)
        assert (ran.code, "an option with a new value is required" in ran.err) == (2, True)
    changed = tollbook.json("users", "change", "org_1", "ann", "--no-email", "--name", "Ann")
    assert (changed["name"], changed["email"]) == ("Ann", None)
    both = tollbook("users", "change", "org_1", "ann", "--no-email", "--email", "a@b")
    assert both.code == 2
