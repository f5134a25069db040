"""The rules for statements that run on SQLite, PostgreSQL and a cluster of Citus (decision 55).

A cluster divides tables by organization. Joins with the rows of another organization, and of a
table that is divided with a temporary one, are refused by it or read every part.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import pytest

from tollbook.store.database import Database, Transaction
from tollbook.store.tables.placement import Placement, is_divided, placements
from tollbook.store.tables.schema import metadata

STAGED = frozenset({"staging", "recharged"})
DIVIDED = frozenset(name for name, table in metadata.tables.items() if is_divided(table))
"""The tables that a cluster divides by organization."""
ON_ALL_NODES = frozenset(
    name for name, placement in placements().items() if placement == Placement.EVERYWHERE
)
"""The tables that a cluster has on every node."""

_HEAD = re.compile(r"(?:\bWITH\s+(?:RECURSIVE\s+)?|\)\s*,\s*)\w+\s*\([\w\s,]*\)\s+AS\s*\(")
_UNION = re.compile(r"\bUNION(?:\s+ALL)?\b")
_COMMENT = re.compile(r"/\*.*?\*/")
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?([a-z]\w*))?")
_SAME = re.compile(r"\b(\w+)\.organization_id\s*=\s*(?:(\w+)\.organization_id|(:\w+))")
_NAMED = re.compile(r"\b(\w+)\.\w+")


class Scope(NamedTuple):
    """One SELECT of a statement without the selects inside it, and the scope around it."""

    text: str
    outer: "Scope | None"

    @property
    def tables(self) -> dict[str, str]:
        """The tables by the names that the scope has for them."""
        return {alias or table: table for table, alias in _TABLE.findall(self.text)}

    def table_around(self, name: str) -> str | None:
        """Return the table that a name stands for in the scopes around this one."""
        around = self.outer
        while around is not None:
            if name in around.tables:
                return around.tables[name]
            around = around.outer
        return None

    @property
    def text_around(self) -> str:
        """The text of the scope with those around it."""
        return self.text if self.outer is None else f"{self.text} {self.outer.text_around}"


def scopes(sql: str) -> list[Scope]:
    """Divide a statement into its selects."""
    return list(_divide(_COMMENT.sub(" ", sql), None))


def _divide(sql: str, outer: Scope | None) -> Iterator[Scope]:
    inner: list[str] = []
    own = _cut(sql, inner)
    for branch in _UNION.split(own):
        scope = Scope(branch, outer)
        yield scope
        for number in map(int, re.findall(r"\{(\d+)\}", branch)):
            yield from _divide(inner[number], scope)


def _cut(sql: str, inner: list[str]) -> str:
    """Return a text with each select in parentheses replaced by its number in `inner`."""
    kept, start, depth = "", 0, 0
    opened: list[int] = []
    for at, character in enumerate(sql):
        if character == "(":
            opened.append(at)
            if depth or re.match(r"\(\s*(?:SELECT|WITH)\b", sql[at : at + 60]):
                if not depth:
                    kept += sql[start:at]
                depth += 1
        elif character == ")":
            began = opened.pop()
            if depth:
                depth -= 1
                if not depth:
                    kept, start = f"{kept} {{{len(inner)}}} ", at + 1
                    inner.append(sql[began + 1 : at])
    return kept + sql[start:]


def problems(sql: str) -> list[str]:
    """Return why a statement would be wrong, or refused, on a cluster."""
    found = [f"columns in the head of a CTE: {head[0]}" for head in _HEAD.finditer(sql)]
    for scope in scopes(sql):
        found += _correlations(scope)
        found += _joins(scope)
    return found


def _correlations(scope: Scope) -> Iterator[str]:
    """Yield where a select reads a staged table of a scope around it, or the reverse.

    Also where a subselect on a divided table is evaluated for each row of a table that every node
    has: a cluster refuses it, unless the select around it reads a divided table too.
    """
    tables = scope.tables
    if scope.outer and DIVIDED & set(tables.values()) and not _reads_divided(scope.outer):
        for name in set(_NAMED.findall(scope.text)) - set(tables):
            if scope.outer.tables.get(name) in ON_ALL_NODES:
                yield f"a subselect on {sorted(tables.values())} correlates {name} of every node"
    for name in set(_NAMED.findall(scope.text)) - set(tables):
        around = scope.table_around(name)
        pair = {around, *tables.values()}
        if around in STAGED | DIVIDED and pair & STAGED and pair & DIVIDED:
            yield f"a subselect correlates {around} with {sorted(tables.values())}"


def _reads_divided(scope: Scope) -> bool:
    return not DIVIDED.isdisjoint(scope.tables.values())


def _joins(scope: Scope) -> Iterator[str]:
    """Yield joins of divided tables, or of one with staging, without the organization of both."""
    named = {name: scope.table_around(name) for name in _NAMED.findall(scope.text)} | scope.tables
    joined = {name: table for name, table in named.items() if table in STAGED | DIVIDED}
    if len(joined) < 2 or not any(table in DIVIDED for table in joined.values()):
        return
    groups = _groups(scope.text_around)
    together = {groups(name) for name in joined}
    if len(together) > 1:
        yield f"a join without the organization of both: {sorted(joined)}"


def _groups(text: str) -> Callable[[str], str]:
    """Return a function that names the group of tables with the same organization."""
    parents: dict[str, str] = {}

    def group(name: str) -> str:
        while name in parents:
            name = parents[name]
        return name

    for left, right, parameter in _SAME.findall(text):
        one, other = group(left), group(right or parameter)
        if one != other:
            parents[one] = other
    return group


class UncertainCount(int):
    """The row count of an `INSERT … ON CONFLICT`, which nothing may use."""

    def _refuse(self, *_: object) -> NoReturn:
        raise AssertionError("a row count of INSERT … ON CONFLICT is used: see Transaction.insert")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __int__ = __index__ = __add__ = __sub__ = __radd__ = __str__ = __repr__ = _refuse
    __hash__ = None  # type: ignore[assignment]


@lru_cache(4096)
def require_portable(sql: str) -> None:
    """Raise `AssertionError` for a statement that breaks a rule."""
    found = problems(sql)
    assert not found, f"{found} in {sql}"


def watch(patch: pytest.MonkeyPatch) -> None:
    """Check every statement from now on, in this process and those that it forks."""
    opened, execute = Database.__init__, Transaction.execute

    def init(self: Database, engine: Any, check: Any = None, schema_version: Any = None) -> None:
        def both(sql: str) -> None:
            require_portable(sql)
            if check is not None:
                check(sql)

        opened(self, engine, both, schema_version)

    def count(self: Transaction, sql: str, **parameters: Any) -> int:
        changed = execute(self, sql, **parameters)
        return UncertainCount(changed) if "ON CONFLICT" in sql else changed

    patch.setattr(Database, "__init__", init)
    patch.setattr(Transaction, "execute", count)
