"""Markdown tables with aligned columns."""

from collections.abc import Iterable, Sequence


def ms(milliseconds: float) -> str:
    """Return milliseconds as text."""
    return f"{milliseconds:,.1f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with aligned columns."""
    cells = [tuple(head), *map(tuple, rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in cells
    ]
    lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return "\n".join(lines) + "\n"
