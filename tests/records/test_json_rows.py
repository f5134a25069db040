"""Rows of JSON in every layout, however the content is cut into pieces."""

import random

import pytest

from tollbook.records.json_rows import LONGEST_DOCUMENT, JsonRows
from tollbook.records.rows import RecordRow

Found = list[tuple[int, str]]


def rows(
    content: str | bytes, size: int = 1 << 20, *, finished: bool = True, lists: tuple[str, ...] = ()
) -> tuple[list[RecordRow], JsonRows]:
    """Read a content in pieces of a size."""
    data = content.encode() if isinstance(content, str) else content
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    reader = JsonRows(lists)
    found = [row for batch in reader.batches(pieces, lambda: finished) for row in batch]
    return found, reader


def shown(found: list[RecordRow]) -> Found:
    """Return lines with the `n` of a row, or the code of its refusal."""
    return [(it.line, it.refusal.code if it.refusal else str(it.values["n"])) for it in found]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("[]", []),
        ("[\n]\n", []),
        ('{"n":1}', [(1, "1")]),
        ('{"n":1}\n{"n":2}\n', [(1, "1"), (2, "2")]),
        ('{"n":1}\r\n\r\n{"n":2}\r\n', [(1, "1"), (3, "2")]),
        ('{"n":1}{"n":2}', [(1, "1"), (1, "2")]),
        ('{"n":1} {"n":2}\n{"n":3}', [(1, "1"), (1, "2"), (2, "3")]),
        ('[{"n":1},{"n":2}]', [(1, "1"), (1, "2")]),
        ('[\n  {"n":1},\n  {\n    "n": 2\n  },\n  {"n":3}\n]\n', [(2, "1"), (3, "2"), (6, "3")]),
        ('\ufeff[{"n":1}]', [(1, "1")]),
        ('{"n":1,"a":{"b":[{"c":"}"}]}}\n{"n":2}', [(1, "1"), (2, "2")]),
        ('{"n":1,"a":"\\"}{\\\\"}\n{"n":2}', [(1, "1"), (2, "2")]),
        ('{"n":1,\n"a":"]"\n}\n{"n":2}', [(1, "1"), (4, "2")]),
        ('#tollbook: x\n{"n":1}\n#tollbook: y\n{"n":2}', [(2, "1"), (4, "2")]),
        ('x\n{"n":1}\n', [(1, "not_json"), (2, "1")]),
        ('{"n":1}\n17\n{"n":2}', [(1, "1"), (2, "not_an_object"), (3, "2")]),
        ('{"n":1}\n"x"\n{"n":2}', [(1, "1"), (2, "not_an_object"), (3, "2")]),
        ('{"n":1,}\n{"n":2}\n', [(1, "not_json"), (2, "2")]),
        ('{"n":1}\n{"n":2', [(1, "1"), (2, "not_json")]),
        ('{"n":\n{"n":2}\n', [(1, "not_json"), (2, "2")]),
        ('{"n":"x\n{"n":2}\n', [(1, "not_json"), (2, "2")]),
        ('{"n":1}\0\n{"n":2}', [(1, "1"), (2, "2")]),
    ],
)
def test_objects_are_found_in_every_layout(content: str, expected: Found, size: int) -> None:
    assert shown(rows(content, size)[0]) == expected


@pytest.mark.parametrize(
    ("content", "expected", "is_half"),
    [
        ('{"n":1}\n{"n":2', [(1, "1")], True),
        ('{"n":1}\n{', [(1, "1")], True),
        ('[{"n":1},\n', [(1, "1")], False),
        ('{"n":1}\n', [(1, "1")], False),
        ('{"n":1}', [(1, "1")], False),
        ('{"n":\n{"n":2}\n', [(1, "not_json"), (2, "2")], False),
    ],
)
def test_half_an_object_of_a_growing_file_is_left(
    content: str, expected: Found, is_half: bool
) -> None:
    found, reader = rows(content, finished=False)
    assert (shown(found), reader.has_half_line) == (expected, is_half)


PAGE = '{"page":0,"calls":[{"n":1},\n{"n":2},3],"messages":[{"n":4}],"next":null}\n'


@pytest.mark.parametrize(
    ("content", "lists", "expected"),
    [
        (PAGE, ("calls",), [(1, "1"), (1, "2"), (1, "not_an_object")]),
        (PAGE, ("calls", "messages"), [(1, "1"), (1, "2"), (1, "not_an_object"), (1, "4")]),
        (PAGE * 2, ("messages",), [(1, "4"), (3, "4")]),
        ('{"n":1,"calls":null}', ("calls",), [(1, "1")]),
        ('{"n":1,"calls":"x"}', ("calls",), [(1, "1")]),
        ('{"calls":[]}', ("calls",), []),
        ('{"n":1}', ("calls",), [(1, "1")]),
    ],
)
def test_pages_of_an_api_hold_lists_of_rows(
    content: str, lists: tuple[str, ...], expected: Found
) -> None:
    assert shown(rows(content, lists=lists)[0]) == expected


@pytest.mark.parametrize("value", ['"\\ud800"', '"\\x"', "01", "NaN", "+1", "1e", "[1,]", "tru"])
def test_a_value_that_is_no_json_refuses_its_object_alone(value: str) -> None:
    found, _ = rows(f'{{"n":1}}\n{{"n":{value}}}\n{{"n":3}}\n')
    assert shown(found) == [(1, "1"), (2, "not_json"), (3, "3")]


def test_bytes_that_are_not_utf_8_refuse_their_object_alone() -> None:
    assert shown(rows(b'{"n":"\xff"}\n{"n":2}\n')[0]) == [(1, "not_json"), (2, "2")]


def test_objects_that_are_nested_too_deeply_are_refused() -> None:
    deep = '{"n":' * 5_000 + "1" + "}" * 5_000
    assert shown(rows(f'{deep}\n{{"n":2}}\n')[0]) == [(1, "not_json"), (2, "2")]


def test_an_object_that_is_too_long_is_refused_line_by_line() -> None:
    content = b'{"n":"' + b"x" * LONGEST_DOCUMENT + b'\n{"n":2}\n'
    assert shown(rows(content, 1 << 22)[0]) == [(1, "not_json"), (2, "2")]


def test_the_end_of_a_row_is_where_reading_can_go_on() -> None:
    content = '{"n":1}\n{"n":2,\n"a":"é"}\r\n{"n":3}\n'
    found, _ = rows(content)
    rest = [content.encode()[it.end :] for it in found]
    assert [shown(rows(it)[0]) for it in rest] == [[(1, "2"), (3, "3")], [(1, "3")], []]


def test_the_same_object_has_the_same_cells_in_any_order() -> None:
    (one, two, three), _ = rows('{"n":1,"a":"é"}\n{ "a" : "\\u00e9", "n": 1 }\n{"n":1,"a":"e"}\n')
    assert one.cells == two.cells != three.cells


def test_pieces_of_any_size_give_the_same_rows() -> None:
    content = "[" + ",\n".join(f'{{"n":{n},"t":"{"}" * (n % 3)}\\\\"}}' for n in range(200)) + "]"
    whole = [(it.line, it.raw) for it in rows(content)[0]]
    assert len(whole) == 200
    sizes = random.Random(1).sample(range(1, 500), 20)
    for size in sizes:
        assert [(it.line, it.raw) for it in rows(content, size)[0]] == whole, size
