"""The examples of a book: each is priced, and a wrong one refuses the book with what is right."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.yaml_book import parse_price_book

BOOK = """
name: Example
currency: USD
effective_from: 2024-01-15
source: a test
rates:
  - {meter: voice.call, price: "0.60", per: minute, to: "44"}
  - {meter: voice.call, price: "0.30", per: minute, to: "44",
     hours: {days: "sat,sun", from: "00:00", until: "22:30"}}
  - {meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: "0.10"}, {price: "0.01"}]}
  - {meter: api.request, price: "1", per: request}
  - {meter: api.request, price: "3", per: request, when: {plan: "2"}}
examples:
"""
UK = 'to: "+442071838750"'


def problems(*examples: str) -> list[tuple[str, str, str]]:
    """Return the path, the code and the sentence of each problem, without its line."""
    try:
        parse_price_book(BOOK + "".join(f"  - {it}\n" for it in examples))
    except PriceBookRefused as error:
        return [(it.field, it.code, it.error.partition(": ")[2]) for it in error.details]
    return []


def call(cost: str, quantity: str = "60", time: str = "") -> str:
    """Return the example of a call to the United Kingdom."""
    at = f'time: "{time}", ' if time else ""
    event = f"type: voice.call, quantity: {quantity}, {at}attributes: {{{UK}}}"
    return f"{{event: {{{event}}}, cost: {cost}}}"


def message(cost: str, body: str) -> str:
    attributes = f'{{body: "{body}"}}'
    return f"{{event: {{type: sms.outbound, attributes: {attributes}}}, cost: {cost}}}"


@pytest.mark.parametrize(
    "example",
    [
        # The first day of the book is a Monday, whose midnight an example has without a time.
        call("0.60"),
        call("0.6"),
        call("0.30", time="2024-01-20T10:30"),
        call("0.30", time="2024-01-21T22:29"),
        call("0.60", time="2024-01-21T22:30"),
        call("0.60", time="2024-01-22"),
        call("0", quantity="0"),
        "{event: {type: voice.call, quantity: 60, cost: 5}, cost: 5}",
        "{event: {type: api.request, attributes: {plan: 2}}, cost: 3}",
        '{event: {type: api.request, attributes: {plan: "2"}}, cost: 3}',
        "{event: {type: api.request}, cost: 1}",
        "{event: {type: sms.outbound, quantity: 4}, cost: 0.40}",
        "{event: {type: sms.outbound, quantity: 4}, cost: 0.22, month_so_far: 8}",
        "{event: {type: sms.outbound, quantity: 4}, cost: 0.04, month_so_far: 10}",
        # The text of a message is counted in segments: 70 of these characters are one.
        message("0.10", "Ж" * 70),
        message("0.20", "Ж" * 71),
    ],
)
def test_an_example_that_is_right_is_accepted(example: str) -> None:
    assert problems(example) == []


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        ("{event: {type: api.request}, cost: 2}", "this example costs 1.00, not 2.00"),
        (
            "{event: {type: api.request}, cost: 0.999999999}",
            "this example costs 1.00, not 0.999999999",
        ),
        (
            "{event: {type: sms.outbound, quantity: 4}, cost: 0.40, month_so_far: 8}",
            "this example costs 0.22, not 0.40",
        ),
    ],
)
def test_an_example_that_is_wrong_states_what_is_right(example: str, sentence: str) -> None:
    assert problems(example) == [("examples[0]", "wrong_example", sentence)]


def test_an_example_without_a_price_states_the_reason() -> None:
    ((path, code, sentence),) = problems("{event: {type: voice.call, quantity: 60}, cost: 1}")
    assert (path, code) == ("examples[0]", "wrong_example")
    assert sentence.startswith("this example has no price: ")


@pytest.mark.parametrize(
    ("example", "path", "code"),
    [
        ("5", "examples[0]", "not_a_mapping"),
        ("{cost: 1}", "examples[0].event", "missing_field"),
        ("{event: {type: api.request}}", "examples[0].cost", "missing_field"),
        ("{event: {quantity: 1}, cost: 1}", "examples[0].event.type", "missing_field"),
        ("{event: {type: voice.call}, cost: 1}", "examples[0].event.quantity", "missing_field"),
        ("{event: {type: fax.page}, cost: 1}", "examples[0].event.type", "invalid_type"),
        (
            "{event: {type: api.request, user: a}, cost: 1}",
            "examples[0].event.user",
            "unknown_field",
        ),
        ("{event: 5, cost: 1}", "examples[0].event", "not_a_mapping"),
        (
            "{event: {type: api.request, attributes: 5}, cost: 1}",
            "examples[0].event.attributes",
            "not_a_mapping",
        ),
        (
            "{event: {type: api.request, attributes: {a: []}}, cost: 1}",
            "examples[0].event.attributes.a",
            "not_a_text",
        ),
    ],
)
def test_an_example_that_cannot_be_read_names_the_field(example: str, path: str, code: str) -> None:
    assert (path, code) in [it[:2] for it in problems(example)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time", "2024-01-20T10:30Z"),
        ("time", "2024-01-20T10:30+01:00"),
        ("time", "10:30"),
        ("quantity", "-1"),
        ("quantity", "0.0000001"),
        ("cost", "x"),
        ("cost", "0.0000000001"),
    ],
)
def test_a_value_of_an_event_that_is_wrong_is_refused(field: str, value: str) -> None:
    found = problems(f'{{event: {{type: api.request, {field}: "{value}"}}, cost: 1}}')
    assert [it[0] for it in found] == [f"examples[0].event.{field}"]


def test_each_wrong_example_is_listed_with_its_place() -> None:
    wrong = "{event: {type: api.request}, cost: 2}"
    right = "{event: {type: api.request}, cost: 1}"
    assert [it[0] for it in problems(wrong, right, wrong)] == ["examples[0]", "examples[2]"]


def test_a_list_of_examples_has_at_least_one() -> None:
    with pytest.raises(PriceBookRefused) as error:
        parse_price_book(BOOK.rstrip() + " []\n")
    assert [(it.field, it.code) for it in error.value.details] == [("examples", "not_a_list")]
