"""Ids of events as texts, in the SQL of SQLite."""

import re

_ID_TEXT = re.compile(r"\bid_text\(([a-z_.]+)\)")
_DIGITS = "lower(substr(hex({0}), {1}, {2}))"


def _uuid(stored: str) -> str:
    """Return the SQL of the text of a UUID in 16 bytes."""
    places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(_DIGITS.format(stored, *place) for place in places)


# The forms are those of `store.event_ids`. The last bytes are the number in both forms with a text.
_NUMBER, _TEXT = "substr({0}, -16)", "CAST(substr({0}, 2, length({0}) - 17) AS TEXT)"
_TEMPLATE = f"""CASE
    WHEN length({{0}}) = 16 THEN {_uuid("{0}")}
    WHEN substr({{0}}, 1, 1) = x'01' THEN {_TEXT} || {_uuid(_NUMBER)}
    WHEN substr({{0}}, 1, 1) = x'02' THEN {_TEXT} || lower(hex({_NUMBER}))
    WHEN substr({{0}}, 1, 1) = x'03' THEN CAST(substr({{0}}, 2) AS TEXT)
    ELSE CAST({{0}} AS TEXT)
END"""


def text_of_id(column: str) -> str:
    """Return the SQL of the text of an id."""
    return _TEMPLATE.format(column)


def with_texts_of_ids(sql: str) -> str:
    """Return a statement in which each `id_text(column)` is SQL that SQLite knows."""
    return _ID_TEXT.sub(lambda it: text_of_id(it[1]), sql) if "id_text(" in sql else sql
