"""A price book as YAML: read whole or refused whole, with every error and its line.

```yaml
name: Standard
currency: USD
effective_from: 2024-01-01
source: carrier agreement 17
rates:
  - {meter: voice.call, price: 0.002, per: second}
  - {meter: api.request, price: 0.04, per: 1000 requests}
  - {meter: sms.outbound, price: 0.05, per: segment, when: {to.country: GB}}
```
"""

import re
from decimal import Decimal, InvalidOperation

import yaml

from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.domain.exact import MICROS, QUANTITY_PLACES, scaled
from tollbook.domain.meters import BY_TYPE, Meter
from tollbook.domain.periods import day_number, parsed_day
from tollbook.domain.prices import PRICE_PLACES, Basis, PriceBook, Pricing, Rate
from tollbook.rating.clashes import clashes

_MOST_PRICE = Decimal(1_000_000)
_MULTIPLES = {
    "second": {"second": 1, "minute": 60, "hour": 3600},
    "GB-day": {"GB-day": 1, "GB-month": 30},
    "segment": {"segment": 1, "message": 1},
}
_PER = re.compile(r"(?:(?P<count>[0-9]+(?:\.[0-9]+)?) )?(?P<unit>[A-Za-z-]+)")
_BOOK_FIELDS = ("name", "currency", "effective_from", "source", "rates")
_RATE_FIELDS = ("meter", "price", "per", "when")
_RATE_REQUIRED = ("meter", "price", "per")


def parse_price_book(text: str) -> PriceBook:
    """Read a price book, or raise `PriceBookRefused` with every error in it."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        sentence = f"the price book is not YAML: {' '.join(str(error).split())}"
        raise PriceBookRefused(sentence) from error
    reader = _Reader()
    book = reader.book(root)
    if reader.problems or book is None:
        count = len(reader.problems)
        raise PriceBookRefused(
            f"the price book has {count} error{'s' if count > 1 else ''}; nothing was loaded",
            reader.problems,
        )
    return book


class _Reader:
    """Walks the nodes of one book and collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def book(self, root: yaml.Node | None) -> PriceBook | None:
        if not isinstance(root, yaml.MappingNode):
            self._say(
                root, "", "not_a_mapping", "a price book is a mapping of name, rates and so on"
            )
            return None
        fields = self._fields(root, "", _BOOK_FIELDS, _BOOK_FIELDS)
        name = self._text(fields, "name")
        currency = self._text(fields, "currency")
        if currency and not re.fullmatch("[A-Z]{3}", currency):
            self._say(
                fields["currency"],
                "currency",
                "invalid_currency",
                "currency must be an ISO 4217 code such as USD",
            )
        effective_from = self._day(fields)
        source = self._text(fields, "source")
        rates = self._rates(fields.get("rates"))
        return PriceBook(name, currency, effective_from, source, rates)

    def _rates(self, node: yaml.Node | None) -> tuple[Rate, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._say(node, "rates", "not_a_list", "rates must be a list of at least one rate")
            return ()
        read = [(self._rate(item, f"rates[{n}]"), item) for n, item in enumerate(node.value)]
        items = [item for rate, item in read if rate]
        rates = [rate for rate, _ in read if rate]
        for one, other in clashes(rates):
            self._say(
                items[other],
                "rates",
                "ambiguous_rates",
                f"this rate and the one on line {items[one].start_mark.line + 1} "
                f"could both price the same {rates[one].meter}",
            )
        return tuple(rates)

    def _rate(self, node: yaml.Node, path: str) -> Rate | None:
        before = len(self.problems)
        if not isinstance(node, yaml.MappingNode):
            self._say(node, path, "not_a_mapping", "a rate is a mapping of meter, price and per")
            return None
        fields = self._fields(node, path, _RATE_FIELDS, _RATE_REQUIRED)
        meter = self._meter(fields, path)
        price = self._price(fields, path)
        when = self._when(fields.get("when"), f"{path}.when")
        per = self._text(fields, "per", path)
        basis = self._per(fields["per"], path, per, meter) if per and meter else None
        if len(self.problems) > before or meter is None or basis is None:
            return None
        text = self._text(fields, "price", path)
        of = Basis.EVENT if basis[1] else Basis.UNIT
        return Rate(meter.type, Pricing(text, per, price, basis[0], of), when=when)

    def _meter(self, fields: dict[str, yaml.Node], path: str) -> Meter | None:
        text = self._text(fields, "meter", path)
        meter = BY_TYPE.get(text)
        if text and meter is None:
            known = ", ".join(BY_TYPE)
            self._say(
                fields["meter"],
                f"{path}.meter",
                "unknown_meter",
                f"unknown meter {text!r}; the meters are {known}",
            )
        return meter

    def _price(self, fields: dict[str, yaml.Node], path: str) -> int:
        text = self._text(fields, "price", path)
        if not text:
            return 0
        try:
            price = Decimal(text)
            if not 0 <= price <= _MOST_PRICE:
                raise ValueError(text)
            return scaled(price, PRICE_PLACES)
        except (InvalidOperation, ValueError):
            self._say(
                fields["price"],
                f"{path}.price",
                "invalid_price",
                f"price must be a number from 0 to {_MOST_PRICE} "
                f"with at most {PRICE_PLACES} decimals",
            )
            return 0

    def _per(self, node: yaml.Node, path: str, text: str, meter: Meter) -> tuple[int, bool] | None:
        """Read `per`: a unit or a number of units; give micros, and whether it is by event."""
        multiples = _MULTIPLES.get(meter.unit, {meter.unit: 1})
        match = _PER.fullmatch(text)
        unit = match["unit"] if match else ""
        size = multiples.get(unit) or multiples.get(unit.removesuffix("s"))
        try:
            micros = scaled(Decimal(match["count"] or 1), QUANTITY_PLACES) if match else 0
        except ValueError:
            micros = 0
        if not size or not 0 < micros <= MICROS * MICROS:
            units = " or ".join(multiples)
            self._say(
                node,
                f"{path}.per",
                "invalid_per",
                f"per must be a number of units of {meter.type}: {units}",
            )
            return None
        return micros * size, unit.removesuffix("s") == "message"

    def _when(self, node: yaml.Node | None, path: str) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.MappingNode):
            self._say(node, path, "not_a_mapping", "when must be a mapping of attribute to value")
            return ()
        fields = self._fields(node, path, None, ())
        for name in fields:
            self._text(fields, name, path)
        return tuple(
            sorted((name, it.value) for name, it in fields.items() if isinstance(it.value, str))
        )

    def _day(self, fields: dict[str, yaml.Node]) -> int:
        text = self._text(fields, "effective_from")
        if not text:
            return 0
        try:
            return day_number(parsed_day(text))
        except ValueError:
            self._say(
                fields["effective_from"],
                "effective_from",
                "invalid_date",
                "effective_from must be a date such as 2024-01-31",
            )
            return 0

    def _text(self, fields: dict[str, yaml.Node], name: str, path: str = "") -> str:
        node = fields.get(name)
        if node is None:
            return ""
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self._say(node, _joined(path, name), "not_a_text", f"{name} must be a text or a number")
        return ""

    def _fields(
        self,
        node: yaml.MappingNode,
        path: str,
        known: tuple[str, ...] | None,
        required: tuple[str, ...],
    ) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if known is not None and name not in known:
                self._say(
                    key,
                    _joined(path, name),
                    "unknown_field",
                    f"unknown field {name!r}; the fields are {', '.join(known)}",
                )
            elif name in found:
                self._say(key, _joined(path, name), "repeated_field", f"{name} is given twice")
            else:
                found[name] = value
        for name in required:
            if name not in found:
                self._say(node, _joined(path, name), "missing_field", f"{name} is missing")
        return found

    def _say(self, node: yaml.Node | None, field: str, code: str, sentence: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(Problem(field, code, f"line {line}: {sentence}"))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
