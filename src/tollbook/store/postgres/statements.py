"""Statements as psycopg runs them, and the temporary tables of a session."""

import re
from functools import cache
from hashlib import blake2b

from tollbook.store import recharge_table, staging

_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_IN_LIST = re.compile(r"\bIN :([a-z_]+)")

_STAGED = re.compile(r"\b(FROM|JOIN)\s+(staging|recharged)\b")


def _session_table(statement: str, name: str) -> tuple[str, str]:
    """Name a temporary table after its columns, and write the statement that makes it.

    Behind a pooler a session, and with it the table, may be that of another version of Tollbook.
    """
    digest = blake2b(statement.encode(), digest_size=4).hexdigest()
    own = f"{name}_{digest}"
    return own, f"{statement.strip().replace(f' {name} (', f' {own} (')} ON COMMIT DELETE ROWS"


_STAGING, _MAKE_STAGING = _session_table(staging.CREATE, "staging")
_RECHARGED, _MAKE_RECHARGED = _session_table(recharge_table.CREATE, "recharged")
TABLES = {"staging": _STAGING, "recharged": _RECHARGED}
MAKE_TABLES = f"{_MAKE_STAGING}; {_MAKE_RECHARGED}"
# A plan made while the ledger was empty would read all of it once it is large.
WRITERS_SESSION = f"SET plan_cache_mode = force_custom_plan; {MAKE_TABLES}"


@cache
def in_psycopg(sql: str) -> str:
    """Write parameters as the driver knows them, and temporary tables by their own names.

    A list is one array: its organizations are then looked up one after the other in the key, where
    a join would be planned as a scan of everybody's sums.
    """
    sql = _STAGED.sub(lambda it: f"{it[1]} {TABLES[it[2]]} AS {it[2]}", sql)
    return _NAMED.sub(r"%(\1)s", _IN_LIST.sub(r"= ANY(:\1)", sql.replace("%", "%%")))
