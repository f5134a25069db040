"""The examples of a YAML book: an event in, its cost out; a wrong one refuses the book.

An example is priced by the book alone, on the organization's own calendar and clock.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec
import yaml

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.exact import COST_PLACES, MICROS, amount_text, scaled
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import PriceBook
from tollbook.rating.books import vocabulary
from tollbook.rating.books.yaml_nodes import Fields, Nodes, joined
from tollbook.rating.charge import rated
from tollbook.rating.segments import measured
from tollbook.rating.tariff import Tariff

_MOST = 1_000
_FIELDS = ("event", "cost", "month_so_far")
_EVENT_FIELDS = ("type", "quantity", "time", "cost", "attributes")
_NUMBERS = ("to", "from")


def check_examples(nodes: Nodes, node: yaml.Node, book: PriceBook) -> None:
    """Price each example and say which cost something else than they should."""
    tariff = Tariff(book)
    what = "examples must be a list of event and cost"
    for item, path in nodes.items(node, "examples", what, _MOST):
        before = len(nodes.problems)
        fields = nodes.mapping(item, path, what, _FIELDS, ("event", "cost"))
        if fields is None or len(nodes.problems) > before:
            continue
        usage = _usage(nodes, fields["event"], joined(path, "event"), book)
        wanted = nodes.value(fields, "cost", path, _nanos, 0)
        position = nodes.value(fields, "month_so_far", path, _quantity, 0)
        if usage is None or len(nodes.problems) > before:
            continue
        charge = rated([[tariff]], usage, book.currency, position)
        if isinstance(charge, Unpriced):
            nodes.say(item, path, "wrong_example", f"this example has no price: {charge.reason}")
        elif charge.cost != wanted:
            sentence = f"this example costs {amount_text(charge.cost)}, not {amount_text(wanted)}"
            nodes.say(item, path, "wrong_example", sentence)


def _usage(nodes: Nodes, node: yaml.Node, path: str, book: PriceBook) -> RatingInput | None:
    what = "an example's event is a mapping of type, quantity, time, cost and attributes"
    fields = nodes.mapping(node, path, what, _EVENT_FIELDS, ("type",))
    if fields is None:
        return None
    meter = nodes.value(fields, "type", path, _meter, "")
    attributes = _attributes(nodes, fields, path)
    midnight = datetime.combine(day_of(book.effective_from), datetime.min.time())
    time = nodes.value(fields, "time", path, _time, midnight)
    quantity = nodes.value(fields, "quantity", path, _quantity, MICROS)
    try:
        segments, attributes = measured(attributes)
    except ValueError as error:
        nodes.say(node, joined(path, "attributes"), "invalid_attributes", str(error))
        return None
    return RatingInput(
        meter,
        quantity if segments is None else segments * MICROS,
        day_number(time),
        attributes,
        nodes.value(fields, "cost", path, _nanos, None),
        time.hour * 60 + time.minute,
    )


def _attributes(nodes: Nodes, fields: Fields, path: str) -> Attributes:
    """Read attributes as JSON would have them; numbers called stay as they are written."""
    if "attributes" not in fields:
        return {}
    where = joined(path, "attributes")
    what = "attributes must be a mapping of name to value"
    read = nodes.mapping(fields["attributes"], where, what, None) or {}
    found: dict[str, str | int | float | bool | None] = {}
    for name, node in read.items():
        if isinstance(node, yaml.ScalarNode):
            as_written = name in _NUMBERS or node.style is not None
            found[name] = node.value if as_written else _as_in_json(node.value)
        else:
            nodes.text(read, name, where)
    return found


def _as_in_json(text: str) -> str | int | float | bool | None:
    """Read what would be a number, a truth or null in JSON as that, anything else as text."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return text if isinstance(value, str | list | dict) else value


def _meter(text: str) -> str:
    if text not in BY_TYPE:
        raise ValueError(f"must be a meter: {', '.join(BY_TYPE)}")
    return text


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is not None:
        raise ValueError("must be a local time such as 2024-01-15T10:30, without an offset")
    return time


def _quantity(text: str) -> int:
    return 0 if text == "0" else vocabulary.quantity(text)


def _nanos(text: str) -> int:
    try:
        return scaled(Decimal(text), COST_PLACES)
    except (InvalidOperation, ValueError):
        raise ValueError(f"must be an amount with at most {COST_PLACES} decimals") from None
