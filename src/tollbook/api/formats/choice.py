"""Which format an answer has: by the parameter, else by `Accept`, else JSON."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial

from tollbook.analytics.tables import Table
from tollbook.api.formats.csv import csv_bytes
from tollbook.api.formats.ndjson import ndjson_bytes
from tollbook.api.formats.parquet import parquet_bytes


class Format(StrEnum):
    """How an answer is written."""

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
WRITERS: dict[Format, Callable[[Table], Iterator[bytes]]] = {
    Format.CSV: csv_bytes,
    Format.NDJSON: ndjson_bytes,
    Format.PARQUET: parquet_bytes,
}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def accepted(accept: str) -> Format:
    """Choose by the header what weighs most, of equals the first; anything else is JSON."""
    formats = {media_type: it for it, media_type in MEDIA_TYPES.items()}
    found, best = Format.JSON, 0.0
    for choice in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in choice.split(";"))
        weight = _weight(parameters)
        if media_type in formats and weight > best:
            found, best = formats[media_type], weight
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"[01](\.[0-9]{0,3})?", value.strip()) else 0.0
    return 1.0


def content_type(chosen: Format) -> str:
    """Name the media type, with what a reader must know of it."""
    return f"{MEDIA_TYPES[chosen]}; charset=utf-8" if chosen is Format.CSV else MEDIA_TYPES[chosen]


def attachment(chosen: Format, *words: object) -> dict[str, str]:
    """Give the header that names a file; nothing for JSON, which is read and not kept."""
    if chosen is Format.JSON:
        return {}
    name = "-".join(filter(None, map(partial(_NOT_IN_A_NAME.sub, "_"), map(str, words))))
    return {"Content-Disposition": f'attachment; filename="{name}.{chosen}"'}
