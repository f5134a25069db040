"""Where a rate is read from: an entry of a YAML book or a row of a deck, read alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from tollbook.rating.books.fields import Field

T = TypeVar("T")


class Form(msgspec.Struct, frozen=True):
    """The fields of a mapping, any if there are none, and the sentence that asks for them."""

    sentence: str
    known: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class FieldSource(ABC):
    """The fields of one thing in a book as texts, and the place to note their problems."""

    @abstractmethod
    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields that are given."""

    @abstractmethod
    def __contains__(self, name: object) -> bool:
        """Return whether a field is given."""

    @abstractmethod
    def text(self, name: str) -> str:
        """Return the text of a field, empty when it is absent; ValueError when it is wrong."""

    @abstractmethod
    def note(self, name: str, code: str, sentence: str) -> None:
        """Note a problem of a field."""

    @abstractmethod
    def part(self, name: str, form: Form) -> "FieldSource":
        """Return a field that has fields of its own, or only `price`."""

    @abstractmethod
    def entries(self, name: str, what: str, form: Form, most: int) -> "Sequence[FieldSource]":
        """Return the entries of a field that is a list of something."""

    def label(self, name: str) -> str:
        """Return the name of a field as its writer knows it."""
        return name

    def value(self, name: str, parse: Callable[[str], T], default: T, code: str = "") -> T:
        """Parse the text of a field; `default` when it is absent, or wrong, which is noted."""
        try:
            text = self.text(name)
            return parse(text) if text else default
        except ValueError as error:
            self.note(name, code or f"invalid_{name}", f"{self.label(name)} {error}")
            return default

    def attributes(self, fields: Sequence[Field]) -> dict[str, Any]:
        """Parse those fields that are given, as the attributes that keep them."""
        found: dict[str, Any] = {}
        for field in fields:
            if field.name in self:
                value = self.value(field.name, field.kind.parse, field.default, field.code)
                found |= field.attributes_of(value)
        return found
