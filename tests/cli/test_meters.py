"""tollbook meters: list, add, change and retire, and events and reports of own meters."""

import json

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook
from tollbook.domain.meters import CATALOG
from tollbook.domain.ready_catalogs import READY_CATALOGS

BOOK = """
name: Standard
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: fax.outbound, price: 0.5, per: page}
"""


def test_a_ready_made_catalog_is_added_priced_used_and_reported(tollbook: Tollbook) -> None:
    ran = tollbook("meters", "add", "--catalog", "fax")
    assert (ran.code, ran.out.splitlines()) == (
        0,
        ["meter fax.outbound added", "meter fax.inbound added", "meter fax.call added"],
    )
    again = tollbook("meters", "add", "--catalog", "fax").out.splitlines()
    assert sorted(again) == sorted(
        f"meter {it.type} exists already" for it in READY_CATALOGS["fax"]
    )
    tollbook("organizations", "create", "org_1", "--name", "Acme")
    assert tollbook("prices", "load", tollbook.write("book.yaml", BOOK)).code == 0
    sent = event(id="fax-1", type="fax.outbound", quantity=3)
    lost = event(id="fax-2", type="fax.outboun", quantity=3)
    path = tollbook.write("events.ndjson", "\n".join(map(json.dumps, (sent, lost))))
    ran = tollbook("import", path)
    assert "the nearest meter is fax.outbound" in ran.out + ran.err
    report = ("report", "users", "org_1", "--start", "2024-01-15", "--end", "2024-01-15")
    (user,) = tollbook.json(*report, "--meter", "fax.outbound")["users"]
    assert user["total_cost"] == 1.5
    wrong = tollbook(*report, "--meter", "fax.outboun")
    assert wrong.code == 1
    assert "the nearest meter is fax.outbound" in wrong.err
    shown = tollbook("prices", "show", "1").out
    assert "fax.outbound" in shown
    assert "used" in tollbook("meters", "list").out
    assert tollbook("verify").code == 0


def test_a_meter_is_changed_and_retired(tollbook: Tollbook) -> None:
    tollbook("meters", "add", "fax.page", "--unit", "page", "--category", "voice")
    ran = tollbook("meters", "change", "fax.page", "--name", "Faxes", "--whole")
    assert (ran.code, ran.out) == (0, "meter fax.page changed\n")
    assert tollbook("meters", "retire", "fax.page").out == "meter fax.page is retired\n"
    (retired,) = tollbook.json("meters", "list", "--retired")
    assert (retired["type"], retired["name"], retired["whole"]) == ("fax.page", "Faxes", True)
    assert tollbook("meters", "retire", "fax.page", "--undo").out == "meter fax.page is active\n"
    assert tollbook("meters", "list", "--retired").out == "tenant default has no retired meters\n"
    assert len(tollbook.json("meters", "list")) == len(CATALOG) + 1


def test_the_ready_made_catalogs_are_listed(tollbook: Tollbook) -> None:
    listed = tollbook.json("meters", "list", "--catalogs")
    assert [it["name"] for it in listed] == list(READY_CATALOGS)
    assert "whatsapp.marketing" in tollbook("meters", "list", "--catalogs").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("add",),
        ("add", "a.b"),
        ("add", "a.b", "--catalog", "fax"),
        ("add", "--catalog", "nothing"),
        ("add", "a.b", "--unit", "item", "--category", "nothing"),
        ("change", "a.b"),
    ],
)
def test_invalid_usage(tollbook: Tollbook, arguments: tuple[str, ...]) -> None:
    assert tollbook("meters", *arguments).code == 2


def test_a_meter_that_is_not_there(tollbook: Tollbook) -> None:
    tollbook("meters", "add", "fax.page", "--unit", "page", "--category", "voice")
    ran = tollbook("meters", "retire", "fax.pag")
    assert ran.code == 1
    assert "the nearest meter is fax.page" in ran.err
