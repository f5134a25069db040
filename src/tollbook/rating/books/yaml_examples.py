"""The examples of a YAML book: an event in, its cost out; a wrong one refuses the book.

An example is priced by the book alone, on the organization's own calendar and clock.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial

import msgspec
import yaml

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.exact import COST_PLACES, MICROS, amount_text, scaled
from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import PriceBook
from tollbook.rating.books import vocabulary
from tollbook.rating.books.source import Form
from tollbook.rating.books.vocabulary import parse_meter
from tollbook.rating.books.yaml_nodes import Entry
from tollbook.rating.charge import rate_usage
from tollbook.rating.segments import measure_segments
from tollbook.rating.tariff import Tariff

_MOST = 1_000
_EXAMPLE = Form(
    "an example is a mapping of event and cost",
    ("event", "cost", "month_so_far"),
    ("event", "cost"),
)
_EVENT = Form(
    "an example's event is a mapping of type, quantity, time, cost and attributes",
    ("type", "quantity", "time", "cost", "attributes"),
    ("type",),
)
_ATTRIBUTES = Form("attributes must be a mapping of name to value")
_NUMBERS = ("to", "from")


def check_examples(book: Entry, prices: PriceBook) -> None:
    """Price each example, and note those whose cost is another."""
    tariff = Tariff(prices)
    problems = book.document.problems
    for node, path in book.items("examples", "event and cost", _MOST):
        before = len(problems)
        example = book.document.entry(node, path, _EXAMPLE)
        if example is None or len(problems) > before:
            continue
        usage = _read_usage(example, prices)
        wanted = example.value("cost", _parse_nanos, 0)
        position = example.value("month_so_far", _parse_quantity, 0)
        if usage is None or len(problems) > before:
            continue
        charge = rate_usage([[tariff]], usage, prices.currency, position)
        if isinstance(charge, Unpriced):
            example.note("", "wrong_example", f"this example has no price: {charge.reason}")
        elif charge.cost != wanted:
            sentence = f"this example costs {amount_text(charge.cost)}, not {amount_text(wanted)}"
            example.note("", "wrong_example", sentence)


def _read_usage(example: Entry, prices: PriceBook) -> RatingInput | None:
    event = example.mapping("event", _EVENT)
    if event is None:
        return None
    meter = event.value("type", partial(parse_meter, event.document.catalog), None)
    attributes = _read_attributes(event)
    midnight = datetime.combine(day_of(prices.effective_from), datetime.min.time())
    time = event.value("time", _parse_time, midnight)
    if meter and meter.measured and "quantity" not in event.nodes:
        event.note("quantity", "missing_field", f"quantity is required for {meter.type}")
        return None
    quantity = event.value("quantity", _parse_quantity, MICROS)
    try:
        segments, attributes = measure_segments(attributes)
    except ValueError as error:
        event.note("attributes", "invalid_attributes", str(error))
        return None
    return RatingInput(
        meter=meter.type if meter else "",
        quantity=quantity if segments is None else segments * MICROS,
        day=day_number(time),
        attributes=attributes,
        cost=event.value("cost", _parse_nanos, None),
        minute=time.hour * 60 + time.minute,
    )


def _read_attributes(event: Entry) -> Attributes:
    """Read attributes as JSON would have them; phone numbers stay as they are written."""
    attributes = event.mapping("attributes", _ATTRIBUTES)
    found: dict[str, str | int | float | bool | None] = {}
    for name, node in attributes.nodes.items() if attributes else ():
        if isinstance(node, yaml.ScalarNode):
            as_written = name in _NUMBERS or node.style is not None
            found[name] = node.value if as_written else _parse_json(node.value)
        elif attributes:
            attributes.text(name)
    return found


def _parse_json(text: str) -> str | int | float | bool | None:
    """Parse a number, a boolean or null as JSON has it; anything else is text."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return text if isinstance(value, str | list | dict) else value


def _parse_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is not None:
        raise ValueError("must be a local time such as 2024-01-15T10:30, without an offset")
    return time


def _parse_quantity(text: str) -> int:
    return 0 if text == "0" else vocabulary.parse_quantity(text)


def _parse_nanos(text: str) -> int:
    try:
        return scaled(Decimal(text), COST_PLACES)
    except (InvalidOperation, ValueError):
        raise ValueError(f"must be an amount with at most {COST_PLACES} decimals") from None
