"""Walking the nodes of a YAML document and collecting problems instead of stopping at the first."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import yaml

from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.rating.books import vocabulary

T = TypeVar("T")
Fields = Mapping[str, yaml.Node]
MOST_PROBLEMS = 1_000


class Nodes:
    """The problems found so far in one document, and the ways to read its nodes."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, node: yaml.Node | None, field: str, code: str, sentence: str) -> None:
        """Note a problem with the line it is on, or raise `PriceBookRefused` after very many."""
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(vocabulary.problem(field, code, f"line {line}: {sentence}"))
        if len(self.problems) >= MOST_PROBLEMS:
            sentence = f"the price book has {MOST_PROBLEMS:,} errors or more; nothing was loaded"
            raise PriceBookRefused(sentence, self.problems)

    def text(self, fields: Fields, name: str, path: str = "") -> str:
        """Read a text; empty when it is missing or wrong."""
        node = fields.get(name)
        if node is None:
            return ""
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self.say(node, joined(path, name), "not_a_text", f"{name} must be a text or a number")
        return ""

    def value(
        self,
        fields: Fields,
        name: str,
        path: str,
        read: Callable[[str], T],
        otherwise: T,
        code: str = "",
    ) -> T:
        """Read a text as a value; `otherwise` when it is missing or wrong."""
        text = self.text(fields, name, path)
        if not text:
            return otherwise
        try:
            return read(text)
        except ValueError as error:
            self.say(fields[name], joined(path, name), code or f"invalid_{name}", f"{name} {error}")
            return otherwise

    def choice(
        self, fields: Fields, name: str, path: str, choices: Sequence[str], otherwise: str
    ) -> str:
        """Read one of a few words."""

        def read(text: str) -> str:
            if text not in choices:
                raise ValueError(f"must be {' or '.join(choices)}")
            return text

        return self.value(fields, name, path, read, otherwise)

    def mapping(
        self,
        node: yaml.Node,
        path: str,
        what: str,
        known: Sequence[str] | None,
        required: Sequence[str] = (),
    ) -> dict[str, yaml.Node] | None:
        """Read the fields of a mapping, each known, and those required all there."""
        if not isinstance(node, yaml.MappingNode):
            self.say(node, path, "not_a_mapping", what)
            return None
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.say(key, path, "not_a_text", "the name of a field must be a text")
                continue
            name = str(key.value)
            if known is not None and name not in known:
                sentence = f"unknown field {name!r}; the fields are {', '.join(known)}"
                self.say(key, joined(path, name), "unknown_field", sentence)
            elif name in found:
                self.say(key, joined(path, name), "repeated_field", f"{name} is given twice")
            else:
                found[name] = value
        for name in required:
            if name not in found:
                self.say(node, joined(path, name), "missing_field", f"{name} is missing")
        return found

    def items(
        self, node: yaml.Node, path: str, what: str, most: int | None = None
    ) -> list[tuple[yaml.Node, str]]:
        """Read the items of a list with their paths; a list has at least one."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.say(node, path, "not_a_list", what)
            return []
        if most is not None and len(node.value) > most:
            self.say(node, path, "too_many", f"{path} must have at most {most:,} items")
            return []
        return [(item, f"{path}[{n}]") for n, item in enumerate(node.value)]


def joined(path: str, name: str) -> str:
    """Give the path of a field within another."""
    return f"{path}.{name}" if path else name
