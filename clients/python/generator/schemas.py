"""JSON Schemas of answers as the source text of frozen dataclasses."""

import keyword
import textwrap
from typing import Any

Schema = dict[str, Any]
_INSTANTS = frozenset({"as_of", "at", "time"})
_DAYS = frozenset(
    {"day", "effective_from", "effective_until", "passed_on", "today", "valid_from", "valid_until"}
)
_MOMENTS = frozenset({"end", "end_date", "start", "start_date"})
"""Days, or instants where the question cut days."""
_PERIODS = frozenset({"period", "previous_period"})
_SIMPLE = {"string": "str", "integer": "int", "boolean": "bool", "number": "Decimal"}


class Classes:
    """Collects the classes that answers consist of, each once, by name."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components
        self.sources: dict[str, str] = {}

    def component(self, reference: str) -> Schema:
        """Return the schema that a reference names."""
        return self._components[reference.rpartition("/")[2]]

    def type_of(self, schema: Schema, field: str = "", name: str = "") -> str:
        """Return a schema as an annotation; an object is a class with its title or `name`."""
        if "$ref" in schema:
            return self._referenced(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            return self._either(schema["anyOf"], field)
        if "const" in schema or "enum" in schema:
            return _of_values(schema.get("enum", [schema.get("const")]))
        kind = schema.get("type")
        if isinstance(kind, list):
            return "Decimal" if "number" in kind else "Any"
        if kind == "array":
            return f"list[{self.type_of(schema.get('items', {}), field)}]"
        if kind == "object":
            return self._object(schema, field, name)
        return _text_of(schema, field) if kind == "string" else _SIMPLE.get(str(kind), "Any")

    def _referenced(self, name: str) -> str:
        schema = self._components[name]
        if schema.get("type") != "object" or "properties" not in schema:
            return self.type_of(schema)
        if name not in self.sources:
            self.sources[name] = ""  # classes may contain themselves
            self.sources[name] = self._class(name, schema)
        return name

    def _either(self, schemas: list[Schema], field: str) -> str:
        kinds = [self.type_of(it, field) for it in schemas if it.get("type") != "null"]
        distinct = list(dict.fromkeys(kinds))
        chosen = distinct[0] if len(distinct) == 1 else "Any"
        return chosen if chosen == "Any" else f"{chosen} | None"

    def _object(self, schema: Schema, field: str, name: str) -> str:
        if "properties" not in schema:
            if field in _PERIODS:
                return "dict[str, date | datetime]"
            values = schema.get("additionalProperties")
            return f"dict[str, {self.type_of(values) if isinstance(values, dict) else 'Any'}]"
        title = str(schema.get("title") or name)
        source = self._class(title, schema)
        # The answer of an operation may have more fields than the component of the same title.
        if len(source) > len(self.sources.get(title, "")):
            self.sources[title] = source
        return title

    def _class(self, name: str, schema: Schema) -> str:
        required = set(schema.get("required", ()))
        fields = [
            self._field(field, it, required=field in required)
            for field, it in schema["properties"].items()
        ]
        return "\n".join(
            [
                "@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)",
                f"class {name}:",
                *_docstring(schema.get("description", "An answer of the server.")),
                "",
                *fields,
                "    extra: dict[str, Any] = dataclasses.field(default_factory=dict)",
            ]
        )

    def _field(self, name: str, schema: Schema, *, required: bool) -> str:
        kind = self.type_of(schema, name)
        attribute = f"{name}_" if keyword.iskeyword(name) else name
        if required:
            return f"    {attribute}: {kind}"
        optional = kind if kind == "Any" or kind.endswith("| None") else f"{kind} | None"
        return f"    {attribute}: {optional} = None"


def _of_values(values: list[Any]) -> str:
    """Return the type of an enumeration: unknown values stay text."""
    kinds = {type(value) for value in values}
    return "bool" if kinds == {bool} else "str" if kinds == {str} else "Any"


def _text_of(schema: Schema, field: str) -> str:
    if schema.get("format") == "date-time" or field in _INSTANTS or field.endswith("_at"):
        return "datetime"
    if schema.get("format") == "date" or field in _DAYS:
        return "date"
    return "date | datetime" if field in _MOMENTS else "str"


def _docstring(text: str) -> list[str]:
    paragraphs = [" ".join(it.split()) for it in text.split("\n\n")]
    lines = textwrap.wrap(paragraphs[0], 88)
    for paragraph in paragraphs[1:]:
        lines += ["", *textwrap.wrap(paragraph, 92)]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {it}" if it else "" for it in lines[1:]), '    """']
