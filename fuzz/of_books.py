"""Targets: price books in YAML, and decks."""

from collections.abc import Iterator
from itertools import islice

import msgspec
import yaml

from fuzz.seeds import shown, source
from fuzz.target import Target, hold
from tollbook.domain.charges import Charge, RatingInput, Unpriced
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.exact import MICROS
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import decode_deck
from tollbook.rating.books.deck_headers import COLUMNS
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.unreachable import unreachable_rates
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.charge import rate_usage
from tollbook.rating.match import DERIVED
from tollbook.rating.tariff import Tariff

_HEAD = "name: A\ncurrency: USD\neffective_from: 2024-01-01\nsource: x\n"
_MOST_TRIED = 20
_BOOK = BookTerms("A", "USD", "2024-01-01", "x")
_TERMS = (
    DeckTerms("voice.call", "minute"),
    DeckTerms("voice.call", "10 seconds", inbound=True, dates="mdy", decimal_comma=True),
    DeckTerms("sms.outbound", "segment", dates="dmy", when=(("carrier", "a"),)),
    DeckTerms("mms.inbound", "MB", columns=(("price", "Cost"), ("when.kind", "Kind"))),
    DeckTerms("voice.call", "call", increments="60/6", minimum="30", grace="3", connect_fee="0.1"),
    DeckTerms(
        *("voice.call", "minute"),
        access_codes=("00", "011"),
        header="name,prefix,price,first_price,increments,peak",
        hours=(("peak", "mon-fri 08:00-20:00"),),
        increments="30/6",
        included="5",
        skip=(("price", ("n/a", "-")),),
        unknown_origin=True,
    ),
)


def _try_book(data: bytes) -> None:
    try:
        book = parse_price_book(data.decode(), _beside)
    except UnicodeDecodeError:
        return
    except PriceBookRefused as refusal:
        _check_refusal(refusal)
        return
    _check_priced(book)
    for rate in book.rates[:_MOST_TRIED]:
        _check_written_again(rate)


def _try_deck(data: bytes) -> None:
    """Parse a deck with options that the first byte selects."""
    terms = _TERMS[data[0] % len(_TERMS)] if data else _TERMS[0]
    try:
        book = parse_deck(decode_deck(data[1:]), terms, _BOOK)
    except PriceBookRefused as refusal:
        _check_refusal(refusal)
        return
    (deck,) = book.decks
    hold(len(deck.prefixes) == len(deck.template_of), "a column is shorter than another")
    _check_priced(book)
    if not deck.inbound and all(it.always and not it.from_ for it in deck.templates):
        _check_longest(book, deck)


def _beside(name: str) -> bytes:
    if name != "uk.csv":
        raise ValueError("cannot be read")
    return next(shown("docs/decks.md", "csv")).encode()


def _check_refusal(refusal: PriceBookRefused) -> None:
    written = msgspec.json.encode((refusal.sentence, refusal.details))
    hold(len(written) < 2_000_000, f"the refusal has {len(written)} bytes")
    no_yaml = refusal.sentence.startswith("the price book is not YAML: ")
    hold(no_yaml or bool(refusal.details), "a refusal has no reason")


def _check_priced(book: PriceBook) -> None:
    """Check that a book prices what its rates are for, or gives the reason."""
    tariff = Tariff(book)
    _check_unreachable(book)
    tried = list(book.rates[:_MOST_TRIED])
    for deck in book.decks:
        tried += islice(_rates(deck), _MOST_TRIED)
    for rate in tried:
        attributes: dict[str, str | int | float | bool | None] = dict(rate.when)
        attributes |= {"to": _number(rate.to), "from": _number(rate.from_), "media_bytes": 1_000}
        for cost in (None, 5):
            usage = RatingInput(rate.meter, 61 * MICROS, 20240215, attributes, cost, 630)
            charge = rate_usage([[tariff]], usage, book.currency, 7 * MICROS)
            if isinstance(charge, Unpriced):
                hold(bool(charge.reason), "an unpriced event has no reason")
            else:
                total = sum(line.cost for line in charge.lines)
                hold(total == charge.cost, "lines do not add up to the cost")


def _check_unreachable(book: PriceBook) -> None:
    found = unreachable_rates(book)
    rows = [it.row for it in found.first]
    count = len(book.rates) + sum(len(deck.prefixes) for deck in book.decks)
    hold(rows == sorted(set(rows)), "a rate is reported twice")
    hold(len(rows) <= found.number <= count, "more rates are reported than there are")


def _check_longest(book: PriceBook, deck: Deck) -> None:
    tariff = Tariff(book)
    for prefix in deck.prefixes[:_MOST_TRIED]:
        number = _number(prefix)
        longest = max((it for it in deck.prefixes if number[1:].startswith(it)), key=len)
        usage = RatingInput(deck.templates[0].meter, MICROS, 20240215, {"to": number})
        charge = rate_usage([[tariff]], usage, book.currency)
        if isinstance(charge, Charge) and charge.rate_id is not None:
            found = deck.prefixes[charge.rate_id]
            hold(found == longest, f"{number} is priced by {found}, not {longest}")


def _check_written_again(rate: Rate) -> None:
    """Check that a rate is shown in the notation of a book."""
    words = msgspec.to_builtins(show_rate(rate))
    del words["rate_id"]
    text = _HEAD + yaml.safe_dump({"rates": [words]})
    try:
        (again,) = parse_price_book(text).rates
    except PriceBookRefused as refusal:
        raise AssertionError(f"the displayed rate is refused: {refusal.details}") from refusal
    hold(again == msgspec.structs.replace(rate, id=0), "as it is shown it is another")


def _rates(deck: Deck) -> Iterator[Rate]:
    for prefix, number in zip(deck.prefixes, deck.template_of, strict=True):
        field = "from_" if deck.inbound else "to"
        yield msgspec.structs.replace(deck.templates[number], **{field: prefix})


def _number(prefix: str) -> str:
    return "+" + (prefix or "44").ljust(12, "0")[:15]


def _books() -> Iterator[bytes]:
    yield source("rating/example_book.yaml").encode()
    for text in (*shown("docs/prices.md", "yaml"), *shown("docs/decks.md", "yaml")):
        yield text.encode()
        if text.startswith("- "):
            yield (_HEAD + "rates:\n" + text).encode()
    yield (_HEAD + "rates:\n- &a {meter: api.request, price: 1, per: request}\n- *a\n").encode()
    yield (
        _HEAD + "rates:\n- meter: sms.outbound\n  price: 1\n  per: segment\n  hours: "
        "[{days: mon-fri, from: '22:00', until: '06:00'}]\n  when: {to.country: GB}\n"
    ).encode()


def _decks() -> Iterator[bytes]:
    texts = (
        *(f"\0{text}" for text in shown("docs/decks.md", "csv")),
        "\0sep=;\nCC;Area codes;Price\n44;20;0.1\n1;212,646;0.2\n",
        "\0Country;Rate;Buy rate\nGB;0.1;0.05\nDE;0.2;\n",
        '\1Prefix|Origin|Tariff|Start|End\n"4420\n4421"|49|0,1|2/13/2024|12-Mar-2024\n',
        "\2Code,Rate,Valid from,Valid until,Currency\n+4470-4479,.5,31/1/2024,01.02.2024,usd\n",
        "\3Prefix,Cost,Kind\n44,1,a\n44,2,b\n",
        "\5UK,0044 20-29,$0.1,0.2,60-6,1\nAll,*,0.1,0.1,0/6,\nFR,33,n/a,,,\n",
        "\0A carrier\nName,Code,Rate \u00a2,Origination Prefixes,Status\n"
        'UK,"61 38,39",1.5,"1, 49",Active\n,44.0,2,,new\nNo VAT\n',
        "\4Prefix,Rate,First increment,Next increment,Minimum,Connect fee,Max cost\n"
        "44,1,60,6,30,0.1,2\n",
    )
    yield from (text.encode() for text in texts)
    yield b"\0" + texts[0][1:].encode("utf-16")


_YAML = ("- ", ": ", "{", "}", "[", "]", "&a ", "*a", "? ", "<<: ", "!!str ", "|\n", "%YAML 1.1\n")
_WORDS = (
    "per minute",
    "60/6",
    "15%",
    "mon-fri",
    "08:00",
    "2024-01-01",
    "1000 requests",
    "1e999990",
    '"\\U',
)

TARGETS = (
    Target(
        "books",
        "a YAML price book sets prices, and its rates do not change when they are displayed and "
        "loaded again; or it is refused with every error and its line",
        _try_book,
        _books,
        (*_YAML, *_WORDS, *(f"{it}: " for it in (*FIELDS, *DERIVED)), *BY_TYPE),
        seconds=2,
    ),
    Target(
        "decks",
        "a deck prices every number by its longest prefix; or it is refused with every error and "
        "its line",
        _try_deck,
        _decks,
        (
            *COLUMNS,
            ",",
            ";",
            "\t",
            '"',
            "\n",
            "\r\n",
            "sep=",
            "4470-4479",
            "1-Feb-2024",
            "0,5",
            "4.4E+3",
        ),
        seconds=2,
    ),
)
