"""From a row to an event, by a mapping."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.meters import BY_TYPE, Category, Meter
from tollbook.records.accounts import AccountOwner
from tollbook.records.addresses import (
    called_address,
    calling_address,
    channel_of,
    skip_internal,
)
from tollbook.records.answer_times import TimeReader
from tollbook.records.conditions import skip_tests
from tollbook.records.fields import INBOUND, OUTBOUND, field_reader
from tollbook.records.mapping import Mapping
from tollbook.records.numbers import format_of
from tollbook.records.options import ConversionOptions
from tollbook.records.quantities import ONE, ZERO, multiplied, parse_quantity, written_quantity
from tollbook.records.readers import Reader
from tollbook.records.row_ids import KnownHashes, hash_of
from tollbook.records.rows import (
    OTHER_LEG,
    UNANSWERED,
    IdenticalRow,
    RecordRow,
    RefusedRow,
    SkippedRow,
)
from tollbook.records.times import Resolved, written_time

_NO_ATTRIBUTES = (
    *("to", "from", "user_id", "account", "direction"),
    *("organization_id", "resource_id"),
)
_MOST_QUANTITIES = 8_192
_SECOND = "second"
_MESSAGE_UNITS = ("segment", "message")
_encode = msgspec.json.Encoder().encode


class OrganizationTerms(NamedTuple):
    """What an import knows of an organization: its number format, and its currency if known."""

    number_format: str
    currency: str | None = None


TermsReader = Callable[[str], OrganizationTerms]
"""Returns the terms of an organization by its id."""


class Converted(NamedTuple):
    """An event as JSON, and what the report adds up of it."""

    row: RecordRow
    event: bytes
    time: datetime
    seconds: Decimal
    segments: int
    is_repeated: bool
    is_rounded: bool


MeterReader = Callable[[str], Meter | None]
"""Returns the meter of an event type, None for one that is unknown."""


def built_in_meter(type_: str) -> Meter | None:
    """Return the meter of an event type, None for one that only the ledger may know."""
    return BY_TYPE.get(type_)


class Converter:
    """Converts the rows of an import; it remembers the hashes that are ids, and the accounts."""

    def __init__(
        self,
        mapping: Mapping,
        options: ConversionOptions,
        reader: Reader,
        terms: TermsReader,
        meter_of: MeterReader = built_in_meter,
    ) -> None:
        self.unknown_accounts: Counter[str] = Counter()
        self.hashes = KnownHashes()
        mapping = reader.prepare(mapping)
        self._mapping = mapping
        self._options = options
        self._reader = reader
        self._terms = terms
        self._meter_of = meter_of
        source = f"{options.source}:" if options.source else ""
        self._prefix = f"{mapping.id_prefix}:{source}"
        columns = reader.columns(mapping)
        self._tests = skip_tests(mapping.skip, columns)
        self._leg = columns.getter((mapping.leg,)) if mapping.leg else None
        self._id = [it for it in (columns.getter((one,)) for one in mapping.id or ()) if it]
        self._type = field_reader("type", mapping.type, columns)
        self._quantity = columns.getter(mapping.quantity.columns)
        self._time = TimeReader(mapping.time, columns)
        fields = {name: field_reader(name, it, columns) for name, it in mapping.fields.items()}
        self._direction = fields.get("direction")
        self._to = fields.get("to")
        self._from = fields.get("from")
        self._user = fields.get("user_id")
        self._account = fields.get("account")
        self._organization = fields.get("organization_id")
        self._resource = fields.get("resource_id")
        self._others = [(n, it) for n, it in fields.items() if it and n not in _NO_ATTRIBUTES]
        self._access_code = mapping.numbers.strip
        self._quantities: dict[str, tuple[Decimal, bool]] = {}
        self._cost = columns.getter(mapping.cost.columns) if mapping.cost else None
        self._currency = columns.getter(mapping.cost.currency) if mapping.cost else None
        rule = mapping.numbers
        has_format = rule.country is not None or rule.bare is not None
        self._number_format = format_of(rule.country, rule.bare) if has_format else None

    def convert(self, row: RecordRow) -> Converted:
        """Return the event of a row, or raise why there is none."""
        if row.refusal is not None:
            raise row.refusal
        values = row.values
        self._reader.derive(values)
        is_unanswered = self._skip(values)
        direction = self._direction(values, OUTBOUND) if self._direction else ""
        type_ = self._type(values, direction) if self._type else ""
        meter = self._meter_of(type_)
        category = meter.category if meter else None
        unit = meter.unit if meter else ""
        is_talk = category is Category.VOICE and unit == _SECOND
        called = self._to(values, direction) if self._to else ""
        caller = self._from(values, direction) if self._from else ""
        if category is Category.VOICE or meter is None:
            skip_internal(called, caller)
        quantity, is_rounded = self._read_quantity(values, is_talk, is_unanswered)
        is_unanswered = is_unanswered or (is_talk and not quantity)
        owner = self._owner(values, direction)
        terms = self._terms(owner.organization_id)
        time = self._read_time(values, quantity, is_talk, is_unanswered)
        number_format = self._number_format or terms.number_format
        attributes = self._addresses(called, caller, category, number_format, direction)
        for name, read in self._others:
            if text := read(values, direction):
                attributes[name] = self._prefix + text if name == "parent" else text
        event: dict[str, Any] = {
            "id": self._identity(row),
            "type": type_,
            "organization_id": owner.organization_id,
            "time": time.written or written_time(time.time),
            "quantity": msgspec.Raw(written_quantity(quantity)),
        }
        if attributes:
            event["attributes"] = attributes
        if owner.user_id:
            event["user_id"] = owner.user_id
        if self._resource and (resource := self._resource(values, direction)):
            event["resource_id"] = resource
        if self._options.has_carrier_cost and (cost := self._carrier_cost(values, terms)):
            event["cost"] = msgspec.Raw(cost)
        seconds = quantity if is_talk else ZERO
        is_message = category is Category.MESSAGING and unit in _MESSAGE_UNITS
        segments = int(quantity) if is_message else 0
        repeated = time.is_repeated
        return Converted(row, _encode(event), time.time, seconds, segments, repeated, is_rounded)

    def seconds_of(self, row: RecordRow) -> Decimal:
        """Return the seconds of a row that is no event, 0 when they cannot be read."""
        try:
            text = self._quantity(row.values) if self._quantity and row.values else ""
            return parse_quantity("", text) * self._mapping.quantity.multiply if text else ZERO
        except RefusedRow:
            return ZERO

    def _skip(self, values: Any) -> bool:
        """Skip a row by the rules; return whether it is a call without an answer that counts."""
        if self._leg is not None and self._options.legs not in ("both", self._leg(values)):
            raise SkippedRow(OTHER_LEG)
        is_unanswered = False
        for reason, test in self._tests:
            if test(values):
                if reason != UNANSWERED or not self._options.counts_unanswered:
                    raise SkippedRow(reason)
                is_unanswered = True
        return is_unanswered

    def _addresses(
        self,
        called: str,
        caller: str,
        category: Category | None,
        number_format: str,
        direction: str,
    ) -> dict[str, str]:
        """Return the addresses, the direction and the channel of an event, without empty ones."""
        found: dict[str, str] = {}
        if self._to:
            code = self._access_code if direction != INBOUND else ""
            if to := called_address(called, category, number_format, code):
                found["to"] = to
        if caller and (from_ := calling_address(caller, number_format)):
            found["from"] = from_
        if direction:
            found["direction"] = direction
        if (":" in called or ":" in caller) and (channel := channel_of(called, caller)):
            found["channel"] = channel
        return found

    def _read_quantity(
        self, values: Any, is_talk: bool, is_unanswered: bool
    ) -> tuple[Decimal, bool]:
        """Return the quantity, and whether it is rounded; skip calls without seconds."""
        if is_unanswered:
            return ZERO, False
        if self._quantity is None:
            return ONE, False
        text = self._quantity(values)
        found = self._quantities.get(text)
        if found is None:
            found = self._parsed_quantity(text)
            if len(self._quantities) < _MOST_QUANTITIES:
                self._quantities[text] = found
        if is_talk and not found[0] and not self._options.counts_unanswered:
            raise SkippedRow(UNANSWERED)
        return found

    def _parsed_quantity(self, text: str) -> tuple[Decimal, bool]:
        rule = self._mapping.quantity
        column = " or ".join(rule.columns)
        if not text:
            raise RefusedRow("quantity", "missing_field", f"{column} is empty")
        quantity, was_rounded = multiplied(parse_quantity(column, text), rule.multiply)
        if quantity < 0:
            raise RefusedRow("quantity", "negative_quantity", f"{column} must not be negative")
        return quantity, rule.is_rounded or was_rounded

    def _read_time(
        self, values: Any, quantity: Decimal, is_talk: bool, is_unanswered: bool
    ) -> Resolved:
        time = self._time.read(values, quantity, is_unanswered=is_unanswered)
        within = self._mapping.quantity.within
        is_checked = within is not None and is_talk and not is_unanswered
        if is_checked and self._time.misses_end(values, time.time, quantity, within or ZERO):
            sentence = f"the seconds differ from the end by more than {within} s"
            raise RefusedRow("quantity", "impossible_duration", sentence)
        return time

    def _owner(self, values: Any, direction: str) -> AccountOwner:
        """Return whose usage a row is."""
        accounts = self._options.accounts
        user = (self._user(values, direction) if self._user else "") or None
        if accounts is not None:
            account = self._account(values, direction) if self._account else ""
            found = accounts.get(account)
            if found is not None:
                return AccountOwner(found.organization_id, found.user_id or user)
            self.unknown_accounts[account] += 1
        organization = self._options.organization
        if self._organization:
            organization = self._organization(values, direction) or organization
        if organization is None:
            sentence = "the account is not in the file of accounts, and there is no --organization"
            raise RefusedRow("account", "unknown_account", sentence)
        return AccountOwner(organization, user)

    def _identity(self, row: RecordRow) -> str:
        """Return the id of a row: of its switch, else the hash of the row."""
        if len(self._id) == 1 and (text := self._id[0](row.values)):
            return self._prefix + text
        if self._id:
            parts = [get(row.values) for get in self._id]
            if any(parts):
                return self._prefix + ":".join(parts)
            if not self._reader.may_hash_rows:
                columns = " and ".join(self._mapping.id or ())
                raise RefusedRow("id", "missing_field", f"{columns} must not be empty")
        row_hash = hash_of(row.cells)
        if not self.hashes.add(row_hash):
            raise IdenticalRow
        return self._prefix + row_hash

    def _carrier_cost(self, values: Any, terms: OrganizationTerms) -> bytes | None:
        """Return what the carrier charged, None when it has not charged yet."""
        rule = self._mapping.cost
        text = self._cost(values) if self._cost else ""
        if rule is None or not text:
            return None
        cost = _amount(text)
        if cost is not None and rule.is_negative:
            cost = -cost
        if cost is None or cost < 0:
            raise RefusedRow("cost", "invalid_cost", "the price must be what the carrier charged")
        currency = (self._currency(values) if self._currency else "") or rule.default_currency
        if currency and terms.currency and currency.upper() != terms.currency:
            sentence = f"the price is in {currency}, the organization in {terms.currency}"
            raise RefusedRow("cost", "currency_mismatch", sentence)
        return written_quantity(abs(cost))


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except ArithmeticError:
        return None
    return amount if amount.is_finite() else None
