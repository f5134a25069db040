"""Reading a YAML document: each problem with its line and path, and bounds on the work."""

from collections.abc import Callable

import pytest
import yaml

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.source import Form
from tollbook.rating.books.yaml_loader import BoundedLoader, TooMuchWork
from tollbook.rating.books.yaml_nodes import MOST_PROBLEMS, Document, Entry

FORM = Form("a thing is a mapping of name and price", ("name", "price", "parts"), ("name",))
ANY = Form("anything is a mapping")


def entry(text: str, form: Form = FORM, path: str = "things[0]") -> tuple[Entry | None, Document]:
    document = Document()
    return document.entry(yaml.compose(text, yaml.SafeLoader), path, form), document


def noted(document: Document) -> list[tuple[str, str, str]]:
    """Return the path, the code and the line of each problem."""
    return [(it.field, it.code, it.error.partition(":")[0]) for it in document.problems]


def test_the_fields_of_a_mapping_are_read_in_their_order() -> None:
    found, document = entry("price: 1\nname: a\n")
    assert found is not None
    assert list(found) == ["price", "name"]
    assert "name" in found
    assert "parts" not in found
    assert (found.text("name"), found.text("price"), found.text("parts")) == ("a", "1", "")
    assert noted(document) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5", ("things[0]", "not_a_mapping", "line 1")),
        ("[1]", ("things[0]", "not_a_mapping", "line 1")),
        ("price: 1", ("things[0].name", "missing_field", "line 1")),
        ("name: a\n\nnam: b", ("things[0].nam", "unknown_field", "line 3")),
        ("name: a\nname: b", ("things[0].name", "repeated_field", "line 2")),
        ("name: a\n? [1]\n: b", ("things[0]", "not_a_text", "line 2")),
    ],
)
def test_a_problem_has_the_line_and_the_path(text: str, problem: tuple[str, str, str]) -> None:
    _, document = entry(text)
    assert noted(document) == [problem]


def test_the_first_of_a_repeated_field_counts() -> None:
    found, _ = entry("name: a\nname: b")
    assert found is not None
    assert found.text("name") == "a"


def test_all_problems_of_a_mapping_are_listed() -> None:
    _, document = entry("x: 1\ny: 2\n")
    assert [it[0] for it in noted(document)] == ["things[0].x", "things[0].y", "things[0].name"]


def test_an_unknown_field_names_the_known_ones() -> None:
    _, document = entry("name: a\nnam: b")
    assert document.problems[0].error == (
        "line 2: unknown field 'nam'; the fields are name, price, parts"
    )


@pytest.mark.parametrize("value", ["[1]", "{a: 1}", '""', ""])
def test_a_text_is_a_scalar_that_is_not_empty(value: str) -> None:
    found, document = entry(f"name: {value}")
    assert found is not None
    assert found.text("name") == ""
    assert noted(document) == [("things[0].name", "not_a_text", "line 1")]


@pytest.mark.parametrize(
    ("value", "read", "code"),
    [
        ("[a, b]", ["parts[0]", "parts[1]"], None),
        ("[]", [], "not_a_list"),
        ("a", [], "not_a_list"),
        ("{a: 1}", [], "not_a_list"),
        ("[a, b, c, d]", [], "too_many"),
    ],
)
def test_a_list_has_at_least_one_item_and_not_too_many(
    value: str, read: list[str], code: str | None
) -> None:
    found, document = entry(f"name: a\nparts: {value}")
    assert found is not None
    assert [path.removeprefix("things[0].") for _, path in found.items("parts", "x", 3)] == read
    assert [it[1] for it in noted(document)] == ([code] if code else [])


def test_the_mappings_of_a_list_are_read_without_the_others() -> None:
    found, document = entry("name: a\nparts: [{name: b}, 5, {name: c}]")
    assert found is not None
    assert [it.text("name") for it in found.entries("parts", "parts", FORM, 9)] == ["b", "c"]
    assert noted(document) == [("things[0].parts[1]", "not_a_mapping", "line 2")]


def test_pairs_are_texts_by_name_in_the_order_of_names() -> None:
    found, document = entry("name: a\nparts: {b: 2, a: x}")
    assert found is not None
    assert found.pairs("parts") == (("a", "x"), ("b", "2"))
    assert found.pairs("price") == ()
    assert noted(document) == []


def test_a_part_is_a_mapping_or_a_price_alone() -> None:
    found, _ = entry("name: a\nparts: {price: 2, name: b}\nprice: 3")
    assert found is not None
    assert found.part("parts", FORM).text("price") == "2"
    assert found.part("price", FORM).text("price") == "3"
    assert found.part("price", FORM).path == "things[0].price"


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [("a", "b", "a.b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")],
)
def test_a_path_has_no_empty_part(path: str, name: str, expected: str) -> None:
    found, _ = entry("{}", ANY, path)
    assert found is not None
    assert found.path_of(name) == expected


def test_a_document_with_too_many_problems_is_read_no_further() -> None:
    document = Document()
    for _ in range(MOST_PROBLEMS - 1):
        document.note(None, "a", "wrong", "is wrong")
    with pytest.raises(PriceBookRefused, match="1,000 errors or more") as error:
        document.note(None, "b", "wrong", "is wrong")
    assert len(error.value.details) == MOST_PROBLEMS
    assert document.problems[0].error == "line 1: is wrong"


def root(text: str, most: int = 10_000) -> yaml.Node | None:
    return BoundedLoader(text, {"name", "rates"}, most).compose_root()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n...\n"])
def test_an_empty_document_has_no_root_or_an_empty_one(text: str) -> None:
    found = root(text)
    assert found is None or found.value == ""


@pytest.mark.parametrize("text", ["5", "[1, 2]", "text"])
def test_a_root_that_is_no_mapping_comes_without_what_is_inside(text: str) -> None:
    found = root(text)
    assert isinstance(found, yaml.ScalarNode)
    assert found.value == ""


def test_a_second_document_is_refused() -> None:
    with pytest.raises(yaml.composer.ComposerError, match="another document"):
        root("name: a\n---\nname: b\n")


def test_a_mapping_is_composed_as_yaml_has_it() -> None:
    text = "name: a\nrates:\n  - {x: 1, y: [2, {z: 3}]}\n"
    found = root(text)
    assert found is not None
    assert yaml.serialize(found) == yaml.serialize(yaml.compose(text, yaml.SafeLoader))


@pytest.mark.parametrize(
    "text",
    [
        lambda size: "name: a\nrates: [" + "1, " * size + "]",
        lambda size: "rates: " + "[" * size,
        lambda size: "".join(f"k{it}: 1\n" for it in range(size)),
    ],
)
def test_a_document_is_read_up_to_a_number_of_tokens(text: Callable[[int], str]) -> None:
    with pytest.raises(TooMuchWork):
        root(text(2_000), most=500)


def test_unknown_fields_of_the_root_are_known_when_reading_ends() -> None:
    with pytest.raises(TooMuchWork) as error:
        root("nam: a\nrates: [" + "{b: 1}, " * 500 + "]\nx: 1\n", most=500)
    assert [it.value for it in error.value.unknown] == ["nam"]


def test_deep_nesting_is_more_work_than_a_long_list() -> None:
    """Each token costs more the more keys may still begin on its line."""
    assert root("rates: [" + ", ".join(["1"] * 300) + "]", most=900) is not None
    with pytest.raises(TooMuchWork):
        root("rates: " + "[" * 300 + "]" * 300, most=900)
