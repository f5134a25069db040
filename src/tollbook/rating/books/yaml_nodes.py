"""Walking the nodes of a YAML document and collecting problems instead of stopping at the first."""

from collections.abc import Iterator

import yaml

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.rating.books import vocabulary
from tollbook.rating.books.source import FieldSource, Form

MOST_PROBLEMS = 1_000
Item = tuple[yaml.Node, str]
"""An item of a list, and its path."""


class Document:
    """The problems found so far in one document, and the catalog that it is read by."""

    def __init__(self, catalog: Catalog = BUILT_IN) -> None:
        self.problems: list[Problem] = []
        self.catalog = catalog

    def note(self, node: yaml.Node | None, field: str, code: str, sentence: str) -> None:
        """Note a problem with its line, or raise `PriceBookRefused` after too many."""
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(vocabulary.problem(field, code, f"line {line}: {sentence}"))
        if len(self.problems) >= MOST_PROBLEMS:
            sentence = f"the price book has {MOST_PROBLEMS:,} errors or more; nothing was loaded"
            raise PriceBookRefused(sentence, self.problems)

    def note_unknown(self, node: yaml.ScalarNode, path: str, form: Form) -> None:
        """Note a field that a form does not have."""
        name = str(node.value)
        sentence = f"unknown field {name!r}; the fields are {', '.join(form.known)}"
        self.note(node, path or name, "unknown_field", sentence)

    def text(self, node: yaml.Node, path: str, name: str) -> str:
        """Read a text; empty when the node is none, which is noted."""
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self.note(node, path, "not_a_text", f"{name} must be a text or a number")
        return ""

    def entry(self, node: yaml.Node, path: str, form: Form) -> "Entry | None":
        """Read a mapping; None when the node is none."""
        if not isinstance(node, yaml.MappingNode):
            self.note(node, path, "not_a_mapping", form.sentence)
            return None
        entry = Entry(self, node, path, {})
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.note(key, path, "not_a_text", "the name of a field must be a text")
                continue
            name = str(key.value)
            if form.known and name not in form.known:
                self.note_unknown(key, entry.path_of(name), form)
            elif name in entry:
                self.note(key, entry.path_of(name), "repeated_field", f"{name} is given twice")
            else:
                entry.nodes[name] = value
        for name in form.required:
            if name not in entry:
                entry.note(name, "missing_field", f"{name} is missing")
        return entry


class Entry(FieldSource):
    """One mapping of a document."""

    def __init__(
        self, document: Document, node: yaml.Node, path: str, nodes: dict[str, yaml.Node]
    ) -> None:
        self.document = document
        self.node = node
        self.path = path
        self.nodes = nodes

    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields that are given."""
        return iter(self.nodes)

    def __contains__(self, name: object) -> bool:
        """Return whether a field is given."""
        return name in self.nodes

    def path_of(self, name: str) -> str:
        """Return the path of a field, or of the mapping itself for no name."""
        return f"{self.path}.{name}" if self.path and name else self.path or name

    def note(self, name: str, code: str, sentence: str) -> None:
        """Note a problem on the line of a field, or of the mapping when the field is absent."""
        self.document.note(self.nodes.get(name, self.node), self.path_of(name), code, sentence)

    def text(self, name: str) -> str:
        """Read a text; empty when it is absent, or wrong, which is noted."""
        node = self.nodes.get(name)
        if node is None:
            return ""
        return self.document.text(node, self.path_of(name), name)

    def mapping(self, name: str, form: Form) -> "Entry | None":
        """Read a field that is a mapping; None when it is absent or none."""
        if name not in self.nodes:
            return None
        return self.document.entry(self.nodes[name], self.path_of(name), form)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Read a field that maps any names to texts, in order; empty when it is absent."""
        entry = self.mapping(name, Form(f"{name} must be a mapping of name to value"))
        return tuple(sorted((key, entry.text(key)) for key in entry.nodes)) if entry else ()

    def part(self, name: str, form: Form) -> "Entry":
        """Read a field that is a mapping with a price, or a price alone."""
        node, path = self.nodes[name], self.path_of(name)
        entry = None
        if isinstance(node, yaml.MappingNode):
            entry = self.document.entry(node, path, form)
        return entry or Entry(self.document, node, path, {"price": node})

    def items(self, name: str, what: str, most: int | None = None) -> list[Item]:
        """Read the items of a list; a list has at least one."""
        node, path = self.nodes[name], self.path_of(name)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.note(name, "not_a_list", f"{name} must be a list of {what}")
            return []
        if most is not None and len(node.value) > most:
            self.note(name, "too_many", f"{path} must have at most {most:,} items")
            return []
        return [(item, f"{path}[{n}]") for n, item in enumerate(node.value)]

    def entries(self, name: str, what: str, form: Form, most: int) -> "list[Entry]":
        """Read the mappings of a list, without those that are none, which is noted."""
        items = self.items(name, what, most)
        entries = (self.document.entry(node, path, form) for node, path in items)
        return [entry for entry in entries if entry is not None]
