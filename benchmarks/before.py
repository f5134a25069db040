"""The figures of an earlier version, in parentheses after those of this one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import table

_LABELS = frozenset(
    {
        *("Storage", "Figure", "Target", "Answer", "Period", "Users", "Events", "Format", "Rows"),
        *("Numbers", "Prefixes", "Templates", "Events/request", "Connections", "In a request"),
        *("What", "Count", "Machine", "", "Column", "Meaning", "Ids", "Workers", "Version"),
    }
)
"""Columns that describe what a row measures; all others are figures."""
Column = tuple[str, int]
"""The name of a column, and how many columns before it have this name."""


@dataclass(frozen=True)
class Table:
    """A table of a page, with the heading above it."""

    heading: str
    head: list[str]
    rows: list[list[str]]

    def columns(self) -> list[Column]:
        """Return the columns in order."""
        return [(name, self.head[:place].count(name)) for place, name in enumerate(self.head)]

    def figures(self, row: Sequence[str]) -> dict[Column, str]:
        """Return the figures of a row."""
        cells = zip(self.columns(), row, strict=True)
        return {column: cell for column, cell in cells if column[0] not in _LABELS}

    def label(self, row: Sequence[str]) -> list[tuple[str, str]]:
        """Return the cells that describe what a row measures, with their columns."""
        return [it for it in zip(self.head, row, strict=True) if it[0] in _LABELS]

    def likeness(self, other: "Table") -> tuple[int, bool]:
        """Return how many columns two tables share, and whether they have the same heading."""
        return len({*self.columns()} & {*other.columns()}), self.heading == other.heading


def version_of(folder: Path) -> str:
    """Return the commit and the date of a checkout."""
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def measure_before(folder: Path, arguments: Sequence[str]) -> str:
    """Run the benchmark of a checkout on its own source; return its page, or "" if it fails."""
    root = folder.resolve()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root / "src", root)))},
        stdout=subprocess.PIPE,
        text=True,
    )
    return "" if done.returncode else done.stdout


def with_before(page: str, pages: Sequence[str]) -> str:
    """Return a page with the figures of earlier pages, each after that of its row and column."""
    earlier = [_table(*it) for before in pages for it in _blocks(before) if _is_table(it[1])]
    return "".join(_merged(*it, earlier) for it in _blocks(page))


def _merged(heading: str, block: Sequence[str], earlier: Sequence[Table]) -> str:
    if _is_table(block):
        now = _table(heading, block)
        if before := _counterpart(now, earlier):
            return _both(now, before)
    return "\n".join(block) + "\n"


def _blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of each table and of each text between tables, with their heading."""
    heading, block = "", list[str]()
    for line in page.splitlines():
        if block and line.startswith("|") != _is_table(block):
            yield heading, block
            block = []
        if line.startswith("## "):
            heading = line
        block.append(line)
    yield heading, block


def _is_table(block: Sequence[str]) -> bool:
    return block[0].startswith("|")


def _table(heading: str, block: Sequence[str]) -> Table:
    head, _, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in block)
    return Table(heading, head, rows)


def _both(now: Table, before: Table) -> str:
    found = {tuple(before.label(row)): before.figures(row) for row in before.rows}
    rows: list[list[str]] = []
    for row in now.rows:
        figures = found.get(tuple(now.label(row)), {})
        cells = zip(now.columns(), row, strict=True)
        rows.append([_cell(cell, figures.get(column, "")) for column, cell in cells])
    return table(now.head, rows)


def _cell(now: str, before: str) -> str:
    return f"{now} ({before})" if now and before else now


def _counterpart(now: Table, earlier: Sequence[Table]) -> Table | None:
    """Return the earlier table that is most alike; part of a page may lack the heading."""
    alike = [it for it in earlier if it.heading == now.heading or it.head == now.head]
    return max(alike, key=now.likeness, default=None)
