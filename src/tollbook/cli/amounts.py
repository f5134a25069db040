"""Amounts of money and percentages as the command line shows them to people."""

from collections.abc import Callable

from tollbook.cli.command import Options
from tollbook.domain.directory import decimals_of
from tollbook.domain.exact import amount_text, divide_half_even, rounded_amount_text

_MOST_PLACES = 2

WriteAmount = Callable[[int], str]
"""Returns the text of an amount in nanos."""


def amount_writer(options: Options, currency: str | None) -> WriteAmount:
    """Return the function that writes amounts of a currency with its decimals.

    With `--exact`, or in a currency without a smallest unit, they have all of their decimals.
    """
    places = None if options.exact or currency is None else decimals_of(currency)
    if places is None:
        return amount_text
    return lambda nanos: rounded_amount_text(nanos, places)


def percent_text(part: int, whole: int, places: int, *, signed: bool = False) -> str:
    """Return a part as a percentage of a whole, rounded half to even.

    Return "" unless the whole is above 0.

    Where it would read as 0% or 100% but is neither, it has up to two decimals, or reads as
    `<0.01%`, `99.99%` or `100.01%`, as on the page.
    """
    if whole <= 0:
        return ""
    if part < 0:
        return f"-{percent_text(-part, whole, places)}"
    sign = "+" if signed and part else ""
    for digits in range(places, _MOST_PLACES + 1):
        scale = int(10**digits)
        rounded = divide_half_even(part * 100 * scale, whole)
        if part in (0, whole) or rounded not in (0, 100 * scale):
            units, rest = divmod(rounded, scale)
            decimals = f".{rest:0{digits}d}" if digits else ""
            return f"{sign}{units}{decimals}%"
    return f"{sign}{'<0.01' if 2 * part < whole else '99.99' if part < whole else '100.01'}%"
