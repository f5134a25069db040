"""Quantities, columns, conditions and templates: the small parts of a mapping."""

from decimal import Decimal
from typing import Any

import pytest

from tollbook.records.columns import ColumnReader, loose, path, text_of
from tollbook.records.conditions import skip_tests
from tollbook.records.fields import field_reader
from tollbook.records.mapping import Condition, FieldRule, SkipRule
from tollbook.records.quantities import multiplied, parse_quantity, written_quantity
from tollbook.records.row_ids import KnownHashes, hash_of
from tollbook.records.rows import RefusedRow, SourceRefused
from tollbook.records.templates import names_of_template


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("0", "0"),
        ("61", "61"),
        ("+61", "61"),
        ("-61", "-61"),
        ("61.", "61"),
        (".5", "0.5"),
        ("0061", "61"),
        ("0:01", "1"),
        ("1:01", "61"),
        ("90:00", "5400"),
        ("00:01:01", "61"),
        ("1:1:1", "3661"),
        ("100:00:00", "360000"),
        ("00:00:00.25", "0.25"),
        ("9" * 30, "9" * 30),
    ],
)
def test_quantities_and_durations(text: str, quantity: str) -> None:
    assert parse_quantity("seconds", text) == Decimal(quantity)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "1e3", "nan", "inf", "1,5", "1 000", "1_000", "0x10", "--1", "."),
        *("1:60", "1:60:00", "1:00:60", ":01", "1:", "-1:00", "1:1:1:1", "1.5:00"),
        *("\u0661", "\uff11", "9" * 31),
    ],
)
def test_other_texts_are_no_quantities(text: str) -> None:
    with pytest.raises(RefusedRow, match="billed must be a number such as 61") as refused:
        parse_quantity("billed", text)
    assert (refused.value.field, refused.value.code) == ("quantity", "invalid_quantity")


@pytest.mark.parametrize(
    ("quantity", "factor", "product", "is_rounded"),
    [
        ("61", "1", "61", False),
        ("61.123456", "1", "61.123456", False),
        ("61.1234567", "1", "61.123457", True),
        ("1.5", "60", "90", False),
        ("1.0166666667", "60", "61", True),
        ("0.0000005", "1", "0", True),
        ("0.0000015", "1", "0.000002", True),
        ("0.0000025", "1", "0.000002", True),
        ("61000", "0.001", "61", False),
        ("9" * 30, "1000", "9" * 30 + "000", False),
    ],
)
def test_products_have_six_decimals_rounded_half_to_even(
    quantity: str, factor: str, product: str, is_rounded: bool
) -> None:
    found = multiplied(Decimal(quantity), Decimal(factor))
    assert found == (Decimal(product), is_rounded)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        ("61", b"61"),
        ("61.500000", b"61.5"),
        ("61.000000", b"61"),
        ("600", b"600"),
        ("6E+2", b"600"),
        ("0.000001", b"0.000001"),
        ("0", b"0"),
    ],
)
def test_quantities_are_written_without_zeros_at_their_end(quantity: str, text: bytes) -> None:
    assert written_quantity(Decimal(quantity)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" x ", "x"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (61, "61"),
        (61.0, "61.0"),
        (61.5, "61.5"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (-0.000025, "-0.000025"),
        (10**20, "1" + "0" * 20),
    ],
)
def test_values_of_json_as_texts(value: object, text: str) -> None:
    assert text_of(value) == text


CALL = {
    "sid": "x",
    "a.b": "flat",
    "a": {"b": "nested", "c": [{"d": 1}, "e"], "n": None, "u": "%2B44"},
    "list": [],
}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("sid", "x"),
        ("a.b", "flat"),
        ("a.c[0].d", "1"),
        ("a.c[1]", "e"),
        ("a.c[2]", ""),
        ("a.c.d", ""),
        ("a.n", ""),
        ("a.n.x", ""),
        ("sid.x", ""),
        ("sid[0]", ""),
        ("list[0]", ""),
        ("missing", ""),
        ("missing[3].x", ""),
        ("a.u", "%2B44"),
    ],
)
def test_paths_of_json(column: str, text: str) -> None:
    assert path(column)(CALL) == text


def test_paths_of_other_values_and_of_encoded_texts() -> None:
    assert path("a.u", url_encoded=True)(CALL) == "+44"
    assert path("sid", url_encoded=True)(CALL) == "x"
    assert path("sid")(["x"]) == ""
    assert path("[0]")(["x"]) == "x"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Call SID", "callsid"),
        ("call_sid", "callsid"),
        ("Answer time (UTC)", "answertime"),
        ("Rate Per Unit (USD)", "rateperunit"),
        ("To-Number", "tonumber"),
        ("2nd", "2nd"),
        ("(x)", ""),
    ],
)
def test_loose_names(name: str, plain: str) -> None:
    assert loose(name) == plain


def test_the_first_column_that_is_filled_counts() -> None:
    get = ColumnReader().getter(("a", "b"))
    assert get is not None
    assert [get(it) for it in ({"a": "1", "b": "2"}, {"a": "", "b": "2"}, {"c": "3"})] == [
        *("1", "2", "")
    ]
    assert ColumnReader().getter(()) is None
    loosely = ColumnReader(is_loose=True).getter(("Call ID",))
    assert loosely is not None
    assert loosely({"callid": "1"}) == "1"


def condition(**rule: Any) -> Condition:
    bounds: dict[str, Any] = {it: Decimal(rule[it]) for it in ("at_least", "at_most") if it in rule}
    return Condition("c", **{**rule, **bounds})


@pytest.mark.parametrize(
    ("rule", "skipped", "kept"),
    [
        ({"values": ("BUSY", "")}, ["BUSY", ""], ["OK", "busy"]),
        ({"values": ("OK",), "is_not": True}, ["BUSY", ""], ["OK"]),
        ({"values": (), "is_not": True}, ["OK", ""], []),
        ({"values": ()}, [], ["OK", ""]),
        ({"at_most": 0}, ["0", "", "-1", "0.0", "00:00:00"], ["1", "0.1"]),
        ({"at_least": 300}, ["300", "486"], ["200", "", "299.9"]),
        ({"at_least": 1, "at_most": 2}, ["1", "1.5", "2"], ["0.9", "2.1", ""]),
    ],
)
def test_conditions_skip_rows(rule: dict[str, Any], skipped: list[str], kept: list[str]) -> None:
    ((reason, test),) = skip_tests([SkipRule("failed", (condition(**rule),))], ColumnReader())
    assert reason == "failed"
    assert [test({"c": it}) for it in skipped] == [True] * len(skipped)
    assert [test({"c": it}) for it in kept] == [False] * len(kept)


def test_all_conditions_of_a_rule_must_hold() -> None:
    both = (Condition("c", ("1",)), Condition("d", ("2",)))
    ((_, test),) = skip_tests([SkipRule("failed", both)], ColumnReader())
    assert test({"c": "1", "d": "2"})
    assert not test({"c": "1", "d": "3"})
    assert not test({"d": "2"})


def test_a_range_refuses_a_text_that_is_no_number() -> None:
    ((_, test),) = skip_tests([SkipRule("failed", (condition(at_most=0),))], ColumnReader())
    with pytest.raises(RefusedRow, match="c must be a number"):
        test({"c": "x"})


@pytest.mark.parametrize(
    ("rule", "direction", "text"),
    [
        (FieldRule(columns=("a",)), "", "1"),
        (FieldRule(columns=("a",), default="x"), "", "1"),
        (FieldRule(columns=("none",), default="x"), "", "x"),
        (FieldRule(columns=("none",)), "", ""),
        (FieldRule(columns=("none", "b")), "", "2"),
        (FieldRule(default="x"), "", "x"),
        (FieldRule(), "", ""),
        (FieldRule(columns=("a",), values={"1": "one"}), "", "one"),
        (FieldRule(columns=("a",), values={"2": "two"}, default="other"), "", "other"),
        (FieldRule(columns=("a",), values={"2": "two"}), "", "unmapped_value"),
        (FieldRule(columns=("none",), values={"": "empty"}), "", "empty"),
        (FieldRule(inbound=("a",), outbound=("b",)), "inbound", "1"),
        (FieldRule(inbound=("a",), outbound=("b",)), "outbound", "2"),
        (FieldRule(inbound=("a",)), "outbound", ""),
        (FieldRule(inbound=("a",), columns=("b",)), "outbound", "2"),
        (FieldRule(outbound=("b",), default="x"), "inbound", "x"),
    ],
)
def test_fields_of_a_row(rule: FieldRule, direction: str, text: str) -> None:
    read = field_reader("user_id", rule, ColumnReader())
    assert read is not None
    try:
        found = read({"a": "1", "b": "2"}, direction)
    except RefusedRow as refusal:
        found = refusal.code
    assert found == text


def test_a_field_without_a_rule_has_no_reader() -> None:
    assert field_reader("user_id", None, ColumnReader()) is None


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ('"${caller_id_number}","${billsec}"', ["caller_id_number", "billsec"]),
        ("${uuid}", ["uuid"]),
        ('"${a}","fixed","${b}${c}"', ["a", "cell 2", "cell 3"]),
        ('"x ${a} y"', ["a"]),
        ('"${a}",', ["a", "cell 2"]),
    ],
)
def test_templates_name_the_columns(template: str, names: list[str]) -> None:
    assert names_of_template(template) == names


@pytest.mark.parametrize("template", ["", "a,b", "$a", "${}"])
def test_a_template_without_a_variable_is_refused(template: str) -> None:
    with pytest.raises(SourceRefused, match=r"--template must be that of cdr_csv\.conf\.xml"):
        names_of_template(template)


def test_hashes_tell_cells_apart() -> None:
    assert hash_of(["a", "b"]) == hash_of(iter(("a", "b")))
    assert len({hash_of(it) for it in (["ab"], ["a", "b"], ["b", "a"], ["a", "b", ""], [])}) == 5
    assert hash_of([]) == "e3b0c44298fc1c149afbf4c8996fb924"


def test_known_hashes_survive_the_growth_of_their_table() -> None:
    known = KnownHashes()
    hashes = [hash_of([str(n)]) for n in range(3_000)]
    assert all(map(known.add, hashes))
    assert not any(map(known.add, hashes))
    assert known.add("0" * 32)
    assert not known.add("0" * 32)
    assert not known.is_full


def test_hashes_beyond_the_most_are_unknown() -> None:
    known = KnownHashes(most=2)
    one, two, three = (hash_of([it]) for it in "123")
    added = [(known.add(it), known.is_full) for it in (one, two, three, three, one)]
    assert added == [(True, False), (True, False), (True, True), (True, True), (False, True)]
