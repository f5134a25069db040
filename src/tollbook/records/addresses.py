"""Who called whom: `to`, `from` and the channel of an event."""

from functools import lru_cache

from tollbook.domain.meters import Category
from tollbook.records import numbers
from tollbook.records.rows import INTERNAL, RefusedRow, SkippedRow


@lru_cache(65_536)
def called_address(
    called: str, category: Category | None, number_format: str, access_code: str
) -> str:
    """Return the called address, a number in E.164; empty when there is none.

    A text that is no number is refused, because it would be charged at a price for all numbers.
    """
    text = numbers.plain(called)
    if not text:
        if category not in (Category.VOICE, Category.MESSAGING):
            return ""
        raise RefusedRow("to", "missing_field", "the called number is empty")
    if text.startswith(numbers.CLIENT):
        return text
    if number := numbers.number_in(text, number_format, access_code):
        return number
    if category is Category.MESSAGING:
        if numbers.is_short_code(text):
            return text
        scheme = numbers.scheme_of(called)
        if scheme in ("messenger", "rcs"):
            return f"{scheme}:{text}"
    sentence = (
        "the called number cannot be read: name the country of its numbers with --country, or the "
        "meaning of digits without + with --bare"
    )
    raise RefusedRow("to", "invalid_number", sentence)


@lru_cache(65_536)
def calling_address(caller: str, number_format: str) -> str:
    """Return the calling address: a number in E.164, or another text as it is written."""
    text = numbers.plain(caller)
    if text.startswith(numbers.CLIENT):
        return text
    return numbers.number_in(text, number_format) or text


def channel_of(called: str, caller: str) -> str:
    """Return the channel that the scheme of an address names; empty when there is none."""
    for scheme in (numbers.scheme_of(called), numbers.scheme_of(caller)):
        if scheme in numbers.CHANNELS:
            return scheme
    return ""


def skip_internal(called: str, caller: str) -> None:
    """Skip a row between two extensions."""
    if len(called) > numbers.LONGEST_EXTENSION and called.isdigit():
        return  # nearly all rows
    if numbers.is_internal(numbers.plain(caller), numbers.plain(called)):
        raise SkippedRow(INTERNAL)
