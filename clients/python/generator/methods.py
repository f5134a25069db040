"""Operations as the source text of the table and of the methods of both clients."""

import keyword
import re
import textwrap
from dataclasses import dataclass
from typing import Any, NamedTuple

from clients.python.generator.schemas import Classes, Schema

_LEFT_OUT = frozenset({"format", "escape_formulas", "amounts"})
"""Parameters of files and of notation: `download` has the former, decimals need no latter."""
_REPEATABLE = frozenset({"postRate", "postEvents", "postReversals", "postCorrections"})
_MOMENTS = frozenset({"start_date", "end_date", "effective_from", "min_as_of"})
_CURSORS = ("cursor", "after")
_SAFE_METHODS = frozenset({"GET", "PUT", "DELETE"})
_JSON = "application/json"
_QUERY_TYPES = {"integer": "int", "boolean": "bool", "number": "Number"}


class Rows(NamedTuple):
    """The rows of a page: their field and type, and the parameter that names the next page."""

    field: str
    kind: str
    cursor: str


@dataclass
class Described:
    """An operation with what its method is generated from."""

    name: str
    method: str
    path: str
    summary: str
    parameters: list[Schema]
    bodies: list[str]
    kinds: dict[int, str]
    rows: "Rows | None"

    @property
    def method_name(self) -> str:
        """The name of its method: the `operationId` in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()

    @property
    def constant(self) -> str:
        """The name of its row in the table."""
        return self.method_name.upper()


def described(path: str, method: str, operation: Schema, classes: Classes) -> Described:
    """Return an operation with the types of its answers, whose classes are collected."""
    kinds: dict[int, str] = {}
    rows = None
    for status, answer in operation["responses"].items():
        if not "200" <= status < "300":
            continue
        schema = answer["content"][_JSON]["schema"]
        kinds[int(status)] = classes.type_of(schema, name=_answer_name(operation, status, kinds))
        rows = rows or _rows_of(schema, classes, operation["parameters"])
    return Described(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation["parameters"],
        list(operation.get("requestBody", {}).get("content", {})),
        kinds,
        rows,
    )


def _answer_name(operation: Schema, status: str, kinds: dict[int, str]) -> str:
    name = operation["operationId"]
    answer = f"{name[0].upper()}{name[1:]}Answer"
    return f"{answer}{status}" if kinds else answer


def _rows_of(schema: Schema, classes: Classes, parameters: list[Schema]) -> Rows | None:
    """Return the rows of an answer that comes in pages."""
    cursors = [it["name"] for it in parameters if it["name"] in _CURSORS]
    if "$ref" in schema:
        schema = classes.component(schema["$ref"])
    for name, it in schema.get("properties", {}).items():
        if cursors and it.get("type") == "array":
            return Rows(name, _qualified(classes.type_of(it["items"])), cursors[0])
    return None


def _qualified(kind: str) -> str:
    return f"answers.{kind}" if kind[0].isupper() and kind != "Any" else kind


def table_row(operation: Described) -> str:
    """Return the row of an operation in the table."""
    answers = ", ".join(f"{status}: answers.{kind}" for status, kind in operation.kinds.items())
    in_path = tuple(it["name"] for it in operation.parameters if it["in"] == "path")
    in_query = sorted(it["name"] for it in operation.parameters if it["in"] == "query")
    repeatable = operation.method in _SAFE_METHODS or operation.name in _REPEATABLE
    rows = operation.rows
    paged = f"{rows.field!r}, {rows.cursor!r}" if rows else "None, None"
    return (
        f"{operation.constant} = Operation({operation.name!r}, {operation.method!r}, "
        f"{operation.path!r}, {in_path!r}, frozenset({in_query!r}), "
        f"lambda: {{{answers}}}, {paged}, {repeatable})"
    )


def method_of(operation: Described, *, is_async: bool) -> str:
    """Return the method of an operation, and the iterator over its rows if it has pages."""
    result = " | ".join(dict.fromkeys(f"answers.{it}" for it in operation.kinds.values()))
    wait, start = ("await ", "async ") if is_async else ("", "")
    source = _method(
        operation,
        f"{start}def {operation.method_name}",
        result,
        f"return {wait}self._call(operations.{operation.constant}, {{{_given(operation)}}})",
        operation.summary,
    )
    if not operation.rows:
        return source
    kind = "AsyncIterator" if is_async else "Iterator"
    name = re.sub("^(get|list)_", "", operation.method_name)
    return source + _method(
        operation,
        f"def iter_{name}",
        f"{kind}[{operation.rows.kind}]",
        f"return self._rows(operations.{operation.constant}, {{{_given(operation)}}})",
        f"{operation.summary}: the rows of every page",
    )


def _method(operation: Described, start: str, result: str, body: str, summary: str) -> str:
    parameters = sorted(_parameters(operation), key=lambda it: "=" in it)
    arguments = ", ".join(["self", "*", *parameters] if parameters else ["self"])
    lines = [
        f"{start}({arguments}) -> {result}:",
        *_docstring(f"{summary}: {operation.method} {operation.path}."),
        f"    {body}",
    ]
    return textwrap.indent("\n".join(lines), "    ") + "\n\n"


def _docstring(text: str) -> list[str]:
    if len(text) <= 84:
        return [f'    """{text}"""']
    summary, _, rest = text.rpartition(": ")
    return [f'    """{summary}.', "", f"    {rest}", '    """']


def _parameters(operation: Described) -> list[str]:
    found = [
        f"{_name(it)}: {_query_type(it['name'], it['schema'])}"
        + ("" if it["required"] else " | None = None")
        for it in operation.parameters
        if it["name"] not in _LEFT_OUT
    ]
    if not operation.bodies:
        return found
    if _JSON not in operation.bodies:
        return [*found, "body: bytes | str", "content_type: str"]
    many = "Reversal" in operation.name or operation.name in _REPEATABLE
    return [*found, "body: Body | Sequence[Body]" if many else "body: Body"]


def _parameter(parameter: Schema) -> str:
    default = "" if parameter["required"] else " | None = None"
    return f"{_name(parameter)}: {_query_type(parameter['name'], parameter['schema'])}{default}"


def _given(operation: Described) -> str:
    names = [_name(it) for it in operation.parameters if it["name"] not in _LEFT_OUT]
    if operation.bodies:
        names += ["body"] if _JSON in operation.bodies else ["body", "content_type"]
    return ", ".join(f'"{name.rstrip("_")}": {name}' for name in names)


def _name(parameter: Schema) -> str:
    name = str(parameter["name"])
    return f"{name}_" if keyword.iskeyword(name) else name


def _query_type(name: str, schema: Schema) -> str:
    if name in _MOMENTS:
        return "str | date"
    if schema.get("type") == "array":
        return "Sequence[str]"
    kinds = {it.get("type") for it in schema.get("anyOf", [schema])}
    known: list[Any] = [_QUERY_TYPES[it] for it in kinds if it in _QUERY_TYPES]
    if known:
        return str(known[0])
    return "str"
