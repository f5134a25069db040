"""tollbook prices: load a book whole or not at all, list, show."""

import pytest

from tests.cli.conftest import Tollbook
from tollbook.domain.meters import BY_TYPE

BOOK = """\
name: Mine
currency: EUR
effective_from: 2024-02-01
source: a contract
rates:
  - {meter: voice.call, price: 0.002, per: second}
  - {meter: sms.outbound, price: 0.05, per: segment, when: {to.country: GB, route: direct}}
"""

LOADED = {
    "organization_id": None,
    "name": "Mine",
    "currency": "EUR",
    "status": "published",
    "effective_from": "2024-02-01",
    "effective_until": None,
    "source": "a contract",
    "rates": 2,
    "created_at": "",
    "published_at": "",
    "rules": 2,
}


def test_the_example_prices_have_a_price_for_every_meter(tollbook: Tollbook) -> None:
    loaded = tollbook.json("prices", "load", "--example", "--tenant", "new")
    assert (loaded["version"], loaded["name"]) == (1, "Example prices")
    shown = tollbook.json("prices", "show", "--tenant", "new")
    assert sorted(it["meter"] for it in shown["rates"]) == sorted(BY_TYPE)
    (act,) = tollbook.json("audit", "--tenant", "new")
    assert act["action"] == "price_book.load"


def test_prices_are_loaded_from_a_file_or_from_the_example(tollbook: Tollbook) -> None:
    for arguments in ((), (tollbook.write("mine.yaml", BOOK), "--example")):
        said = tollbook.refusal("prices", "load", *arguments)
        assert "a FILE or --example is required, and not both" in said
    assert tollbook.json("prices", "list") == []


def test_a_tenant_without_a_book_says_so(tollbook: Tollbook) -> None:
    assert tollbook("prices", "list").out == "tenant default has no price book yet\n"
    assert "no price book version 0" in tollbook.refusal("prices", "show")


@pytest.mark.usefixtures("example_prices")
def test_a_book_is_loaded_as_the_next_version(tollbook: Tollbook) -> None:
    path = tollbook.write("mine.yaml", BOOK)
    loaded = tollbook.json("prices", "load", path)
    # The example prices are in USD, and stay in force.
    assert (loaded.pop("no_longer_priced"), loaded.pop("lost_prices")) == ([], [])
    assert loaded.pop("unreachable_rates") == []
    assert loaded.pop("unreachable_rates_count") == 0
    assert (loaded.pop("starts_later"), loaded.pop("starts_later_count")) == ([], 0)
    # It has no buy price for any meter.
    assert (loaded.pop("below_buy"), loaded.pop("below_buy_count")) == ([], 0)
    assert loaded.pop("without_buy_count") == 0
    assert {**loaded, "created_at": "", "published_at": ""} == {**LOADED, "version": 2}
    again = tollbook("prices", "load", path)
    assert (again.out, again.err) == ("Mine: 2 rates loaded as version 3\n", "")
    assert [it["version"] for it in tollbook.json("prices", "list")] == [1, 2, 3]


@pytest.mark.usefixtures("example_prices")
def test_a_book_is_shown_as_it_was_written(tollbook: Tollbook) -> None:
    tollbook("prices", "load", tollbook.write("mine.yaml", BOOK))
    shown = tollbook.json("prices", "show", "2")
    assert {**shown, "created_at": "", "published_at": ""} == {
        **LOADED,
        "version": 2,
        "rates": [
            {"rate_id": 13, "meter": "voice.call", "price": "0.002", "per": "second"},
            {
                "rate_id": 14,
                "meter": "sms.outbound",
                "price": "0.05",
                "per": "segment",
                "when": {"route": "direct", "to.country": "GB"},
            },
        ],
    }
    assert tollbook.json("prices", "show") == shown
    assert "route=direct, to.country=GB" in tollbook("prices", "show").out


def test_rates_that_no_event_can_reach_are_reported(tollbook: Tollbook) -> None:
    below = ", ".join(f"44{digit}" for digit in range(10))
    more = (
        "  - {meter: voice.call, to: 44, price: 1, per: minute}\n"
        f"  - {{meter: voice.call, to: [{below}], price: 1, per: minute}}\n"
    )
    path = tollbook.write("mine.yaml", BOOK + more)
    assert tollbook("prices", "load", path).err == (
        "no event can reach: voice.call; to 44: longer prefixes have all of its numbers\n"
    )
    (found,) = tollbook.json("prices", "load", path)["unreachable_rates"]
    assert (found["rate"], found["covered_by"]) == ("voice.call; to 44", "longer_prefixes")


def test_the_list_has_the_rules_by_which_a_book_charges(tollbook: Tollbook) -> None:
    tollbook("prices", "load", tollbook.write("mine.yaml", BOOK))
    out = tollbook("prices", "list").out
    assert " ".join(out.split()).count("Rates Rules Source") == 1
    assert out.split()[-4:] == ["2", "2", "a", "contract"]


@pytest.mark.parametrize("version", ["9", "0"])
def test_a_version_that_is_not_there_is_refused(tollbook: Tollbook, version: str) -> None:
    tollbook("tenants", "create", "default")
    assert f"no price book version {version}" in tollbook.refusal("prices", "show", version)
    assert tollbook("prices", "show", "--", f"-{version}").code == 2


def test_books_of_one_tenant_are_no_others(tollbook: Tollbook) -> None:
    tollbook("prices", "load", tollbook.write("mine.yaml", BOOK), "--tenant", "a")
    assert tollbook.json("prices", "list", "--tenant", "b") == []


def test_a_refused_book_is_refused_whole_with_every_error_and_its_line(
    tollbook: Tollbook,
) -> None:
    path = tollbook.write(
        "bad.yaml",
        "name: Bad\ncurrency: euro\neffective_from: 2024-02-30\nrates:\n"
        "  - {meter: fax, price: 1, per: page}\n"
        "  - {meter: voice.call, price: -1, per: fortnight}\n",
    )
    said = tollbook.refusal("prices", "load", path)
    assert said.startswith("tollbook: the price book has 6 errors; nothing was loaded\n")
    for field, line in (
        ("source", 1),
        ("currency", 2),
        ("effective_from", 3),
        ("rates[0].meter", 5),
        ("rates[1].price", 6),
        ("rates[1].per", 6),
    ):
        assert f"  {field}: line {line}: " in said
    assert tollbook.json("prices", "list") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "1 error"),
        ("[]", "1 error"),
        ("a: [", "is not YAML"),
        (b"\xff\xfe", "cannot read"),
        ("!!python/object/apply:os.system [echo]", "error"),
        ("[" * 2_000, "1 error"),
        ("a: " + "[" * 2_000, "is not YAML"),
    ],
)
def test_what_is_no_book_is_refused_with_a_sentence(
    tollbook: Tollbook, content: str | bytes, sentence: str
) -> None:
    assert sentence in tollbook.refusal("prices", "load", tollbook.write("x.yaml", content))


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tollbook: Tollbook) -> None:
    deck = ("--meter", "voice.call", "--per", "minute", "--currency", "USD")
    dated = (*deck, "--effective-from", "2024-01-01")
    for name, terms in (("nowhere.yaml", ()), ("nowhere.csv", dated)):
        said = tollbook.refusal("prices", "load", name, *terms)
        assert said == f"tollbook: there is no file {name}\n"
    assert "cannot read .: Is a directory" in tollbook.refusal("prices", "load", ".")


@pytest.mark.parametrize("day", ["20240201", "2024-W05-4", "2024-2-1"])
def test_only_yyyy_mm_dd_is_a_day_in_a_book(tollbook: Tollbook, day: str) -> None:
    path = tollbook.write("x.yaml", BOOK.replace("2024-02-01", f'"{day}"'))
    assert "effective_from must be a date" in tollbook.refusal("prices", "load", path)
