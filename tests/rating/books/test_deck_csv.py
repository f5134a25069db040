"""Decks as carriers write them: how they are read, and each way in which they are refused."""

from time import process_time

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import CallTerms, PriceBook, Rate
from tollbook.rating.books import deck_growth
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import decode_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms

SECOND = 1_000_000
PICOS = 10**12


def parse(text: str, currency: str = "USD", **terms: object) -> PriceBook:
    deck = DeckTerms(**{"meter": "voice.call", "per": "minute", **terms})
    return parse_deck(text, deck, BookTerms("A", currency, "2024-02-01", "a mail"))


def rates(book: PriceBook) -> list[Rate]:
    return [
        Rate(**{**{f: getattr(deck.templates[n], f) for f in Rate.__struct_fields__}, "to": prefix})
        for deck in book.decks
        for prefix, n in zip(deck.prefixes, deck.template_of, strict=True)
    ]


def priced(book: PriceBook) -> dict[str, str | None]:
    return {rate.to: rate.pricing.price for rate in rates(book)}


def refusal(text: str, **terms: object) -> list[str]:
    with pytest.raises(PriceBookRefused) as refused:
        parse(text, **terms)
    return [problem.error for problem in refused.value.details]


def test_a_row_is_a_rate() -> None:
    book = parse("Prefix,Rate\n4420,0.0120\n")
    assert (book.name, book.currency, book.effective_from, book.source) == (
        "A",
        "USD",
        20240201,
        "a mail",
    )
    (rate,) = rates(book)
    pricing = rate.pricing
    assert (rate.meter, rate.to, pricing.price, pricing.per) == (
        "voice.call",
        "4420",
        "0.0120",
        "minute",
    )
    assert (pricing.price_picos, pricing.per_micros) == (12 * 10**9, 60 * SECOND)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_and_marks_are_found_out(separator: str, mark: str, end: str) -> None:
    lines = [["Destination", "Prefix", "Rate"], ['"UK, mobile; all"', "447", "0.09"]]
    text = mark + end.join(separator.join(line) for line in lines) + end
    assert priced(parse(decode_deck(text.encode()))) == {"447": "0.09"}
    assert priced(parse(decode_deck(f"sep={separator}\n{text.lstrip(mark)}".encode()))) == {
        "447": "0.09"
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_spreadsheets_write_is_read(encoding: str) -> None:
    text = "Destination,Prefix,Rate\nCôte d'Ivoire,225,0.3\n"
    assert priced(parse(decode_deck(text.encode(encoding)))) == {"225": "0.3"}


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("4477", ["4477"]),
        ("+4477", ["4477"]),
        (" 4477 ", ["4477"]),
        ("4477;4478, 4479", ["4477", "4478", "4479"]),
        ("4477/4478|4479", ["4477", "4478", "4479"]),
        ("4477,", ["4477"]),
        ("4470-4472", ["4470", "4471", "4472"]),
        ("447000 \u2013 447001", ["447000", "447001"]),
        ("4470-4471, 4479", ["4470", "4471", "4479"]),
        ("4477\n4478", ["4477", "4478"]),
    ],
)
def test_a_cell_may_hold_several_prefixes_and_ranges(cell: str, found: list) -> None:
    assert list(priced(parse(f'Code,Price\n"{cell}",1\n'))) == found


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("44,20", ["4420"]),
        ("44,", ["44"]),
        ("39,06", ["3906"]),
        ('44,"20;118"', ["4420", "44118"]),
        ("39,06-08", ["3906", "3907", "3908"]),
        ("+1,212-213", ["1212", "1213"]),
    ],
)
def test_area_codes_are_put_behind_the_country_code(row: str, found: list) -> None:
    assert list(priced(parse(f"Country Code,Area Codes,Rate\n{row},1\n"))) == found


def test_whole_prefixes_may_stand_beside_their_country_code() -> None:
    assert list(priced(parse("CC,Dial Code,Rate\n44,4420,1\n"))) == ["4420"]
    assert refusal("CC,Dial Code,Rate\n44,20,1\n") == [
        "line 2: Dial Code and the prefix 20 disagree; if that is an area code, name its column as "
        "area_codes"
    ]


@pytest.mark.parametrize(
    ("header", "cells", "terms"),
    [
        ("Increments", "60/6", CallTerms(first=60 * SECOND, following=6 * SECOND)),
        ("Billing Increment", "1/1", CallTerms(first=SECOND, following=SECOND)),
        ("increment", "6", CallTerms(first=6 * SECOND, following=6 * SECOND)),
        (
            "First Increment,Next Increment",
            "30,6",
            CallTerms(first=30 * SECOND, following=6 * SECOND),
        ),
        ("Interval 1,Interval N", "60,60", CallTerms(first=60 * SECOND, following=60 * SECOND)),
        ("Minimum duration (sec)", "30", CallTerms(minimum=30 * SECOND)),
        ("Grace period", "5", CallTerms(grace=5 * SECOND)),
        ("Connection Fee (USD)", "0.05", CallTerms(connect_fee=5 * 10**10)),
        ("Max cost", "2", CallTerms(maximum_cost=2 * PICOS)),
        ("Increments", "", None),
    ],
)
def test_terms_of_calls_have_columns(header: str, cells: str, terms: CallTerms | None) -> None:
    (rate,) = rates(parse(f"Prefix,Rate per minute,{header}\n44,1,{cells}\n"))
    assert rate.pricing.calls == terms


def test_terms_of_calls_are_said_for_a_deck_without_the_columns() -> None:
    said = {"increments": "60/6", "minimum": "30", "grace": "5", "connect_fee": "0.5"}
    (rate,) = rates(parse("Prefix,Rate\n44,1\n", **said))
    assert rate.pricing.calls == CallTerms(
        30 * SECOND, 60 * SECOND, 6 * SECOND, 5 * SECOND, PICOS // 2
    )
    (rate,) = rates(parse("Prefix,Rate,Increments\n44,1,1/1\n", increments="60/6"))
    assert rate.pricing.calls == CallTerms(first=SECOND, following=SECOND)


@pytest.mark.parametrize(
    ("cell", "dates", "day"),
    [
        ("2024-02-01", "", 20240201),
        ("2024/02/01", "", 20240201),
        ("20240201", "", 20240201),
        ("01.02.2024", "", 20240201),
        ("1-Feb-2024", "", 20240201),
        ("2024-02-01 00:00:00", "", 20240201),
        ("2024-02-01T00:00:00Z", "", 20240201),
        ("01/02/2024", "dmy", 20240201),
        ("01/02/2024", "mdy", 20240102),
    ],
)
def test_days_are_read_as_they_are_written(cell: str, dates: str, day: int) -> None:
    (rate,) = rates(parse(f"Prefix,Rate,Effective Date\n44,1,{cell}\n", dates=dates))
    assert rate.valid_from == day


@pytest.mark.parametrize("header", ["Rate/min", "Rate (USD/min)", "PRICE PER MINUTE", "Rate"])
@pytest.mark.parametrize("per", ["minute", "minutes", "1 minute"])
def test_a_unit_in_a_header_is_the_decks_own(header: str, per: str) -> None:
    assert priced(parse(f"Code,{header}\n44,2\n", per=per)) == {"44": "2"}


def test_one_prefix_may_have_prices_on_different_days() -> None:
    text = "Prefix,Rate,From date,End date\n44,1,2024-02-01,2024-02-29\n44,2,2024-03-01,\n"
    assert [(it.valid_from, it.valid_until) for it in rates(parse(text))] == [
        (20240201, 20240229),
        (20240301, 99991231),
    ]


def test_columns_are_named_and_ignored_when_their_names_say_nothing() -> None:
    text = "Vorwahl;Preis;Alt;Art\n49;1;2;mobil\n"
    book = parse(
        text,
        columns=(("prefix", "vorwahl"), ("price", "Preis"), ("when.line", "Art")),
        ignore=("ALT",),
    )
    assert [(it.to, it.when) for it in rates(book)] == [("49", (("line", "mobil"),))]


def test_a_deck_may_have_one_condition_and_a_decimal_comma() -> None:
    (rate,) = rates(parse("Prefix;Rate\n49;0,012\n", decimal_comma=True, when=(("a", "b"),)))
    assert (rate.when, rate.pricing.price, rate.pricing.price_picos) == (
        (("a", "b"),),
        "0.012",
        12 * 10**9,
    )


def test_a_deck_without_prefixes_is_by_country() -> None:
    book = parse("Country,Price\nGB,1\nfr,2\n", meter="sms.outbound", per="segment")
    assert [it.when for it in rates(book)] == [(("to.country", "GB"),), (("to.country", "FR"),)]


def test_buy_prices_and_origins_have_columns() -> None:
    (rate,) = rates(parse("Prefix,Sell rate,Buy rate,Origin,Increments\n44,2,1,33,60/6\n"))
    assert rate.from_ == "33"
    assert rate.pricing.buy is not None
    assert (rate.pricing.buy.price, rate.pricing.buy.calls) == ("1", rate.pricing.calls)


def test_an_inbound_deck_has_prefixes_of_the_caller() -> None:
    (deck,) = parse("Prefix,Rate\n44,2\n", inbound=True).decks
    assert (deck.inbound, deck.prefixes) == (True, ["44"])


def test_rows_with_nothing_in_them_are_passed_over() -> None:
    assert priced(parse("\nPrefix,Rate\n\n44,1\n,\n45,2\n\n")) == {"44": "1", "45": "2"}


WRONG = [
    ("", "the deck is empty"),
    ("Prefix,Rate\n", "the deck has a header and no rows"),
    (
        "Prefix,Rate,Colour\n44,1,red\n",
        "line 1: unknown column 'Colour'; name its field",
    ),
    ("Prefix,From,Rate\n44,20240201,1\n", "line 1: unknown column 'From'; name its"),
    ("Prefix,Destination\n44,UK\n", "line 1: no column has prices"),
    ("Destination,Rate\nUK,1\n", "line 1: no column has prefixes, country codes or countries"),
    ("Area code,Rate\n20,1\n", "line 1: no column has prefixes"),
    ("Prefix,Code,Rate\n44,44,1\n", "line 1: 'Prefix' and 'Code' both are the prefix column"),
    ("Prefix,Area code,Rate\n44,20,1\n", "line 1: there are both whole prefixes and area codes"),
    ("Prefix,Rate per second\n44,1\n", "line 1: column 'Rate per second' is by second, and read"),
    ("Prefix,Rate (EUR)\n44,1\n", "line 1: column 'Rate (EUR)' is in EUR, the price book in USD"),
    ("Prefix,Rate,First increment\n44,1,60\n", "line 1: the first and the next increment need"),
    ("Prefix,Rate\n44\n", "line 2: the row has 1 cell, the header 2"),
    ("Prefix,Rate\n44,1,2\n", "line 2: the row has 3 cells, the header 2"),
    ("Prefix,Rate\n44,abc\n", "line 2: Rate must be a number from 0 to 1000000"),
    ("Prefix,Rate\n44,-1\n", "line 2: Rate must be a number from 0 to 1000000"),
    ("Prefix,Rate\n44,\n", "line 2: Rate is empty"),
    (
        "Prefix;Rate\n44;0,5\n",
        "line 2: Rate has a comma: set decimal_comma if that",
    ),
    ("Prefix,Rate\n44,0.1234567890123\n", "line 2: Rate must be a number from 0 to 1000000 with"),
    ("Prefix,Rate\n044,1\n", "line 2: Prefix must be the first digits of an international number"),
    ("Prefix,Rate\nUK,1\n", "line 2: Prefix must be prefixes such as 4420"),
    ("Prefix,Rate\n,1\n", "line 2: Prefix must be prefixes such as 4420"),
    ("Prefix,Rate\n4.4E+10,1\n", "line 2: Prefix is 4.4E+10, and its last digits are lost"),
    ("Prefix,Rate\n44 4420,1\n", "line 2: Prefix has 4420 after 44, which may be one prefix or"),
    ("Prefix,Rate\n49-89,1\n", "line 2: Prefix has a range 49-89 over several country codes"),
    ("CC,Area code,Rate\n44,07911,1\n", "line 2: Area code is 07911 with the 0 of national calls"),
    ("Country Code,Dial Code,Rate\nGB,44,1\n", "line 2: Country Code must be prefixes such as"),
    ("Prefix,Rate\n44,1_5\n", "line 2: Rate must be a number from 0 to 1000000"),
    ("Prefix,Rate\n44,\uff11\n", "line 2: Rate must be a number from 0 to 1000000"),
    ("Prefix,Rate\n44,\u20ac0.01\n", "line 2: Rate is in EUR, the price book in USD"),
    ("Prefix,Rate p/min\n44,1\n", "line 1: column 'Rate p/min' is in GBP, the price book in USD"),
    ("Prefix,Rate (\u20ac)\n44,1\n", "line 1: column 'Rate (\u20ac)' is in EUR, the price book"),
    ("Currency: EUR,\nPrefix,Rate\n44,1\n", "line 1: this line states EUR, the price book is in"),
    ("Prefix,Rate,Change\n44,1,Deleted\n", "line 2: Change is 'Deleted': leave such rows out"),
    ("Prefix,Rate,Status\n44,1,Foo\n", "line 2: Status is 'Foo': leave such rows out"),
    ("Prefix,Rate,Price 1\n44,1,2\n", "line 2: Price 1 needs increments"),
    ("Prefix,Rate\n1234567890123456,1\n", "line 2: Prefix must be the first digits"),
    ("Prefix,Rate\n44-4480,1\n", "line 2: Prefix has a range 44-4480 whose ends have not equally"),
    ("Prefix,Rate\n4479-4470,1\n", "line 2: Prefix has a range 4479-4470 that ends before it"),
    ("Prefix,Rate\n4400000-4499999,1\n", "line 2: Prefix has a range 4400000-4499999 of more than"),
    ("CC,Area code,Rate\n44;45,20,1\n", "line 2: CC must be one country code where there are"),
    ("Prefix,Rate,Start\n44,1,2024-02-30\n", "line 2: Start must be a date such as 2024-01-31"),
    (
        "Prefix,Rate,Start\n44,1,01/02/2024\n",
        "line 2: Start has slashes: set dates to the order",
    ),
    ("Prefix,Rate,Start,End\n44,1,2024-02-02,2024-02-01\n", "line 2: End must not be before Start"),
    ("Prefix,Rate,Increments\n44,1,a/6\n", "line 2: Increments must be two numbers of seconds"),
    ("Prefix,Rate,Minimum\n44,1,long\n", "line 2: Minimum must be a number of seconds from 0"),
    ("Prefix,Rate,Setup\n44,1,x\n", "line 2: Setup must be a number from 0"),
    ("Prefix,Rate,Setup,Max cost\n44,1,3,2\n", "line 2: Max cost must not be below the connect"),
    ("Prefix,Rate,Currency\n44,1,EUR\n", "line 2: Currency is EUR, the price book is in USD"),
    ("Country,Rate\nUK,1\n", "line 2: Country 'UK' is not the ISO 3166 code of a country"),
    ("Prefix,Rate\n44,1\n44,2\n", "line 3: prefix 44 has another price on line 2"),
    ("Prefix,Rate\n4470-4479,1\n4475,2\n", "line 3: prefix 4475 has another price on line 2"),
    (
        "Prefix,Rate,Start,End\n44,1,2024-01-01,2024-02-01\n44,2,2024-02-01,\n",
        "line 3: prefix 44 has another price on line 2, and their days overlap",
    ),
    ("sep=;\nPrefix;Rate\n44;x\n", "line 3: Rate must be a number"),
    ('Prefix,Rate\n44,"1\n', "line 2: this is not CSV: unexpected end of data"),
    ('Prefix,Rate\n44,"1"x\n', "line 2: this is not CSV: "),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[it[1][:60] for it in WRONG])
def test_a_wrong_deck_is_refused_with_its_line(text: str, sentence: str) -> None:
    (said,) = refusal(text)
    assert said.startswith(sentence)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"meter": "fax"}, "meter 'fax' is unknown. "),
        ({"per": "fortnight"}, "per must be a number of units of voice.call"),
        ({"columns": (("colour", "A"),)}, "there is no field 'colour'; the fields are prefix"),
        ({"columns": (("price", "A"),)}, "line 1: there is no column 'A' for price"),
        ({"dates": "ymd"}, "dates must be dmy or mdy"),
        ({"currency": "usd"}, "currency must be an ISO 4217 code such as USD"),
        ({"increments": "x"}, "line 2: increments must be two numbers of seconds such as 60/6"),
        ({"meter": "api.request", "per": "request", "minimum": "6"}, "line 2: minimum is for"),
    ],
)
def test_what_is_said_of_a_deck_may_be_wrong_too(terms: dict, sentence: str) -> None:
    (said,) = refusal("Prefix,Rate\n44,1\n", **terms)
    assert said.startswith(sentence)


def test_every_error_is_said_at_once() -> None:
    assert refusal("Prefix,Rate,Start\nx,y,z\n45,1,\n45,2,\n46\n") == [
        "line 2: Rate must be a number from 0 to 1000000 with at most 12 decimals",
        "line 2: Start must be a date such as 2024-01-31",
        "line 2: Prefix must be prefixes such as 4420, 4470-4479 or 4477;4478, the first digits of "
        "international numbers",
        "line 5: the row has 1 cell, the header 3",
        "line 4: prefix 45 has another price on line 3",
    ]


def test_of_very_many_errors_a_hundred_are_shown_and_the_others_counted() -> None:
    text = "Prefix,Rate\n" + "".join(f"{n},x\n" for n in range(1000, 2234))
    with pytest.raises(PriceBookRefused, match=r"has 1,234 errors; nothing was loaded") as refused:
        parse(text)
    details = refused.value.details
    assert len(details) == 101
    assert details[-1].error == "and 1,134 more errors"


def test_lines_are_counted_as_an_editor_does() -> None:
    text = 'Prefix,Rate,Comment\n\n44,1,"two\nlines"\n45,x,\n'
    assert refusal(text) == [
        "line 5: Rate must be a number from 0 to 1000000 with at most 12 decimals"
    ]


def test_a_cell_with_nothing_between_its_commas_is_no_prefix() -> None:
    assert refusal("Prefix;Rate\n,;1\n")[0].startswith("line 2: Prefix must be prefixes such as")
    assert refusal("CC;Area code;Rate\n,;212;1\n")[0].startswith("line 2: CC must be prefixes")


RANGES = [f"{n}0000-{n}9999" for n in range(1_000, 4_000)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f'Prefix,Rate\n"{";".join(RANGES)}",1\n', [2]),
        ("Prefix,Rate\n" + "".join(f"{it},1\n" for it in RANGES), [7]),
        ("Prefix,Rate\n" + "".join(f"{it},dear\n" for it in RANGES), [2, 3, 4, 5, 6, 7, 7]),
        ("Prefix,Rate\n" + "".join(f"{it};x,1\n" for it in RANGES), [2, 3, 4, 5, 6, 7]),
    ],
    ids=["in a cell", "in many rows", "in wrong rows", "in wrong cells"],
)
def test_thirty_million_prefixes_are_not_made(
    text: str, lines: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deck_growth, "MOST_PREFIXES", 50_000)
    found = refusal(text)
    assert [int(it.split()[1].strip(":")) for it in found] == lines
    assert found[-1].endswith("is one too many: a deck has at most 50,000 prefixes")


def test_the_prefixes_of_plain_rows_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck_growth, "MOST_PREFIXES", 2)
    assert priced(parse("Prefix,Rate\n41,1\n42,1\n"))
    assert refusal("Prefix,Rate\n41,1\n42,1\n43,1\n44,1\n") == [
        "line 4: Prefix is one too many: a deck has at most 2 prefixes"
    ]


def test_prefixes_are_compared_with_many_country_codes_at_once() -> None:
    codes = "1000-1999"
    row = f'"{codes}","{";".join(f"{n}0-{n}9" for n in range(1_000, 2_000))}",1\n'
    started = process_time()
    book = parse(f"CC,Prefix,Rate\n{row}")
    assert len(book.decks[0].prefixes) == 10_000
    assert process_time() - started < 1
    assert refusal('CC,Prefix,Rate\n"1000-1999;2000",1000,1\n') == [
        "line 2: Prefix has more than 1,000 country codes next to it"
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Prefix,Rate\n44,1\n45,1\n44,1\n", ["44", "45"]),
        ('Prefix,Rate\n"44;44",1\n', ["44"]),
        ("Name,Prefix,Rate\nUK,44,1\nUK fixed,44,1\n", ["44"]),
        ("Prefix,Rate,\n44,1\n", ["44"]),
        ("Prefix,Rate\n44,1,,\n", ["44"]),
        ("Prefix,Rate,Comment\n44,1\n", ["44"]),
        ("Prefix,Rate\n44,1\nAll prices exclude VAT,\nValid from 1 May\n", ["44"]),
        ("A,B\nPrices of May,\nPrefix,Rate\n44,1\n", ["44"]),
        ("ISO,Country,Prefix,Rate\nGB,United Kingdom,44,1\n", ["44"]),
        ("Prefix,Rate\ndefault,1\n44,2\n", ["", "44"]),
    ],
)
def test_rows_that_add_nothing_are_accepted(text: str, found: list[str]) -> None:
    assert [it.to for it in rates(parse(text))] == found


def test_a_later_price_ends_an_earlier_one_that_has_no_last_day() -> None:
    text = "Prefix,Rate,Start\n44,3,2024-05-01\n44,1,\n44,2,2024-03-01\n45,1,\n"
    days = {it.pricing.price: (it.valid_from, it.valid_until) for it in rates(parse(text))[:3]}
    assert days == {
        "1": (0, 20240229),
        "2": (20240301, 20240430),
        "3": (20240501, 99991231),
    }


@pytest.mark.parametrize(
    ("increments", "minimum", "first", "following"),
    [
        ("0/6", 0, 6, 6),
        ("60/0", 60, 0, 0),
        ("60+6", 0, 60, 6),
        ("1s", 0, 1, 1),
        ("60:60", 0, 60, 60),
        ("60,1", 0, 60, 1),
    ],
)
def test_increments_are_read_as_carriers_write_them(
    increments: str, minimum: int, first: int, following: int
) -> None:
    (rate,) = rates(parse(f'Prefix,Rate,Interval\n44,1,"{increments}"\n'))
    expected = CallTerms(minimum * SECOND, first * SECOND, following * SECOND)
    assert rate.pricing.calls == expected


def test_no_increments_at_all_are_no_terms() -> None:
    (rate,) = rates(parse("Prefix,Rate,Interval\n44,1,0\n"))
    assert rate.pricing.calls is None


def test_the_first_interval_has_its_own_price_unless_it_is_the_same() -> None:
    text = "Prefix,Price 1,Price N,Interval 1,Interval N\n44,0.5,0.1,30,6\n45,0.10,0.1,30,6\n"
    one, other = rates(parse(text))
    assert (one.pricing.first_price, other.pricing.first_price) == (PICOS // 2, None)


def test_rows_are_skipped_by_the_values_of_a_column() -> None:
    text = "Prefix,Rate,Status\n44,1,Active\n45,-,Inactive\n46,2,active\n"
    assert priced(parse(text, skip=(("Status", ("INACTIVE", "old")),))) == {"44": "1", "46": "2"}
    assert priced(parse(text, only=(("status", ("active",)),))) == {"44": "1", "46": "2"}
    assert refusal(text, skip=(("State", ("x",)),))[0] == (
        "line 1: there is no column 'State' for skip"
    )


def test_the_name_of_a_destination_is_kept_in_one_line() -> None:
    text = 'Country,Destination,Prefix,Rate\nUK,"London\n (fixed) ",4420,1\nUK,,44,1\n'
    assert [it.destination for it in rates(parse(text))] == ["London (fixed)", "UK"]
    assert rates(parse(f"Name,Prefix,Rate\n{'x' * 300},44,1\n"))[0].destination[-2:] == "x\u2026"


def test_cents_are_converted_in_a_header_and_in_a_cell() -> None:
    assert priced(parse("Prefix,Rate \u00a2\n44,1.5\n")) == {"44": "0.015"}
    assert priced(parse("Prefix,Rate\n44,1.5c\n45,$0.02\n")) == {"44": "0.015", "45": "0.02"}
    for header in ("Rate (ppm)", "ppm"):
        found = parse(f"Prefix,{header}\n44,1.5\n", currency="GBP")
        assert priced(found) == {"44": "0.015"}
    assert refusal("Prefix,Rate \u00a2\n44,$0.01\n") == [
        "line 2: Rate \u00a2 has the sign $ in a column of cents or pence"
    ]


def test_a_deck_without_a_header_has_the_names_of_its_columns_in_the_terms() -> None:
    text = '"UK";"44";"0.5";"x"\n'
    assert priced(parse(text, header="name, prefix, price, -")) == {"44": "0.5"}


def test_the_header_may_be_on_a_line_of_the_terms() -> None:
    text = "Prefix,Rate\nCode,Cost\n44,1\n"
    assert priced(parse(text, header_line="2")) == {"44": "1"}
    assert refusal(text, header_line="9") == ["there is no row on line 9 for the header"]


def test_prices_for_hours_have_columns_of_their_own() -> None:
    hours = (("Peak", "mon-fri 08:00-20:00"), ("Weekend", "sat,sun"))
    text = "Prefix,Peak,Off peak,Weekend\n44,3,2,1\n45,,2,\n"
    found = rates(parse(text, columns=(("price", "Off Peak"),), hours=hours))
    assert [(it.to, it.pricing.price, len(it.hours)) for it in found] == [
        ("44", "2", 0),
        ("44", "3", 5),
        ("44", "1", 1),
        ("45", "2", 0),
    ]
    assert refusal(text, columns=(("price", "Off Peak"),), hours=(("Peak", "day"),))[0] == (
        "line 1: hours of 'Peak' must be weekdays such as mon-fri or sat,sun"
    )


def test_a_row_has_a_rate_for_each_of_its_origins() -> None:
    text = 'Prefix,Origin,Rate\n44,"1, 49",2\n44,,3\n'
    assert [(it.from_, it.pricing.price) for it in rates(parse(text))] == [
        ("1", "2"),
        ("49", "2"),
        ("", "3"),
    ]


def test_an_amount_that_no_rate_has_must_be_zero() -> None:
    text = "Prefix,Rate,Disconnect\n44,1,0.00\n45,1,0.1\n"
    assert refusal(text, zero=("Disconnect",)) == [
        "line 3: Disconnect must be 0 or empty: no rate can have it"
    ]


def test_a_buy_price_may_have_its_own_increments() -> None:
    text = "Prefix,Rate,Increment,Buy rate,Buy increments,Buy minimum\n44,2,60,1,6,30\n"
    (rate,) = rates(parse(text))
    assert rate.pricing.buy is not None
    assert rate.pricing.buy.calls == CallTerms(30 * SECOND, 6 * SECOND, 6 * SECOND)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ISO 3166-1 alpha-2,Country (name),Prefix,Rate", "GB,United Kingdom,44,1"),
        ("Country,Min. duration (sec),Grace (s),Code,Cost/min", "UK,30,5,44,1"),
        ("Destination,Interval First,Interval Next,Price First,Price Next,Prefix", "UK,1,1,1,1,44"),
        ('"Rate\n(USD/min)",Dial prefix,Connection cost,Minimal duration', "1,44,0.5,6"),
        ("Indicatif,Prix (USD/mn),Incrément", "44,1,60/6"),
        ("Vorwahl,Preis pro Minute,Taktung,Gültig bis", "44,1,60/6,31.12.2030"),
        ("Prefix,USD/min", "44,1"),
        ("Prefix,Rate (USD excl. VAT)", "44,$1"),
        ("Match Prefix,Billing rate,Billing cycle,Status", "44,1,6,Rate increase"),
    ],
)
def test_many_headers_are_known(header: str, row: str) -> None:
    assert priced(parse(f"{header}\n{row}\n{header}\n")) == {"44": "1"}


def test_a_list_in_brackets_is_not_cut_apart() -> None:
    assert refusal('Prefix,Rate\n"998 (90, 91)",1\n')[0].startswith("line 2: Prefix must be prefix")
