"""Books that are wrong in one way each: refused with a sentence of its own, and the line."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.yaml_book import parse_price_book

HEAD = """\
name: Standard
currency: EUR
effective_from: 2024-01-31
source: carrier agreement 17
"""
CALL = "meter: voice.call, price: 0.1, per: minute"
TEXT = "meter: sms.outbound, price: 0.1, per: segment"
TIERED = "meter: sms.outbound, per: segment"
RENT = "meter: phone.rental, price: 1, per: month"


def rates(*entries: str) -> str:
    return HEAD + "rates:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def example(text: str) -> str:
    return rates(CALL) + f"examples:\n  - {{{text}}}\n"


WRONG = [
    (rates(f"{CALL}, to: 044"), "line 6: to must be the first digits of an international number"),
    (rates(f"{CALL}, to: GB"), "line 6: to must be the first digits of an international number"),
    (rates(f"{CALL}, to: [44, 44]"), "line 6: 44 is given twice"),
    (rates(f"{CALL}, to: []"), "line 6: to must be a list of prefixes"),
    (rates(f"{CALL}, from: 1234567890123456"), "line 6: from must be the first digits"),
    (rates(f"{CALL}, to: [44, 49]", f"{CALL}, to: 49"), "line 7: this rate and the one on line 6"),
    (rates(f"{CALL}, when: {{to.country: UK}}"), "line 6: 'UK' is not the ISO 3166 code"),
    (rates(f"{CALL}, when: {{to.region: GB}}"), "line 6: to.region is unknown; known are"),
    (rates(f"{CALL}, when: {{to.kind: fax}}"), "line 6: to.kind must be number or short_code"),
    (rates(f"{CALL}, valid_from: soon"), "line 6: valid_from must be a date such as"),
    (
        rates(f"{CALL}, valid_from: 2024-02-01, valid_until: 2024-01-01"),
        "line 6: valid_until must not be before valid_from",
    ),
    (rates(f"{CALL}, hours: 8-20"), "line 6: hours must be a mapping of days, from and until"),
    (rates(f"{CALL}, hours: {{days: funday}}"), "line 6: hours must be weekdays such as"),
    (rates(f'{CALL}, hours: {{from: "8"}}'), "line 6: hours must be a time of day such as 08:00"),
    (
        rates(f'{CALL}, hours: {{from: "08:00", until: "08:00"}}'),
        "line 6: hours must end at another time than it starts",
    ),
    (rates(f"{CALL}, hours: {{on: mon}}"), "line 6: unknown field 'on'; the fields are days"),
    (rates(f"{CALL}, increments: 60"), "line 6: increments must be two numbers of seconds"),
    (rates(f"{CALL}, increments: 60/0"), "line 6: increments must be two numbers of seconds"),
    (rates(f"{CALL}, minimum: long"), "line 6: minimum must be a number of seconds from 0"),
    (rates(f"{CALL}, grace: 90000"), "line 6: grace must be a number of seconds from 0"),
    (rates(f"{CALL}, connect_fee: -1"), "line 6: connect_fee must be a number from 0"),
    (
        rates(f"{CALL}, connect_fee: 2, maximum_cost: 1"),
        "line 6: maximum_cost must not be below the connect fee",
    ),
    (rates(f"{TEXT}, increments: 60/6"), "line 6: increments is for meters in seconds, not for"),
    (rates(f"{TEXT}, proration: daily"), "line 6: proration is for meters in months, not for"),
    (rates(f"{RENT}, proration: weekly"), "line 6: proration must be none or daily"),
    (rates(f"{TEXT}, package: 0"), "line 6: package must be a number above 0"),
    (
        rates("meter: mms.outbound, price: 1, per: message, package: 2"),
        "line 6: package is for units, not for a price by message",
    ),
    (
        rates("meter: api.request, price: 1, per: 1000 requests, package: 1000001"),
        "line 6: package must not be more than 1000000000 units",
    ),
    (rates(f"{TEXT}, over: month"), "line 6: over needs package"),
    (rates(f"{TEXT}, package: 5, over: year"), "line 6: over must be event or month"),
    (rates(f"{TEXT}, tier_group: a"), "line 6: tier_group needs graduated or volume or over"),
    (rates(f"{TIERED}, graduated: 7"), "line 6: graduated must be a list of tiers"),
    (rates(f"{TIERED}, volume: [7]"), "line 6: a tier is a mapping of up_to and price"),
    (rates(f"{TIERED}, volume: [{{up_to: 5}}, {{price: 1}}]"), "line 6: price is missing"),
    (
        rates(f"{TIERED}, graduated: [{{up_to: 5, price: 1}}]"),
        "line 6: the last tier has no up_to, and every other one has",
    ),
    (
        rates(f"{TIERED}, graduated: [{{price: 1}}, {{price: 2}}]"),
        "line 6: the last tier has no up_to, and every other one has",
    ),
    (
        rates(
            f"{TIERED}, graduated: [{{up_to: 5, price: 1}}, {{up_to: 5, price: 1}}, {{price: 1}}]"
        ),
        "line 6: up_to must be more than that of the tier before",
    ),
    (rates(f"{TEXT}, graduated: [{{price: 1}}]"), "line 6: price and graduated cannot be in one"),
    (
        rates(f"{TIERED}, graduated: [{{price: 1}}], volume: [{{price: 1}}]"),
        "line 6: graduated and volume cannot be in one rate",
    ),
    (
        rates(f"{TIERED}, to: [44, 49], graduated: [{{price: 1}}]"),
        "line 6: a rate of several prefixes must name the tier_group they count in",
    ),
    (
        rates(
            f"{TIERED}, tier_group: a, graduated: [{{price: 1}}]",
            "meter: voice.call, per: minute, tier_group: a, graduated: [{price: 1}]",
        ),
        "line 7: the tier_group 'a' counts something else on an earlier line",
    ),
    (rates(f"{TEXT}, fees: []"), "line 6: fees must be a list of fees"),
    (rates(f"{TEXT}, fees: [{{name: a}}]"), "line 6: a fee is a mapping of name, price and per"),
    (
        rates(f"{TEXT}, fees: [{{name: a, price: 1, per: event, percent: 1%}}]"),
        "line 6: a fee is a mapping of name, price and per",
    ),
    (
        rates(f"{TEXT}, fees: [{{name: price, percent: 1%}}]"),
        "line 6: a line of a charge is called 'price' already",
    ),
    (rates(f"{TEXT}, fees: [{{name: a, percent: 1}}]"), "line 6: percent must be a percentage"),
    (
        rates(f"{TEXT}, fees: [{{name: a, price: 1, per: minute}}]"),
        "line 6: per must be a number of units of sms.outbound: segment or message",
    ),
    (
        rates("meter: mms.inbound, price: 1, per: KB, fees: [{name: a, price: 1, per: KB}]"),
        "line 6: per must not be a media size",
    ),
    (
        rates("meter: sms.outbound, per: segment, graduated: [{price: 1, connect_fee: 1}]"),
        "line 6: connect_fee is for meters in seconds, not for sms.outbound",
    ),
    (
        rates("meter: voice.call, per: minute, volume: [{price: 1, connect_fee: 1}]"),
        "line 6: unknown field 'connect_fee'; the fields are price, up_to",
    ),
    (
        rates("meter: voice.call, per: minute, graduated: [{price: 1, connect_fee: -1}]"),
        "line 6: connect_fee must be a number from 0",
    ),
    (rates(f"{TEXT}, buy: cheap"), "line 6: price must be a number from 0"),
    (rates(f"{TEXT}, buy: {{per: segment}}"), "line 6: price is missing"),
    (rates(f"{TEXT}, markup: 15"), "line 6: markup must be a percentage from 0% to 1000%"),
    (rates("meter: voice.call, markup: 1%, buy: 1"), "line 6: buy needs price or graduated or"),
    (
        rates(f"{TIERED}, markup: 1%, volume: [{{price: 1}}]"),
        "line 6: markup and volume cannot be in one rate",
    ),
    (rates("meter: voice.call, price: 1"), "line 6: per is missing"),
    (rates("meter: voice.call, per: minute"), "line 6: price is missing"),
    (rates(CALL) + "examples: 7\n", "line 7: examples must be a list of event and cost"),
    (example("cost: 1"), "line 8: event is missing"),
    (example("event: {type: fax}, cost: 1"), "line 8: type 'fax' is unknown"),
    (
        example("event: {type: voice.call, quantity: 1}, cost: much"),
        "line 8: cost must be an amount",
    ),
    (
        example("event: {type: voice.call, quantity: 1, time: 2024-01-31T10:00:00Z}, cost: 1"),
        "line 8: time must be a local time such as 2024-01-15T10:30, without an offset",
    ),
    (
        example("event: {type: voice.call, quantity: -1}, cost: 1"),
        "line 8: quantity must be a number above 0",
    ),
    (
        example("event: {type: voice.call, quantity: 1, attributes: 7}, cost: 1"),
        "line 8: attributes must be a mapping of name to value",
    ),
    (
        example("event: {type: voice.call, quantity: 1, attributes: {body: 7}}, cost: 1"),
        "line 8: body must be text",
    ),
    (
        example("event: {type: sms.inbound}, cost: 1"),
        "line 8: this example has no price: price book version 0 has no price for this sms.inbound",
    ),
    (
        example("event: {type: voice.call, quantity: 66}, cost: 0.1"),
        "line 8: this example costs 0.11, not 0.10",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_wrong_book_is_refused_with_its_own_sentence(text: str, sentence: str) -> None:
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(text)
    said = [problem.error for problem in refused.value.details]
    assert len(said) == 1, said
    assert said[0].startswith(sentence), said[0]


def test_a_book_may_be_wrong_in_thirty_ways() -> None:
    assert len({sentence.partition(":")[2] for _, sentence in WRONG}) >= 30
