"""Price lists in the layouts of carriers: each loads as it comes, and prices calls rightly."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tollbook.domain.charges import Attributes, Charge, RatingInput
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.exact import MICROS, amount_text
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import open_deck
from tollbook.rating.books.deck_mapping import join_layers, parse_mapping, read_format
from tollbook.rating.books.deck_terms import BookTerms
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

LISTS = Path(__file__).parent / "lists"
UK = "+442012345678"
UNPRICED = "no_price"
MAPPINGS = {
    "46labs.csv": """
        dates: mdy
        columns: {minimum: duration}
        prices:
          interrate: {jurisdiction: inter}
          intrarate: {jurisdiction: intra}
          ijrate: {jurisdiction: unknown}
        """,
    "freeside.csv": 'header: "name,prefix,price"',
    "a2b_noheader.csv": 'header: "prefix,name,price"',
    "arrow.csv": "skip: {Enabled: [Disabled]}",
    "preamble.csv": "{dates: dmy, skip: {Comment: [closed]}}",
    "french.csv": "{dates: dmy, decimal_comma: true}",
    "german.csv": "{access_codes: ['00'], decimal_comma: true}",
    "trunk.csv": "access_codes: ['00', '011']",
    "ivoz.csv": 'header: "name,prefix,price,connect_fee,increments"',
    "vos.csv": "ignore: [Rate prefix, Rate type, Lock type]",
    "peak.csv": """
        columns: {price: Off Peak}
        hours: {Peak: "mon-fri 08:00-20:00", Weekend: "sat,sun"}
        """,
    "portabilling.csv": "columns: {prefix: Destination}",
    "blocked.csv": 'skip: {Rate: [blocked, N/A, "-"]}',
}
FORMATS = {
    "twilio_voice.csv": "twilio",
    "telnyx.csv": "telnyx",
    "tcxc.csv": "tcxc",
    "astpp_orig.csv": "astpp",
    "astpp_term.csv": "astpp",
    "a2b.csv": "a2billing",
    "kazoo.csv": "kazoo",
    "sippy.csv": "sippy",
}
EUROS = ("french.csv", "german.csv")


class Call(NamedTuple):
    """A call, and what it costs by a list."""

    file: str
    seconds: int
    to: str
    cost: str
    day: int = 20240615
    minute: int = 600
    attributes: Attributes = {}


CALLS = (
    Call("twilio_voice.csv", 61, "+431234567", "0.157583333"),
    Call("twilio_voice.csv", 61, "+431234567", "0.157583333", attributes={"from": "anonymous"}),
    Call("twilio_voice.csv", 61, "+431234567", "0.157583333", attributes={"from": "+81312345678"}),
    Call("twilio_voice.csv", 61, "+431234567", "0.016266667", attributes={"from": "+14155550100"}),
    Call("telnyx.csv", 61, "+35220123456", "0.04"),
    Call("tcxc.csv", 31, "+5511912345678", "0.00588"),
    Call("tcxc.csv", 60, "+88213123456", UNPRICED),
    Call("46labs.csv", 205, "+19342261234", "0.0245", attributes={"jurisdiction": "inter"}),
    Call("46labs.csv", 205, "+19342261234", "0.0315", attributes={"jurisdiction": "intra"}),
    Call("freeside.csv", 60, "+523312345678", "0.03"),
    Call("freeside.csv", 60, "+61391234567", "0.02"),
    Call("astpp_orig.csv", 61, "+93201234567", "0.51"),
    Call("astpp_orig.csv", 61, "+93701234567", "0.31"),
    Call("astpp_term.csv", 31, "+3611234567", "0.0102"),
    Call("astpp_term.csv", 31, "+36201234567", "0.0102"),
    Call("a2b_noheader.csv", 61, UK, "0.01525"),
    Call("a2b.csv", 31, UK, "0.009"),
    Call("arrow.csv", 10, UK, "0.0075"),
    Call("preamble.csv", 61, UK, "0.0165"),
    Call("preamble.csv", 60, "+4915112345678", UNPRICED),
    Call("excel.csv", 61, UK, "0.0122"),
    Call("excel.csv", 61, "+18005550100", "0.00"),
    Call("french.csv", 61, UK, "0.0165"),
    Call("german.csv", 61, UK, "0.0165"),
    Call("currency.csv", 61, "+493012345678", "0.0122"),
    Call("intervals.csv", 61, UK, "0.0165"),
    Call("trunk.csv", 61, UK, "0.01525"),
    Call("cc_area.csv", 61, UK, "0.0132"),
    Call("cc_area.csv", 60, "+4915112345678", "0.03"),
    Call("ivoz.csv", 61, "+447911123456", "0.23"),
    Call("dups_same.csv", 61, UK, "0.01525"),
    Call("two_dates.csv", 60, UK, "0.015", day=20240215),
    Call("two_dates.csv", 60, UK, "0.017", day=20240315),
    Call("vos.csv", 61, UK, "0.0165"),
    Call("peak.csv", 60, UK, "0.015", day=20240614),
    Call("peak.csv", 60, UK, "0.01", day=20240614, minute=1300),
    Call("peak.csv", 60, UK, "0.008", day=20240615),
    Call("blocked.csv", 61, UK, "0.01525"),
    Call("blocked.csv", 60, "+870773123456", UNPRICED),
    Call("emptycols.csv", 61, UK, "0.01525"),
    Call("utf16.csv", 61, UK, "0.01525"),
    Call("kazoo.csv", 61, UK, "0.0232"),  # 66 / 60 * 0.012 + 0.01
    Call("kazoo.csv", 2, UK, "0.00"),
    Call("kazoo.csv", 3, UK, "0.022"),  # no longer shorter than 3 s: 60 / 60 * 0.012 + 0.01
    Call("kazoo.csv", 60, "+447911123456", "0.022"),
    Call("sippy.csv", 31, UK, "0.0262"),  # 30 / 60 * 0.05 + 6 / 60 * 0.012
    Call("sippy.csv", 31, "+447911123456", "0.0262"),
    Call("sippy.csv", 31, "+33123456789", UNPRICED),
    Call("portabilling.csv", 61, UK, "0.022"),  # 66 / 60 * 0.02
    Call("utf16.csv", 60, "+22527123456", "0.30"),
)


def load(file: str, mapping: str | None = None) -> PriceBook:
    layers: list[Any] = [{"meter": "voice.call", "per": "minute"}]
    if file in FORMATS:
        layers.append(read_format(FORMATS[file]))
    text = MAPPINGS.get(file) if mapping is None else mapping
    if text:
        layers.append(parse_mapping(text, "mapping.yaml"))
    head = BookTerms("A", "EUR" if file in EUROS else "USD", "2024-01-01", "a carrier")
    return parse_deck(open_deck((LISTS / file).read_bytes()), join_layers(layers), head)


@pytest.mark.parametrize("call", CALLS, ids=lambda it: f"{it.file} {it.to} {it.day}")
def test_a_list_prices_a_call_as_its_carrier_does(call: Call) -> None:
    book = load(call.file)
    usage = RatingInput(
        "voice.call",
        call.seconds * MICROS,
        call.day,
        {"to": call.to, **call.attributes},
        None,
        call.minute,
    )
    found = rate_usage([[Tariff(book)]], usage, book.currency)
    cost = amount_text(found.cost) if isinstance(found, Charge) else found.code
    assert cost == call.cost


REFUSED = {
    "marketing.csv": "line 1: unknown column 'Deselect Continent'",
    "ppm.csv": "line 1: unknown column 'Call cost (ppm)'",
    "excel_lost_digits.csv": "line 2: Code is 4.47911E+11, and its last digits are lost",
    "currency_other.csv": "line 3: Rate is in EUR, the price book in USD",
}


@pytest.mark.parametrize(("file", "sentence"), REFUSED.items(), ids=REFUSED)
def test_a_list_that_cannot_be_priced_is_refused_with_its_line(file: str, sentence: str) -> None:
    with pytest.raises(PriceBookRefused) as refused:
        load(file)
    assert refused.value.details[0].error.startswith(sentence)


def test_a_range_of_prices_is_no_price() -> None:
    with pytest.raises(PriceBookRefused) as refused:
        load("marketing.csv", "ignore: [Continent, Deselect Continent]")
    errors = [it.error for it in refused.value.details]
    assert "line 2: Price/Minute must be a number from 0 to 1000000" in errors[0]
    assert errors[1].startswith("line 2: Country Code must be prefixes such as 4420")


UNMARKED = {
    "preamble.csv": ("dates: dmy", "line 8: Comment is 'closed': leave such rows out"),
    "arrow.csv": ("{}", "line 3: Enabled is 'Disabled': leave such rows out"),
    "blocked.csv": ("{}", "line 3: Rate must be a number from 0 to 1000000"),
}


@pytest.mark.parametrize("file", UNMARKED)
def test_a_row_that_is_not_priced_is_never_skipped_silently(file: str) -> None:
    mapping, sentence = UNMARKED[file]
    with pytest.raises(PriceBookRefused) as refused:
        load(file, mapping)
    assert refused.value.details[0].error.startswith(sentence)


def test_every_list_is_tried() -> None:
    assert {it.name for it in LISTS.iterdir()} == {*(it.file for it in CALLS), *REFUSED}
