"""Margins in the terminal."""

from tollbook.analytics.margin import Purchases, margin_of
from tollbook.cli.amounts import WriteAmount

UNKNOWN = "unknown"


def margin_text(usage: Purchases, write: WriteAmount) -> str:
    """Return the margin of a usage; `UNKNOWN` when none of its buy price is known."""
    margin = margin_of(usage).margin
    return UNKNOWN if margin is None else write(margin)


def margin_line(usage: Purchases, write: WriteAmount) -> str:
    """Return the margin of a usage, and of how much of its cost that is."""
    known = margin_of(usage)
    line = f"Margin: {margin_text(usage, write)}"
    if known.margin is None or known.buy_known_share is None:
        return line
    return f"{line}, buy price known for {known.buy_known_share:.1%} of the cost"
