"""Books made to hurt: few bytes that stand for very much are refused as soon as that shows."""

from time import process_time

import msgspec
import pytest

from tests.rating.books.test_wrong_books import CALL, HEAD, rates
from tollbook.api.endpoints.price_book_bodies import MOST_TOKENS
from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.yaml_book import parse_price_book

REQUEST = "meter: api.request, price: 1, per: request"
NOTHING = "the price book is not YAML: an escape or a version of YAML has no meaning"
PREFIXES = ", ".join(map(str, range(10_000, 20_000)))
FEES = ", ".join(f"{{name: f{n}, price: 1, per: event}}" for n in range(101))
TIERS = ", ".join(f"{{price: 1, up_to: {n}}}" for n in range(1, 1_001))
DOUBLED = "".join(f"x{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


def refusal(text: str) -> PriceBookRefused:
    started = process_time()
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(text)
    assert process_time() - started < 4
    assert len(msgspec.json.encode(refused.value.details)) < 400_000
    return refused.value


@pytest.mark.parametrize("name", ['"\\UFFFFFFFF"', '"\\U00110000"'])
def test_an_escape_of_no_character_is_no_yaml(name: str) -> None:
    assert refusal(f"name: {name}\n").sentence == NOTHING


def test_a_version_of_five_thousand_digits_is_no_yaml() -> None:
    text = f"%YAML {'1' * 5_000}.1\n---\n{HEAD}"
    assert refusal(text).sentence == NOTHING


@pytest.mark.parametrize("text", ["name: " + "[" * 400_000, "{a: " * 4_000, "? " * 4_000])
def test_what_is_nested_too_deeply_is_no_yaml(text: str) -> None:
    assert refusal(text).sentence == "the price book is not YAML: it is nested too deeply"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (rates(f"{CALL}, to: [{PREFIXES}], from: [{PREFIXES}]"), "too_many_rates"),
        (HEAD + "x0: &a0 [1]\n" + DOUBLED, "too_many_aliases"),
        (HEAD + "x0: &a0 [1]\n" + DOUBLED + "? *a39\n: 1\n", "too_many_aliases"),
        (HEAD + "rates: &r [*r]\n", "too_many_aliases"),
        (
            HEAD + f"rates:\n- &a {{{CALL}, hours: [{'1,' * 900}]}}\n" + "- *a\n" * 900,
            "too_many_aliases",
        ),
        (rates(f"{CALL}, hours: [{', '.join(['{}'] * 201)}]"), "too_many"),
        (rates(f"{CALL}, fees: [{FEES}]"), "too_many"),
        (rates(f"meter: voice.call, per: minute, graduated: [{TIERS}, {{price: 1}}]"), "too_many"),
        (
            rates(CALL) + "examples:\n" + "- {event: {type: voice.call}, cost: 1}\n" * 1_001,
            "too_many",
        ),
        (
            rates(*(f"{REQUEST}, when: {{p: x{n}, a{n}: x}}" for n in range(201))),
            "too_many_conditions",
        ),
    ],
    ids=lambda it: it if len(it) < 30 else "",
)
def test_what_stands_for_too_much_is_refused(text: str, code: str) -> None:
    assert code in [it.code for it in refusal(text).details]


@pytest.mark.parametrize(
    "text",
    [
        rates(f"{CALL}, minimum: 1e999990"),
        rates(f"{CALL}, increments: 1e999990/1e999990"),
        rates(f"{REQUEST}, package: 1e999990"),
        rates(CALL) + "examples:\n- {event: {type: voice.call, quantity: 1e999990}, cost: 1}\n",
        rates(CALL)
        + "examples:\n- {event: {type: voice.call, quantity: 1, cost: 1e999990}, cost: 1}\n",
        rates(CALL) + "examples:\n- {event: {type: voice.call, quantity: 1}, cost: 1e5000}\n",
    ],
    ids=["minimum", "increments", "package", "quantity", "own cost", "cost"],
)
def test_a_number_of_a_million_digits_is_refused_unread(text: str) -> None:
    assert " must be " in refusal(text).details[0].error


@pytest.mark.parametrize(
    "text",
    ["- a\n" * 200_000, "[" * 400_000, "word " * 200_000, "- &a 1\n- &a 1\n"],
    ids=["a list", "nested", "a text", "no YAML"],
)
def test_of_what_is_no_mapping_nothing_else_is_read(text: str) -> None:
    (found,) = refusal(text).details
    assert (found.code, found.error.partition(": ")[2]) == (
        "not_a_mapping",
        "a price book is a mapping of name, rates and so on",
    )


def test_after_an_unknown_field_little_is_read_and_the_error_says_so() -> None:
    text = f"{HEAD}junk: [{'[1], ' * 20_000}]\nmore: {{}}\n"
    found = refusal(text)
    assert found.sentence == (
        "the price book has unknown fields, and the rest of it was not read; nothing was loaded"
    )
    assert [(it.field, it.code) for it in found.details] == [("junk", "unknown_field")]
    few = refusal(f"{HEAD}junk: [{'[1], ' * 2_000}]\nmore: {{}}\n")
    assert [it.field for it in few.details] == ["junk", "more", "rates"]


def test_a_book_has_so_many_tokens() -> None:
    text = rates(*([f"{REQUEST}, when: {{a: b}}"] * 100))
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(text, most_tokens=1_000)
    assert refused.value.sentence == (
        "the price book has more than 1,000 names, values and marks of YAML; nothing was loaded"
    )
    assert refused.value.details == ()


def test_a_body_full_of_rates_has_fewer_tokens_than_it_may() -> None:
    """A tenth of the body has less than a tenth of the tokens."""
    rate, tenth = "meter: sms.outbound, price: 1, per: segment", 2**20 // 10
    book = rates(*(f"{rate}, to: {n}" for n in range(10_000, 10_000 + tenth // 60)))
    assert len(book) > tenth * 0.9
    assert len(parse_price_book(book, most_tokens=MOST_TOKENS // 10).rates) == tenth // 60


def test_aliases_may_repeat_many_prefixes() -> None:
    text = HEAD + f"rates:\n- {{{CALL}, to: &uk [{PREFIXES}], when: {{a: 0}}}}\n"
    text += "".join(f"- {{{CALL}, to: *uk, when: {{a: {n}}}}}\n" for n in range(1, 5))
    assert len(parse_price_book(text).rates) == 50_000


def test_of_very_many_errors_the_first_thousand_are_listed() -> None:
    found = refusal(rates(*(["meter: fax, price: 1, per: x"] * 2_000)))
    assert found.sentence == "the price book has 1,000 errors or more; nothing was loaded"
    assert len(found.details) == 1_000
    assert found.details[-1].error.startswith("line 1005: ")


def test_an_error_does_not_repeat_a_long_text() -> None:
    (found,) = refusal(HEAD + f"rates: [{{{CALL}}}]\n? {'x' * 100_000}\n: 1\n").details
    assert (len(found.field), len(found.error)) == (200, 1_000)


def test_the_name_of_a_field_is_a_text() -> None:
    (found,) = refusal(rates(f"{CALL}, ? [when] : 1")).details
    assert (found.field, found.code) == ("rates[0]", "not_a_text")
