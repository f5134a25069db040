"""The views that show events with the texts of ids and times, and the function of PostgreSQL.

They are those of migration 0024, whatever the schema in code is.
"""

import re
from collections.abc import Iterator

from tollbook.store.migrations.converted_tables import TABLES

# Without `CASE value WHEN`, which a cluster sends to its nodes in a form that they refuse.
ID_TEXT = r"""
CREATE FUNCTION id_text(stored BYTEA) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF length(stored) = 16 THEN
        RETURN encode(stored, 'hex')::uuid::text;
    ELSIF length(stored) = 0 OR get_byte(stored, 0) > 3 THEN
        RETURN convert_from(stored, 'UTF8');
    ELSIF get_byte(stored, 0) = 1 THEN
        RETURN convert_from(substr(stored, 2, length(stored) - 17), 'UTF8')
            || encode(substr(stored, length(stored) - 15), 'hex')::uuid::text;
    ELSIF get_byte(stored, 0) = 2 THEN
        RETURN convert_from(substr(stored, 2, length(stored) - 17), 'UTF8')
            || encode(substr(stored, length(stored) - 15), 'hex');
    END IF;
    RETURN convert_from(substr(stored, 2), 'UTF8');
END
$$
"""
_TIMES = frozenset({"time", "received_at", "quarantined_at"})
_SQLITE_TIME = """CASE WHEN {0} IS NOT NULL THEN strftime(
        '%Y-%m-%dT%H:%M:%S', ({0} - ({0} % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch'
    ) || printf('.%06dZ', ({0} % 1000000 + 1000000) % 1000000) END"""
_POSTGRES_TIME = """to_char(
        TIMESTAMP '1970-01-01' + {0} * INTERVAL '1 microsecond', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    )"""


def views(dialect: str) -> Iterator[str]:
    """Yield the statements that create the views; the engine may have to replace `id_text`."""
    time = _SQLITE_TIME if dialect == "sqlite" else _POSTGRES_TIME
    for table in TABLES:
        selected = ",\n    ".join(_shown(*it, time) for it in table.kinds.items())
        sql = f"CREATE VIEW readable_{table.name} AS SELECT\n    {selected}\nFROM {table.name}"
        yield re.sub(r":(?!:)", r"\\:", sql)  # no parameters


def _shown(name: str, kind: str, time: str) -> str:
    """Return a column of a view."""
    if kind == "BYTEA":
        return f"id_text({name}) AS {name}"
    return f"{time.format(name)} AS {name}" if name in _TIMES else name
