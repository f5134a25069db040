"""A mapping: how the columns of a source become the fields of an event.

Each named format is a mapping (`presets/`), as is each file of `--mapping`.
"""

from decimal import Decimal

import msgspec

Columns = tuple[str, ...]
"""Alternatives: the first column that is not empty counts."""


class Condition(msgspec.Struct, frozen=True):
    """A condition on a column: one of `values`, or none of them with `is_not`, or a range.

    An empty cell counts as 0 in a range.
    """

    column: str
    values: tuple[str, ...] = ()
    is_not: bool = False
    at_least: Decimal | None = None
    at_most: Decimal | None = None


class SkipRule(msgspec.Struct, frozen=True):
    """Rows that fulfill all conditions are skipped for this reason."""

    reason: str
    conditions: tuple[Condition, ...]


class FieldRule(msgspec.Struct, frozen=True):
    """The text of a field: of a column, of another one by direction, or always the default.

    `values` maps texts of the column to others; a text that is not in it is the default, or
    refused without one.
    """

    columns: Columns = ()
    values: dict[str, str] | None = None
    default: str | None = None
    inbound: Columns | None = None
    outbound: Columns | None = None


class TimeRule(msgspec.Struct, frozen=True):
    """The time of an event.

    `start` counts for calls without an answer, `end` and `near` resolve a repeated hour, `plus` is
    a column of seconds to add. `timezone` is the zone of times without an offset; without it
    `--timezone` is required when `requires_timezone`, or when such a time occurs.
    """

    columns: Columns
    formats: tuple[str, ...] = ()
    timezone: str | None = None
    requires_timezone: bool = False
    start: Columns = ()
    end: Columns = ()
    near: Columns = ()
    plus: Columns = ()


class QuantityRule(msgspec.Struct, frozen=True):
    """The quantity of an event: a column times `multiply`.

    With `within`, a call is refused when its end is not that near to its time plus its seconds.
    `is_rounded`: the carrier has rounded it already.
    """

    columns: Columns
    multiply: Decimal = Decimal(1)
    within: Decimal | None = None
    is_rounded: bool = False


class CostRule(msgspec.Struct, frozen=True):
    """What the carrier charged, for `--cost carrier`, and the column of its currency."""

    columns: Columns
    currency: Columns = ()
    default_currency: str | None = None
    is_negative: bool = False


class NumberRule(msgspec.Struct, frozen=True):
    """How digits without `+` are read, and the access code of a trunk before them."""

    country: str | None = None
    bare: str | None = None
    strip: str = ""


class CsvRule(msgspec.Struct, frozen=True):
    """How CSV is written; `header` is the list of columns when the file has none."""

    delimiter: str | None = None
    encoding: str | None = None
    header: tuple[str, ...] | None = None


class Mapping(msgspec.Struct, frozen=True):
    """How the rows of a source become events. `id` is None for the hash of the row."""

    id_prefix: str
    time: TimeRule
    quantity: QuantityRule
    records: str = "csv"
    csv: CsvRule = CsvRule()
    lists: tuple[str, ...] = ()
    url_encoded: bool = False
    is_loose: bool = False
    skip: tuple[SkipRule, ...] = ()
    leg: str | None = None
    id: Columns | None = None
    type: FieldRule = FieldRule(default="voice.call")
    fields: dict[str, FieldRule] = {}
    cost: CostRule | None = None
    numbers: NumberRule = NumberRule()
    notes: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[Columns, ...]:
        """Return the columns without which a file with a header is refused."""
        identity = tuple((it,) for it in self.id or ())
        return (*identity, self.time.columns, self.quantity.columns)

    def with_fields(self, **fields: FieldRule) -> "Mapping":
        """Return the mapping with other rules of fields."""
        return msgspec.structs.replace(self, fields={**self.fields, **fields})
