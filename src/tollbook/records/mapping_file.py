"""Saved mappings in YAML, read with every error by its line."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from importlib.resources import files

import yaml

from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.records import mapping as rules
from tollbook.records.contents import NO_ENCODING, is_encoding
from tollbook.records.mapping import Columns, Condition, Mapping, SkipRule
from tollbook.records.rows import REASONS

VERSION = 1
LARGEST = 256 * 1024
"""The largest file of a mapping, in bytes."""

_PRESETS = files("tollbook.records") / "presets"
_TOP = (
    *("tollbook_mapping", "id_prefix", "records", "csv", "lists", "url_encoded", "loose_names"),
    *("skip", "leg", "id", "type", "time", "quantity", "fields", "cost", "numbers", "notes"),
)
_TIME = ("column", "format", "timezone", "start", "end", "near", "plus")
_QUANTITY = ("column", "multiply", "within", "rounded")
_FIELD = ("column", "map", "default", "inbound", "outbound")
_COST = ("column", "currency", "default_currency", "negative")
_NUMBERS = ("country", "bare", "strip")
_CSV = ("delimiter", "encoding", "header")
_CONDITION = ("not", "at_least", "at_most")


def preset(name: str) -> Mapping:
    """Return the mapping of a named format."""
    return read_mapping((_PRESETS / f"{name}.yaml").read_text(encoding="utf-8"))


def read_mapping(text: str) -> Mapping:
    """Read a mapping; raise `InvalidRequest` with every problem and its line."""
    reader = _Reader()
    found = reader.read(text)
    if reader.problems or found is None:
        raise InvalidRequest("the mapping has errors", reader.problems)
    return found


class _Reader:
    """Reads the nodes of a mapping and collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, node: yaml.Node | None, field: str, code: str, sentence: str) -> None:
        """Note a problem with its line."""
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(Problem(field, code, f"line {line}: {sentence}"))

    def read(self, text: str) -> Mapping | None:
        """Read the document."""
        if len(text) > LARGEST:
            self.note(None, "", "too_long", f"a mapping has at most {LARGEST:,} characters")
            return None
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", 0)
            what = getattr(error, "problem", None) or "it is nested too deeply"
            self.problems.append(
                Problem("", "not_yaml", f"line {line + 1}: this is not YAML: {what}")
            )
            return None
        top = self.entries(root, "", _TOP)
        if top is None:
            return None
        version = self.text(top, "tollbook_mapping")
        if version != str(VERSION):
            node = top.get("tollbook_mapping", root)
            sentence = f"tollbook_mapping must be {VERSION}"
            self.note(node, "tollbook_mapping", "unknown_version", sentence)
        missing = [it for it in ("id_prefix", "time", "quantity") if it not in top]
        for name in missing:
            self.note(root, name, "missing_field", f"{name} is missing")
        is_known = version == str(VERSION)
        return self._mapping(top) if is_known and not missing else None

    def _mapping(self, top: dict[str, yaml.Node]) -> Mapping:
        identity = self.columns(top.get("id"), "id")
        return Mapping(
            id_prefix=self.text(top, "id_prefix"),
            records=self.text(top, "records") or "csv",
            csv=self._csv(top.get("csv")),
            lists=self.columns(top.get("lists"), "lists"),
            url_encoded=self.flag(top, "url_encoded"),
            is_loose=self.flag(top, "loose_names"),
            skip=tuple(self._skips(top.get("skip"))),
            leg=self.text(top, "leg") or None,
            id=None if identity in ((), ("row",)) else identity,
            type=self._type(top.get("type")),
            time=self._time(top["time"]),
            quantity=self._quantity(top["quantity"]),
            fields=self._fields(top.get("fields")),
            cost=self._cost(top.get("cost")),
            numbers=self._numbers(top.get("numbers")),
            notes=self.columns(top.get("notes"), "notes"),
        )

    def entries(
        self, node: yaml.Node | None, path: str, known: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node] | None:
        """Return the nodes of a mapping by name; None when the node is none, which is noted."""
        if not isinstance(node, yaml.MappingNode):
            self.note(node, path, "not_a_mapping", f"{path or 'a mapping'} must be name: value")
            return None
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            field = f"{path}.{name}" if path else name
            if known and name not in known:
                sentence = f"unknown key {name!r}; the keys are {', '.join(known)}"
                self.note(key, field, "unknown_field", sentence)
            elif name in found:
                self.note(key, field, "repeated_field", f"{name} occurs twice")
            else:
                found[name] = value
        return found

    def text(self, entries: dict[str, yaml.Node], name: str, path: str = "") -> str:
        """Return a text, empty when it is absent."""
        node = entries.get(name)
        if node is None:
            return ""
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.note(node, f"{path}.{name}" if path else name, "not_a_text", f"{name} must be a text")
        return ""

    def flag(self, entries: dict[str, yaml.Node], name: str, path: str = "") -> bool:
        """Return a flag, false when it is absent."""
        text = self.text(entries, name, path)
        if text not in ("", "true", "false"):
            self.note(entries[name], name, "not_a_flag", f"{name} must be true or false")
        return text == "true"

    def columns(self, node: yaml.Node | None, path: str) -> Columns:
        """Return one or several names; empty when there are none."""
        if node is None:
            return ()
        if isinstance(node, yaml.ScalarNode):
            return (str(node.value),)
        if isinstance(node, yaml.SequenceNode) and all(
            isinstance(it, yaml.ScalarNode) for it in node.value
        ):
            return tuple(str(it.value) for it in node.value)
        self.note(node, path, "not_a_column", f"{path} must be a column or a list of columns")
        return ()

    def number(self, entries: dict[str, yaml.Node], name: str, path: str) -> Decimal | None:
        """Return a number, None when it is absent."""
        text = self.text(entries, name, path)
        if not text:
            return None
        try:
            found = Decimal(text)
        except InvalidOperation:
            found = Decimal("nan")
        if not found.is_finite():
            self.note(entries[name], f"{path}.{name}", "not_a_number", f"{name} must be a number")
            return None
        return found

    def _choice(
        self, entries: dict[str, yaml.Node], name: str, path: str, known: tuple[str, ...]
    ) -> str | None:
        text = self.text(entries, name, path)
        if text and text not in known:
            sentence = f"{name} must be {' or '.join(known)}"
            self.note(entries[name], f"{path}.{name}", "unknown_value", sentence)
        return text or None

    def _csv(self, node: yaml.Node | None) -> rules.CsvRule:
        entries = (self.entries(node, "csv", _CSV) if node is not None else None) or {}
        header = entries.get("header")
        if isinstance(header, yaml.ScalarNode):
            if header.value != "true":
                sentence = "header must be true, or the list of the columns of a file without one"
                self.note(header, "csv.header", "not_a_list", sentence)
            header = None
        delimiter = self.text(entries, "delimiter", "csv") or None
        if delimiter is not None and len(delimiter) != 1:
            sentence = "delimiter must be one character"
            self.note(entries["delimiter"], "csv.delimiter", "invalid_delimiter", sentence)
        encoding = self.text(entries, "encoding", "csv") or None
        if encoding is not None and not is_encoding(encoding):
            sentence = f"{encoding!r} {NO_ENCODING}"
            self.note(entries["encoding"], "csv.encoding", "unknown_encoding", sentence)
        columns = self.columns(header, "csv.header") or None
        return rules.CsvRule(delimiter=delimiter, encoding=encoding, header=columns)

    def _skips(self, node: yaml.Node | None) -> Iterator[SkipRule]:
        entries = self.entries(node, "skip") if node is not None else {}
        for reason, value in (entries or {}).items():
            if reason not in REASONS:
                sentence = f"unknown reason {reason!r}; the reasons are {', '.join(REASONS)}"
                self.note(value, f"skip.{reason}", "unknown_field", sentence)
            alternatives = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for alternative in alternatives:
                found = self.entries(alternative, f"skip.{reason}") or {}
                conditions = [
                    self._condition(name, it, f"skip.{reason}.{name}") for name, it in found.items()
                ]
                yield SkipRule(reason, tuple(conditions))

    def _condition(self, column: str, node: yaml.Node, path: str) -> Condition:
        if not isinstance(node, yaml.MappingNode):
            return Condition(column, self.columns(node, path))
        entries = self.entries(node, path, _CONDITION) or {}
        return Condition(
            column,
            self.columns(entries.get("not"), path),
            is_not="not" in entries,
            at_least=self.number(entries, "at_least", path),
            at_most=self.number(entries, "at_most", path),
        )

    def _type(self, node: yaml.Node | None) -> rules.FieldRule:
        if node is None or isinstance(node, yaml.ScalarNode):
            return rules.FieldRule(default=str(node.value) if node is not None else "voice.call")
        return self._field(node, "type")

    def _field(self, node: yaml.Node, path: str) -> rules.FieldRule:
        if not isinstance(node, yaml.MappingNode):
            return rules.FieldRule(columns=self.columns(node, path))
        entries = self.entries(node, path, _FIELD) or {}
        values = None
        if "map" in entries:
            pairs = self.entries(entries["map"], f"{path}.map") or {}
            values = {name: self.text(pairs, name, f"{path}.map") for name in pairs}
        by_direction = {
            it: self.columns(entries[it], f"{path}.{it}")
            for it in ("inbound", "outbound")
            if it in entries
        }
        return rules.FieldRule(
            columns=self.columns(entries.get("column"), path),
            values=values,
            default=self.text(entries, "default", path) if "default" in entries else None,
            **by_direction,
        )

    def _fields(self, node: yaml.Node | None) -> dict[str, rules.FieldRule]:
        entries = self.entries(node, "fields") if node is not None else {}
        return {name: self._field(it, f"fields.{name}") for name, it in (entries or {}).items()}

    def _parts(
        self, node: yaml.Node, path: str, known: tuple[str, ...]
    ) -> tuple[dict[str, yaml.Node], Columns]:
        """Return the entries of a rule and its columns; a rule may be its columns alone."""
        if not isinstance(node, yaml.MappingNode):
            return {}, self.columns(node, path)
        entries = self.entries(node, path, known) or {}
        if "column" not in entries:
            self.note(node, f"{path}.column", "missing_field", "column is missing")
        return entries, self.columns(entries.get("column"), path)

    def _time(self, node: yaml.Node) -> rules.TimeRule:
        entries, columns = self._parts(node, "time", _TIME)
        timezone = self.text(entries, "timezone", "time")
        return rules.TimeRule(
            columns=columns,
            formats=self.columns(entries.get("format"), "time.format"),
            timezone=timezone if timezone not in ("", "required") else None,
            requires_timezone=timezone == "required",
            **{
                it: self.columns(entries.get(it), f"time.{it}")
                for it in ("start", "end", "near", "plus")
            },
        )

    def _quantity(self, node: yaml.Node) -> rules.QuantityRule:
        entries, columns = self._parts(node, "quantity", _QUANTITY)
        return rules.QuantityRule(
            columns=columns,
            multiply=self._factor(entries),
            within=self.number(entries, "within", "quantity"),
            is_rounded=self.flag(entries, "rounded", "quantity"),
        )

    def _factor(self, entries: dict[str, yaml.Node]) -> Decimal:
        factor = self.number(entries, "multiply", "quantity")
        if factor is not None and factor <= 0:
            sentence = "multiply must be greater than 0"
            self.note(entries["multiply"], "quantity.multiply", "not_positive", sentence)
        return Decimal(1) if factor is None else factor

    def _cost(self, node: yaml.Node | None) -> rules.CostRule | None:
        if node is None:
            return None
        entries, columns = self._parts(node, "cost", _COST)
        return rules.CostRule(
            columns=columns,
            currency=self.columns(entries.get("currency"), "cost.currency"),
            default_currency=self.text(entries, "default_currency", "cost") or None,
            is_negative=self.flag(entries, "negative", "cost"),
        )

    def _numbers(self, node: yaml.Node | None) -> rules.NumberRule:
        entries = (self.entries(node, "numbers", _NUMBERS) if node is not None else None) or {}
        bare = self._choice(entries, "bare", "numbers", ("international", "national"))
        return rules.NumberRule(
            country=self.text(entries, "country", "numbers") or None,
            bare=bare,
            strip=self.text(entries, "strip", "numbers"),
        )
