"""Columns of rows: a name of a CSV column, or the path of a JSON field."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

Getter = Callable[[Any], str]
"""Returns the text of a column in the values of a row; empty when there is none."""

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_IN_PARENTHESES = re.compile(r"\([^)]*\)")
_LOOSE = re.compile(r"[^a-z0-9]+")


def loose(name: str) -> str:
    """Return a name without case, punctuation and what is in parentheses.

    `Call Sid` and `call_sid` are the same name, as are `Answer time (UTC)` and `answer_time`.
    """
    return _LOOSE.sub("", _IN_PARENTHESES.sub("", name.lower()))


def text_of(value: object) -> str:
    """Return a JSON value as the text of a cell."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if type(value) is bool:
        return "true" if value else "false"
    text = str(value)
    return f"{Decimal(text):f}" if type(value) is float and "e-" in text else text


def named(name: str) -> Getter:
    """Return the getter of a CSV column."""

    def get(values: Mapping[str, str]) -> str:
        return values.get(name, "")

    return get


def path(text: str, *, url_encoded: bool = False) -> Getter:
    """Return the getter of a JSON path such as `callflow[0].caller_profile.context`."""
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(text)]

    def get(values: Any) -> str:
        found = values.get(text) if isinstance(values, dict) else None
        if found is None:
            found = _follow(values, steps)
        written = text_of(found)
        return unquote(written) if url_encoded and "%" in written else written

    return get


def _follow(value: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def first_filled(getters: Sequence[Getter]) -> Getter:
    """Return a getter of the first column that is not empty."""
    if len(getters) == 1:
        return getters[0]

    def get(values: Any) -> str:
        for getter in getters:
            if found := getter(values):
                return found
        return ""

    return get


class ColumnReader:
    """Makes getters of columns for one shape of rows.

    `is_nested` rows are JSON objects, whose columns are paths. With `is_loose`, names are compared
    without case and punctuation.
    """

    def __init__(
        self, *, is_nested: bool = False, is_loose: bool = False, url_encoded: bool = False
    ) -> None:
        self._is_nested = is_nested
        self._is_loose = is_loose
        self._url_encoded = url_encoded

    def getter(self, columns: Sequence[str]) -> Getter | None:
        """Return the getter of the first of several columns that is filled, None without any."""
        if not columns:
            return None
        return first_filled([self._one(it) for it in columns])

    def _one(self, column: str) -> Getter:
        if self._is_loose:
            return named(loose(column))
        if self._is_nested:
            return path(column, url_encoded=self._url_encoded)
        return named(column)
