"""Amounts of money as the command line shows them to people."""

from collections.abc import Callable

from tollbook.cli.command import Options
from tollbook.domain.directory import decimals_of
from tollbook.domain.exact import amount_text, rounded_amount_text

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
