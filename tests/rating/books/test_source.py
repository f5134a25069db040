"""A rate is read from any source alike: a wrong field is noted, and its default is used."""

from collections.abc import Iterator, Sequence

import pytest

from tollbook.domain.prices import CallTerms
from tollbook.rating.books.fields import PRICE, SECONDS, Field, choice
from tollbook.rating.books.source import FieldSource, Form
from tollbook.rating.books.vocabulary import parse_seconds


class Given(FieldSource):
    """The fields of a mapping, and the problems that were noted."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.noted: list[tuple[str, str, str]] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def text(self, name: str) -> str:
        if self.fields.get(name) == "unreadable":
            raise ValueError("must be a text")
        return self.fields.get(name, "")

    def note(self, name: str, code: str, sentence: str) -> None:
        self.noted.append((name, code, sentence))

    def part(self, name: str, form: Form) -> FieldSource:
        raise NotImplementedError

    def entries(self, name: str, what: str, form: Form, most: int) -> Sequence[FieldSource]:
        raise NotImplementedError


@pytest.mark.parametrize(("fields", "value"), [({"grace": "3"}, 3_000_000), ({}, -1)])
def test_a_field_is_parsed_or_has_its_default(fields: dict[str, str], value: int) -> None:
    source = Given(fields)
    assert source.value("grace", parse_seconds, -1) == value
    assert source.noted == []


@pytest.mark.parametrize(
    ("text", "rest"),
    [("x", "must be a number of seconds from 0 to 86400"), ("unreadable", "must be a text")],
)
def test_a_wrong_field_is_noted_and_has_its_default(text: str, rest: str) -> None:
    source = Given({"grace": text})
    assert source.value("grace", parse_seconds, -1) == -1
    assert source.noted == [("grace", "invalid_grace", f"grace {rest}")]


def test_a_field_may_have_a_code_of_its_own() -> None:
    source = Given({"grace": "x"})
    source.value("grace", parse_seconds, 0, "invalid_duration")
    assert [code for _, code, _ in source.noted] == ["invalid_duration"]


FIELDS = (
    Field(SECONDS, CallTerms, ("grace",), name="grace", default=0),
    Field(PRICE, CallTerms, ("connect_fee",), name="connect_fee", default=0),
    Field(choice(daily=True), name="proration", attributes=("prorated",), default=False),
)


def test_only_given_fields_become_attributes() -> None:
    source = Given({"grace": "2", "proration": "daily", "unknown": "1"})
    assert source.attributes(FIELDS) == {"grace": 2_000_000, "prorated": True}


def test_all_wrong_fields_are_noted_at_once() -> None:
    source = Given({"grace": "x", "connect_fee": "y", "proration": "hourly"})
    assert source.attributes(FIELDS) == {"grace": 0, "connect_fee": 0, "prorated": False}
    assert [(name, code) for name, code, _ in source.noted] == [
        ("grace", "invalid_grace"),
        ("connect_fee", "invalid_connect_fee"),
        ("proration", "invalid_proration"),
    ]


def test_a_choice_lists_its_words() -> None:
    kind = choice(event=False, month=True)
    assert [kind.parse(word) for word in ("event", "month")] == [False, True]
    assert [kind.format(value) for value in (False, True)] == ["event", "month"]
    with pytest.raises(ValueError, match=r"^must be event or month$"):
        kind.parse("year")


@pytest.mark.parametrize(("value", "text"), [(0, None), (5_000_000, "5")])
def test_a_default_is_not_shown(value: int, text: str | None) -> None:
    assert FIELDS[0].format(CallTerms(grace=value)) == text
