"""The cells of a deck with seconds and increments, as carriers write them."""

import re
from decimal import Decimal

from tollbook.rating.books.vocabulary import Spans, merge_spans, parse_hours, parse_span

_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:s|sec|secs|seconds?)?\.?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[-/+,:;|]\s*")
_HOURS = re.compile(r"(?P<days>[a-z, -]*?)\s*(?:(?P<start>\S{5})\s*-\s*(?P<end>\S{5}))?")
_LEAST_SECOND = "0.000001"


def seconds_text(cell: str) -> str:
    """Return a number of seconds without its unit."""
    found = _SECONDS.fullmatch(cell)
    return found[1] if found else cell


def seconds_below(cell: str) -> str:
    """Return the longest duration that is shorter than a number of seconds, in whole micros."""
    text = seconds_text(cell)
    if not _SECONDS.fullmatch(text) or Decimal(text) <= 0:
        return text
    return str(Decimal(text) - Decimal(_LEAST_SECOND))


def increments_text(cell: str) -> str:
    """Return increments as 60/6, from 60-6, 60+6, 60:6, 60,6 or 60s; one number is for both."""
    parts = [_SECONDS.fullmatch(it) for it in _BETWEEN.split(cell)]
    numbers = [it[1] for it in parts if it]
    if len(numbers) == len(parts) == 1:
        return f"{numbers[0]}/{numbers[0]}"
    return "/".join(numbers) if len(numbers) == len(parts) == 2 else cell


def parse_column_hours(text: str) -> Spans:
    """Parse hours such as `mon-fri 08:00-20:00`, several with semicolons between them."""
    spans: list[tuple[int, int]] = []
    for part in text.lower().split(";"):
        if " to " in part:
            spans.append(parse_span(part.strip()))
            continue
        found = _HOURS.fullmatch(part.strip())
        if found is None or not part.strip():
            raise ValueError("must be hours such as mon-fri 08:00-20:00 or sat,sun")
        days, start, end = found["days"].strip(), found["start"], found["end"]
        spans += parse_hours(days or "mon-sun", start or "00:00", end or "24:00")
    return merge_spans(spans)
