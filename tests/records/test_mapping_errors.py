"""Errors of saved mappings and of the options that change a format: each names its place."""

from decimal import Decimal
from typing import Any

import pytest

from tollbook.domain.errors import InvalidRequest
from tollbook.records.formats import checked, mapping_of
from tollbook.records.mapping import (
    Condition,
    FieldRule,
    Mapping,
    NumberRule,
    QuantityRule,
    SkipRule,
    TimeRule,
)
from tollbook.records.mapping_file import LARGEST, read_mapping
from tollbook.records.options import MappingChanges
from tollbook.records.rows import SourceRefused

BASE = "tollbook_mapping: 1\nid_prefix: acme\ntime: t\nquantity: q\n"


@pytest.mark.parametrize(
    ("text", "field", "error"),
    [
        (BASE + "quantity: q\n", "quantity", "line 5: quantity occurs twice"),
        (BASE + "lists: {a: b}\n", "lists", "line 5: lists must be a column or a list of columns"),
        (BASE + "lists: [[a]]\n", "lists", "line 5: lists must be a column or a list of columns"),
        (BASE + "leg: [a]\n", "leg", "line 5: leg must be a text"),
        (BASE + "loose_names: x\n", "loose_names", "line 5: loose_names must be true or false"),
        (BASE + "url_encoded: 1\n", "url_encoded", "line 5: url_encoded must be true or false"),
        (BASE + "csv: x\n", "csv", "line 5: csv must be name: value"),
        (BASE + "csv: {header: false}\n", "csv.header", "line 5: header must be true, or the list"),
        (BASE + "csv: {header: {a: b}}\n", "csv.header", "line 5: csv.header must be a column"),
        (BASE + 'csv: {delimiter: ";;"}\n', "csv.delimiter", "line 5: delimiter must be one"),
        (BASE + "csv: {quote: x}\n", "csv.quote", "line 5: unknown key 'quote'"),
        (BASE + "csv: {encoding: nope}\n", "csv.encoding", "line 5: 'nope' is not the name of an"),
        (BASE + "csv: {encoding: idna}\n", "csv.encoding", "line 5: 'idna' is not the name of an"),
        (BASE + "csv: {encoding: hex}\n", "csv.encoding", "line 5: 'hex' is not the name of an"),
        (
            *(BASE + "csv: {encoding: undefined}\n", "csv.encoding"),
            "line 5: 'undefined' is not the name of an",
        ),
        (BASE + "skip: x\n", "skip", "line 5: skip must be name: value"),
        (BASE + "skip: {failed: x}\n", "skip.failed", "line 5: skip.failed must be name: value"),
        (BASE + "skip: {failed: [x]}\n", "skip.failed", "line 5: skip.failed must be name: value"),
        (BASE + "skip: {odd: {c: x}}\n", "skip.odd", "line 5: unknown reason 'odd'; the reasons"),
        (
            *(BASE + "skip: {failed: {c: {below: 1}}}\n", "skip.failed.c.below"),
            "line 5: unknown key 'below'; the keys are not, at_least, at_most",
        ),
        (
            *(BASE + "skip: {failed: {c: {at_most: x}}}\n", "skip.failed.c.at_most"),
            "line 5: at_most must be a number",
        ),
        (BASE.replace("q\n", "{column: q, multiply: inf}\n"), "quantity.multiply", "must be a num"),
        (BASE.replace("q\n", "{column: q, multiply: 0}\n"), "quantity.multiply", "must be greater"),
        (BASE.replace("q\n", "{column: q, multiply: -1}\n"), "quantity.multiply", "must be great"),
        (BASE.replace("q\n", "{multiply: 1}\n"), "quantity.column", "line 4: column is missing"),
        (BASE.replace("time: t", "time: {zone: UTC}"), "time.zone", "line 3: unknown key 'zone'"),
        (BASE.replace("time: t", "time: {format: x}"), "time.column", "line 3: column is missing"),
        (BASE.replace("time: t\n", ""), "time", "time is missing"),
        (BASE + "cost: {currency: USD}\n", "cost.column", "line 5: column is missing"),
        (BASE + "cost: {column: c, sign: 1}\n", "cost.sign", "line 5: unknown key 'sign'"),
        (BASE + "fields: x\n", "fields", "line 5: fields must be name: value"),
        (BASE + "fields: {to: {col: x}}\n", "fields.to.col", "line 5: unknown key 'col'"),
        (BASE + "fields: {to: {column: x, map: y}}\n", "fields.to.map", "fields.to.map must be"),
        (BASE + "type: {map: {a: [b]}}\n", "type.map.a", "line 5: a must be a text"),
        (BASE + "numbers: GB\n", "numbers", "line 5: numbers must be name: value"),
        (BASE + "numbers: {bare: x}\n", "numbers.bare", "bare must be international or national"),
        ("- a\n", "", "a mapping must be name: value"),
        ("a: b\n  c: d\n", "", "this is not YAML"),
        ("", "", "line 1: a mapping must be name: value"),
        ("x" * (LARGEST + 1), "", "line 1: a mapping has at most 262,144 characters"),
        ("[" * 5_000, "", "this is not YAML"),
    ],
)
def test_an_error_of_a_mapping_names_its_field_and_line(text: str, field: str, error: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mapping(text)
    found = [(it.field, it.error) for it in refused.value.details]
    assert any(name == field and error in sentence for name, sentence in found), found


def test_all_errors_of_a_mapping_are_listed_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mapping(BASE + "odd: 1\nleg: [a]\nnumbers: {bare: x}\n")
    assert [it.field for it in refused.value.details] == ["odd", "leg", "numbers.bare"]


def test_a_mapping_of_few_keys_has_the_defaults() -> None:
    assert read_mapping(BASE) == Mapping(
        id_prefix="acme", time=TimeRule(("t",)), quantity=QuantityRule(("q",))
    )


@pytest.mark.parametrize(
    ("more", "attribute", "value"),
    [
        ("id: row\n", "id", None),
        ("id: [a, b]\n", "id", ("a", "b")),
        ("leg: Leg\n", "leg", "Leg"),
        ("notes: [one, two]\n", "notes", ("one", "two")),
        ("type: sms.outbound\n", "type", FieldRule(default="sms.outbound")),
        ("type: {column: kind}\n", "type", FieldRule(columns=("kind",))),
        ("skip: {failed: {c: x}}\n", "skip", (SkipRule("failed", (Condition("c", ("x",)),)),)),
        (
            *("skip: {failed: [{c: x}, {d: {not: [y, z]}}]}\n", "skip"),
            (
                SkipRule("failed", (Condition("c", ("x",)),)),
                SkipRule("failed", (Condition("d", ("y", "z"), is_not=True),)),
            ),
        ),
        (
            *("skip: {failed: {c: {at_least: 1.5, at_most: 2}}}\n", "skip"),
            (SkipRule("failed", (Condition("c", at_least=Decimal("1.5"), at_most=Decimal(2)),)),),
        ),
        ("numbers: {country: GB, strip: 9}\n", "numbers", NumberRule("GB", None, "9")),
        (
            *("fields: {user_id: {inbound: a, outbound: [b, c]}}\n", "fields"),
            {"user_id": FieldRule(inbound=("a",), outbound=("b", "c"))},
        ),
        (
            *("fields: {to: {column: a, map: {x: y}, default: ''}}\n", "fields"),
            {"to": FieldRule(columns=("a",), values={"x": "y"}, default="")},
        ),
    ],
)
def test_keys_of_a_mapping(more: str, attribute: str, value: object) -> None:
    assert getattr(read_mapping(BASE + more), attribute) == value


CSV = {"id": "i", "time": "t", "quantity": "q"}


@pytest.mark.parametrize(
    ("format_", "changes", "error"),
    [
        ("csv", {}, "--format csv requires --column id=COLUMN; with id=row, rows are"),
        ("csv", {"columns": {"id": "i"}}, "--format csv requires --column time=COLUMN$"),
        (
            *("csv", {"columns": {"id": "i", "time": "t"}}),
            "--format csv requires --column quantity=COLUMN for calls",
        ),
        ("csv", {"columns": CSV, "timezone": "Nowhere/x"}, "the time zone must be an IANA name"),
        ("csv", {"columns": CSV, "timezone": "../UTC"}, "the time zone must be an IANA name"),
        ("csv", {"columns": CSV, "timezone": "localtime"}, "the time zone must be an IANA name"),
        ("csv", {"columns": CSV, "country": "XX"}, "the country must be an ISO 3166 code"),
        ("csv", {"columns": CSV, "country": "gb"}, "the country must be an ISO 3166 code"),
        ("csv", {"columns": CSV, "bare": "national"}, "--bare national requires --country"),
        ("csv", {"columns": CSV, "inbound": ("x",)}, "--inbound-context needs a column of the"),
    ],
)
def test_options_that_make_no_mapping_are_refused(
    format_: str, changes: dict[str, Any], error: str
) -> None:
    with pytest.raises(SourceRefused, match=error):
        mapping_of(format_, MappingChanges(**changes))


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("records: xml\n", "records must be one of csv, ndjson, json, asterisk"),
        ("numbers: {country: XX}\n", "the country must be an ISO 3166 code such as GB, not XX"),
    ],
)
def test_names_in_a_mapping_must_exist(more: str, error: str) -> None:
    with pytest.raises(SourceRefused, match=error):
        checked(read_mapping(BASE + more))


@pytest.mark.parametrize("prefix", ["a:b", "''"])
def test_the_prefix_of_ids_has_no_colon(prefix: str) -> None:
    with pytest.raises(SourceRefused, match="id_prefix must be a name without a colon"):
        checked(read_mapping(BASE.replace("acme", prefix)))


def test_messages_need_no_quantity() -> None:
    changes = MappingChanges(columns={"id": "row", "time": "t"}, type="sms.outbound")
    mapping = mapping_of("csv", changes)
    assert mapping.id is None
    assert mapping.quantity.columns == ()
    assert mapping.required == (("t",), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"columns": {"id": "a+b"}}, {"id": ("a", "b")}),
        ({"columns": {"type": "kind"}}, {"type": FieldRule(columns=("kind",))}),
        ({"type": "fax.page"}, {"type": FieldRule(default="fax.page")}),
        ({"multiply": Decimal(60)}, {"quantity": QuantityRule(("billsec",), Decimal(60))}),
        ({"access_code": "9"}, {"numbers": NumberRule(strip="9")}),
        ({"country": "GB"}, {"numbers": NumberRule("GB")}),
        ({"bare": "international"}, {"numbers": NumberRule(None, "international")}),
    ],
)
def test_options_change_a_format(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    mapping = mapping_of("freeswitch", MappingChanges(**changes))
    assert {it: getattr(mapping, it) for it in expected} == expected


def test_contexts_that_are_inbound_add_to_those_of_the_mapping() -> None:
    mapping = mapping_of("freeswitch", MappingChanges(inbound=("public", "trunk")))
    assert mapping.fields["direction"] == FieldRule(
        columns=("context",), values={"public": "inbound", "trunk": "inbound"}, default="outbound"
    )
