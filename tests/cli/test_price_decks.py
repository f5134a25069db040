"""tollbook prices with decks, drafts and own books, and what two versions differ in."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Tollbook

pytestmark = pytest.mark.usefixtures("example_prices")

DECK = "Destination;Prefix;Rate;Increments\nUK;4420;0.012;60/6\nUK mobile;4477-4479;0.09;60/60\n"
TERMS = (
    *("--meter", "voice.call", "--per", "minute", "--currency", "USD"),
    *("--effective-from", "2024-02-01"),
)
BOOK = """\
name: Mine
currency: USD
effective_from: 2024-02-01
source: a contract
rates:
  - {meter: sms.outbound, price: 0.05, per: segment}
decks:
  - {file: decks/uk.csv, meter: voice.call, per: minute}
"""
CARRIER = "Zielvorwahl;Preis;Nebenzeit;Art;Alter Preis\n0044;0,02;0,01;fest;1\n0045;1;1;;\n"
PAGE = (Path(__file__).parents[2] / "docs" / "decks.md").read_text()


def test_a_deck_is_loaded_alone(tollbook: Tollbook) -> None:
    path = tollbook.write("uk.csv", DECK)
    loaded = tollbook.json("prices", "load", path, *TERMS)
    assert (loaded["name"], loaded["source"], loaded["rates"]) == ("uk", "uk.csv", 4)
    named = tollbook("prices", "load", path, *TERMS, "--name", "A", "--source", "a mail")
    assert named.out == "A: 4 rates loaded as version 3\n"
    rates = tollbook.json("prices", "show", "3")["rates"]
    assert [it["to"] for it in rates] == ["4420", "4477", "4478", "4479"]
    assert "increments 60/6" in tollbook("prices", "show").out


def test_columns_and_the_rest_are_options(tollbook: Tollbook) -> None:
    path = tollbook.write("de.tsv", "Vorwahl\tPreis\tAlt\tAb\n49\t0,02\t1\t01/02/2024\n")
    options = (
        *("--column", "prefix=Vorwahl", "--column", "price=Preis", "--column", "valid_from=Ab"),
        *("--ignore", "Alt", "--decimal-comma", "--dates", "dmy", "--when", "route=direct"),
        *("--increments", "60/6", "--minimum", "30", "--grace", "5", "--connect-fee", "0,1"),
    )
    tollbook.json("prices", "load", path, *TERMS, *options)
    (rate,) = tollbook.json("prices", "show")["rates"]
    assert rate == {
        "rate_id": 13,
        "meter": "voice.call",
        "price": "0.02",
        "per": "minute",
        "to": "49",
        "when": {"route": "direct"},
        "valid_from": "2024-02-01",
        "increments": "60/6",
        "minimum": "30",
        "grace": "5",
        "connect_fee": "0.1",
    }
    inbound = tollbook.json("prices", "load", path, *TERMS, *options, "--inbound")
    assert tollbook.json("prices", "show", str(inbound["version"]))["rates"][0]["from"] == "49"


def test_a_yaml_book_names_decks_beside_it(tollbook: Tollbook) -> None:
    (tollbook.folder / "books" / "decks").mkdir(parents=True)
    tollbook.write("books/decks/uk.csv", DECK)
    path = tollbook.write("books/mine.yaml", BOOK)
    assert tollbook.json("prices", "load", path)["rates"] == 5
    Path(tollbook.folder / "books" / "decks" / "uk.csv").unlink()
    assert "decks[0].file: line 8: file cannot be read: " in tollbook.refusal(
        "prices", "load", path
    )


def test_a_refused_deck_is_refused_whole_with_every_line(tollbook: Tollbook) -> None:
    path = tollbook.write("bad.csv", DECK + "UK;4420;1;60/6\nUK;x;y;\n")
    said = tollbook.refusal("prices", "load", path, *TERMS)
    assert said.startswith("tollbook: the price book has 3 errors; nothing was loaded\n")
    assert "  prefix: line 4: prefix 4420 has another price on line 2\n" in said
    assert "  Rate: line 5: Rate must be a number" in said
    assert [it["version"] for it in tollbook.json("prices", "list")] == [1]


@pytest.mark.parametrize(
    ("file", "options", "sentence"),
    [
        ("a.csv", (), "a deck needs --meter, --per, --currency, --effective-from"),
        ("a.csv", ("--meter", "voice.call"), "a deck needs --per, --currency, --effective-from"),
        ("a.yaml", ("--per", "minute"), "--per is for decks; a YAML book states it itself"),
        ("a.yaml", ("--inbound",), "--inbound is for decks; a YAML book states it itself"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tollbook: Tollbook, file: str, options: tuple[str, ...], sentence: str
) -> None:
    assert sentence in tollbook.refusal("prices", "load", tollbook.write(file, DECK), *options)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--column", "price", "price is not like NAME=VALUE"),
        ("--when", "route=", "route= is not like NAME=VALUE"),
        ("--effective-from", "soon", "soon is not a date such as 2024-01-31"),
        ("--currency", "dollar", "currency must be an ISO 4217 code"),
    ],
)
def test_options_of_a_wrong_form_are_not_understood(
    tollbook: Tollbook, option: str, value: str, sentence: str
) -> None:
    ran = tollbook("prices", "load", tollbook.write("a.csv", DECK), *TERMS, option, value)
    assert (ran.code, f"'{option}': {sentence}" in ran.err) == (2, True)


def test_a_draft_is_published_once(tollbook: Tollbook) -> None:
    path = tollbook.write("uk.csv", DECK)
    loaded = tollbook("prices", "load", path, *TERMS, "--draft")
    assert loaded.out == "uk: 4 rates loaded as version 2, a draft\n"
    assert [it["status"] for it in tollbook.json("prices", "list")] == ["published", "draft"]
    published = tollbook("prices", "publish", "2", "--effective-from", "2024-03-01")
    assert published.out == "uk: version 2 is published from 2024-03-01 on\n"
    assert tollbook.json("prices", "publish", "2")["effective_from"] == "2024-03-01"
    refused = tollbook.refusal("prices", "publish", "2", "--effective-from", "2024-04-01")
    assert "published from 2024-03-01 on and cannot change; load a new one" in refused
    first = tollbook.json("prices", "list")[0]
    assert (first["status"], first["effective_until"]) == ("superseded", "2024-02-29")


def test_a_deck_says_which_meters_have_no_price_any_longer(tollbook: Tollbook) -> None:
    path = tollbook.write("uk.csv", DECK)
    lost = (
        "sms.outbound, sms.inbound, mms.outbound, mms.inbound, api.request, api.storage, "
        "phone.rental, phone.purchase, kb.rental, kb.usage, brand.registration\n"
    )
    drafted = tollbook("prices", "load", path, *TERMS, "--draft")
    assert drafted.err == f"no longer priced from 2024-02-01, once it is published: {lost}"
    published = tollbook("prices", "publish", "2", "--effective-from", "2024-03-01")
    assert published.err == f"no longer priced from 2024-03-01: {lost}"
    named = tollbook.json("prices", "publish", "2")["no_longer_priced"]
    assert named == lost.strip().split(", ")


def test_what_cannot_be_published_is_refused_with_a_sentence(tollbook: Tollbook) -> None:
    tollbook("tenants", "create", "default")
    assert "there is no price book version 9" in tollbook.refusal("prices", "publish", "9")
    ran = tollbook("prices", "publish", "1", "--effective-from", "soon")
    assert (ran.code, "soon is not a date such as 2024-01-31" in ran.err) == (2, True)


def test_an_organization_may_have_a_book_of_its_own(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("organizations", "create", "org_2", "--currency", "EUR")
    path = tollbook.write("uk.csv", DECK)
    loaded = tollbook.json("prices", "load", path, *TERMS, "--organization", "org_1")
    assert loaded["organization_id"] == "org_1"
    own = tollbook.json("prices", "list", "--organization", "org_1")
    assert [it["version"] for it in own] == [2]
    said = tollbook.refusal("prices", "load", path, *TERMS, "--organization", "org_2")
    assert "the price book is in USD, organization org_2 in EUR; nothing is converted" in said
    assert "no organization org_9" in tollbook.refusal(
        "prices", "load", path, *TERMS, "--organization", "org_9"
    )


def test_two_versions_are_compared(tollbook: Tollbook) -> None:
    tollbook("prices", "load", tollbook.write("uk.csv", DECK), *TERMS)
    changed = DECK.replace("0.012", "0.015").replace("4477-4479", "4478-4480").replace("09", "08")
    tollbook("prices", "load", tollbook.write("uk2.csv", changed), *TERMS)
    found = tollbook.json("prices", "diff", "2", "3")
    assert found["counts"] == {
        "voice.call": {"added": 1, "removed": 1, "dearer": 1, "cheaper": 2, "changed": 0}
    }
    assert found["differences"][0] == {
        "change": "dearer",
        "meter": "voice.call",
        "when": {"to": "4420"},
        "destination": "UK",
        "hours": [],
        "old": {"price": "0.012", "per": "minute"},
        "new": {"price": "0.015", "per": "minute"},
        "percent": 25.0,
    }
    table = tollbook("prices", "diff", "2", "3", "--limit", "1").out
    assert "+25.00%" in table
    assert "and 4 more" in table
    assert "no rate is different in versions 2 and 2" in tollbook("prices", "diff", "2", "2").out
    assert "there is no price book version 9" in tollbook.refusal("prices", "diff", "2", "9")


def test_a_long_book_is_shown_up_to_a_limit(tollbook: Tollbook) -> None:
    tollbook("prices", "load", tollbook.write("uk.csv", DECK), *TERMS)
    assert "and 2 more" in tollbook("prices", "show", "2", "--limit", "2").out
    assert len(tollbook.json("prices", "show", "2", "--limit", "2")["rates"]) == 2


def test_the_commands_of_the_page_run(tollbook: Tollbook) -> None:
    (deck,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    tollbook.write("uk.csv", deck)
    mapping, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    tollbook.write("carrier.yaml", mapping)
    tollbook.write("carrier.csv", CARRIER)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for command in block.replace("\\\n", " ").strip().splitlines():
            name, *arguments = shlex.split(command)
            assert name == ".venv/bin/tollbook"
            ran = tollbook(*arguments)
            assert ran.code == 0, ran.err
    assert [(it["rates"], it["status"]) for it in tollbook.json("prices", "list")][1:] == [
        (7, "superseded"),
        (7, "published"),
    ]


LIST = (
    "ACME Carrier;;;;\nDestination;Code;Rate;Effective;Status\n"
    "UK;44;0.02;01/02/2024;Active\nUK mobile;4477;0.09;01/03/2024;Active\n"
    "UK satellite;8816;9;01/02/2024;Closed\nPrices without VAT;;;;\n"
)
MAPPING = """\
meter: voice.call
per: minute
dates: dmy
skip: {Status: [Closed]}
"""


def test_a_dry_run_shows_what_was_understood_and_loads_nothing(tollbook: Tollbook) -> None:
    path, mapping = tollbook.write("list.csv", LIST), tollbook.write("mapping.yaml", MAPPING)
    terms = ("--columns-from", mapping, "--currency", "USD", "--effective-from", "2024-02-01")
    shown = tollbook.json("prices", "load", path, *terms, "--dry-run")
    (deck,) = shown["decks"]
    assert deck["columns"] == {
        "prefix": "Code",
        "price": "Rate",
        "valid_from": "Effective",
        "destination": "Destination",
    }
    assert (deck["header_line"], deck["rows"], deck["rates"]) == (2, 4, 2)
    assert deck["skipped"] == {"no prefix and no price": 2, "Status = Closed": 1}
    assert shown["days"] == {"2024-02-01": 1, "2024-03-01": 1}
    assert [it["price"] for it in shown["highest_prices"]] == ["0.09", "0.02"]
    assert [(it["to"], it["until_then"]) for it in shown["starts_later"]] == [("4477", "44")]
    assert (shown["replaces"], shown["changes"]["added"]) == (1, 2)
    text = tollbook("prices", "load", path, *terms, "--dry-run").out
    assert "2 rates for 2 prefixes, in USD, from 2024-02-01; nothing was loaded" in text
    assert "1 skipped, Status = Closed: line 5" in text
    assert "4477 (UK mobile) starts on 2024-03-01: until then prefix 44 applies" in text
    assert len(tollbook.json("prices", "list")) == 1


def test_loading_names_rows_that_are_not_priced_and_codes_that_start_later(
    tollbook: Tollbook,
) -> None:
    path = tollbook.write("list.csv", LIST)
    loaded = tollbook("prices", "load", path, *TERMS, "--dates", "dmy", "--only", "Status=Active")
    assert loaded.out == "list: 2 rates loaded as version 2\n"
    assert "4477 (UK mobile) starts on 2024-03-01: until then prefix 44 applies" in loaded.err
    assert "1 row is not priced: Status = Closed" in loaded.err
    assert "to=4477 (UK mobile)" in tollbook("prices", "show").out


def test_options_go_over_a_mapping_and_that_over_a_format(tollbook: Tollbook) -> None:
    path = tollbook.write("list.csv", "Code,Destination,Tariff,Priority\n0044,UK,0.02,1\n")
    mapping = tollbook.write("mapping.yaml", "columns: {price: Tariff}\naccess_codes: ['00']\n")
    options = ("--format", "astpp", "--columns-from", mapping, "--currency", "USD")
    tollbook("prices", "load", path, *options, "--effective-from", "2024-02-01")
    (rate,) = tollbook.json("prices", "show")["rates"]
    assert (rate["to"], rate["price"], rate["per"]) == ("44", "0.02", "minute")


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ("colums: {}\n", "line 1: unknown field 'colums'; the fields are"),
        ("dates: dmy\nskip: x\n", "line 2: skip must be a mapping of header to values"),
        ("dates: dmy\ndates: mdy\n", "line 2: dates is given twice"),
        ("tollbook_mapping: 2\n", "line 1: tollbook_mapping must be 1"),
        ("{", "mapping.yaml is not YAML"),
        ("", "mapping.yaml is empty"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(
    tollbook: Tollbook, mapping: str, sentence: str
) -> None:
    path = tollbook.write("list.csv", LIST)
    saved = tollbook.write("mapping.yaml", mapping)
    said = tollbook.refusal("prices", "load", path, *TERMS, "--columns-from", saved)
    assert sentence in said
