"""The formats of an answer, and the one that `Accept` prefers."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import lru_cache, partial

from werkzeug.http import parse_accept_header

from tollbook.analytics.tables import Table
from tollbook.api.formats.csv import csv_bytes, csv_error
from tollbook.api.formats.ndjson import ndjson_bytes, ndjson_error
from tollbook.api.formats.parquet import parquet_bytes, parquet_error
from tollbook.domain.errors import TollbookError


class Format(StrEnum):
    """A format in which an answer is written."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_FORMATS = {media_type: it for it, media_type in MEDIA_TYPES.items()}
WRITERS: dict[Format, Callable[[Table], Iterator[bytes]]] = {
    Format.CSV: csv_bytes,
    Format.NDJSON: ndjson_bytes,
    Format.PARQUET: parquet_bytes,
}
ERROR_WRITERS: dict[Format, Callable[[TollbookError], bytes]] = {
    Format.CSV: csv_error,
    Format.NDJSON: ndjson_error,
    Format.PARQUET: parquet_error,
}
"""How a file ends that cannot be completed."""


def table_writer(chosen: Format, *, escape_formulas: bool) -> Callable[[Table], Iterator[bytes]]:
    """Return the function that writes a table in a format; formulas are escaped in CSV only."""
    if chosen is Format.CSV:
        return partial(csv_bytes, escape_formulas=escape_formulas)
    return WRITERS[chosen]


@lru_cache(maxsize=32)
def preferred_format(accept: str) -> Format:
    """Return the format that `Accept` prefers, of equals the first; JSON for any other type."""
    for item, quality in parse_accept_header(accept.lower()):
        media_type = item.partition(";")[0].strip()
        if media_type in _FORMATS and quality > 0:
            return _FORMATS[media_type]
    return Format.JSON


def content_type(chosen: Format) -> str:
    """Return the media type, with its character set where a reader needs it."""
    return f"{MEDIA_TYPES[chosen]}; charset=utf-8" if chosen is Format.CSV else MEDIA_TYPES[chosen]


def attachment(chosen: Format, *words: object) -> dict[str, str]:
    """Return the header that names a file; nothing for JSON, which is not saved as one."""
    if chosen is Format.JSON:
        return {}
    name = "-".join(filter(None, map(partial(_NOT_IN_A_NAME.sub, "_"), map(str, words))))
    return {"Content-Disposition": f'attachment; filename="{name}.{chosen}"'}
