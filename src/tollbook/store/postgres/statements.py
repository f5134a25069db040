"""Statements as psycopg runs them, and the temporary tables of a session."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

from tollbook.store import recharge_table, staging

_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_IN_LIST = re.compile(r"\bIN :([a-z_]+)")

_STAGED = re.compile(r"\b(FROM|JOIN)\s+(staging|recharged)\b")


def _session_table(statement: str, name: str) -> tuple[str, str]:
    """Return a name for a temporary table that depends on its columns, and its statement.

    Behind a pooler, a session and its tables may be those of another version of Tollbook.
    """
    digest = blake2b(statement.encode(), digest_size=4).hexdigest()
    own = f"{name}_{digest}"
    return own, f"{statement.strip().replace(f' {name} (', f' {own} (')} ON COMMIT DELETE ROWS"


_STAGING, _MAKE_STAGING = _session_table(staging.CREATE, "staging")
_RECHARGED, _MAKE_RECHARGED = _session_table(recharge_table.CREATE, "recharged")
TABLES = {"staging": _STAGING, "recharged": _RECHARGED}
MAKE_TABLES = f"{_MAKE_STAGING}; {_MAKE_RECHARGED}"
# A plan made while the ledger is empty would read all of it when it is large.
WRITERS_SESSION = f"SET plan_cache_mode = force_custom_plan; {MAKE_TABLES}"


@cache
def in_psycopg(sql: str) -> str:
    """Return a statement with psycopg's parameters and the session's names of temporary tables.

    A list is one array: its organizations are then looked up one after the other by the key, where
    a join would be planned as a scan of all organizations' sums.
    """
    sql = _STAGED.sub(lambda it: f"{it[1]} {TABLES[it[2]]} AS {it[2]}", sql)
    return _NAMED.sub(r"%(\1)s", _IN_LIST.sub(r"= ANY(:\1)", sql.replace("%", "%%")))


def as_parameters(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters with each list of texts or ids as an array that PostgreSQL parses.

    The driver writes lists item by item: for a thousand ids that takes as long as their look-ups.
    """
    return {name: _as_parameter(value) for name, value in parameters.items()}


def _as_parameter(value: Any) -> Any:
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, bytes):
        return '{"' + '","'.join([rf"\\x{it.hex()}" for it in value]) + '"}'
    return array_text(value) if isinstance(first, str) else value


def array_text(values: Sequence[str]) -> str:
    """Return texts as an array in the notation of PostgreSQL, each between quotes."""
    together = "".join(values)
    if '"' in together or "\\" in together:
        values = [it.replace("\\", "\\\\").replace('"', '\\"') for it in values]
    return '{"' + '","'.join(values) + '"}'
