"""Who called whom: `to`, `from` and the channel of an event."""

from typing import NamedTuple

from tollbook.domain.meters import Category, Meter
from tollbook.records import numbers
from tollbook.records.fields import INBOUND
from tollbook.records.rows import INTERNAL, RefusedRow, SkippedRow


class Addresses(NamedTuple):
    """The addresses of an event; each is empty when there is none."""

    to: str
    from_: str
    channel: str


def read_addresses(
    called: str,
    caller: str,
    meter: Meter | None,
    number_format: str,
    *,
    access_code: str = "",
    direction: str = "",
) -> Addresses:
    """Return the addresses of a row, numbers in E.164.

    A called text that is no number is refused, because it would be charged at a price for all
    numbers; a calling one is kept as it is written.
    """
    scheme = numbers.scheme_of(called)
    channel = next((it for it in (scheme, numbers.scheme_of(caller)) if it in numbers.CHANNELS), "")
    code = "" if direction == INBOUND else access_code
    to = _called(called, scheme, meter, number_format, code)
    text = numbers.plain(caller)
    from_ = text
    if text and not text.startswith(numbers.CLIENT):
        from_ = numbers.number_in(text, number_format) or text
    return Addresses(to, from_, channel)


def skip_internal(called: str, caller: str) -> None:
    """Skip a row between two extensions."""
    if numbers.is_internal(numbers.plain(caller), numbers.plain(called)):
        raise SkippedRow(INTERNAL)


def _called(
    called: str, scheme: str, meter: Meter | None, number_format: str, access_code: str
) -> str:
    text = numbers.plain(called)
    if not text:
        if meter is None or meter.category not in (Category.VOICE, Category.MESSAGING):
            return ""
        raise RefusedRow("to", "missing_field", "the called number is empty")
    if text.startswith(numbers.CLIENT):
        return text
    if number := numbers.number_in(text, number_format, access_code):
        return number
    if meter is not None and meter.category is Category.MESSAGING:
        if numbers.is_short_code(text):
            return text
        if scheme in ("messenger", "rcs"):
            return f"{scheme}:{text}"
    sentence = (
        "the called number cannot be read: name the country of its numbers with --country, or the "
        "meaning of digits without + with --bare"
    )
    raise RefusedRow("to", "invalid_number", sentence)
