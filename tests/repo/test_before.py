"""The benchmarks show the figures of an earlier version in every table."""

from benchmarks.bars import bars
from benchmarks.before import with_before
from benchmarks.report import report

from tests.repo.test_benchmarks import measured

_MACHINE = {"Cores": "2"}
_NOW = """\
## Ingest

| Storage | Events/s | p99 ms | Memory |
|---------|----------|--------|--------|
| SQLite  | 2,000    | 7.0    | 9      |
| Other   | 1,000    | 8.0    |        |

## Answers

| Storage | Events/s |
|---------|----------|
| SQLite  | 5        |
"""
_BEFORE = """\
## Ingest

| Storage | p99 ms | Events/s | Lost |
|---|---|---|---|
| SQLite | 12.0 | 900 | 1 |
"""


def page(slow: float) -> str:
    figures = measured(slow)
    return report(_MACHINE, figures, bars(figures))


def test_a_figure_is_followed_by_that_of_its_row_and_column_before() -> None:
    both = with_before(_NOW, [_BEFORE])
    assert "| SQLite  | 2,000 (900) | 7.0 (12.0) | 9      |" in both
    assert "| Other   | 1,000       | 8.0        |        |" in both
    assert "| SQLite  | 5        |" in both


def test_a_page_without_earlier_figures_stays_the_same() -> None:
    assert with_before(page(1), []) == page(1)


def test_every_table_of_figures_shows_the_earlier_ones() -> None:
    both = with_before(page(1), [page(10)])
    tables = [block for block in both.split("\n\n") if block.startswith("|")]
    without = [it.split("|")[1].strip() for it in tables if " (" not in it]
    assert without == ["Machine", "Column"]


def test_tables_that_are_alike_are_told_apart_by_their_headings() -> None:
    other = _BEFORE.replace("Ingest", "Elsewhere").replace("900", "111")
    both = with_before(_NOW, [other, _BEFORE, other])
    assert "2,000 (900)" in both
    assert "111" not in both
