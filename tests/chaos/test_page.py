"""The page on reliability: its rows are those of the latest runs."""

from datetime import date
from pathlib import Path

from chaos.__main__ import FAULTS
from chaos.faults import Fault
from chaos.report import Trial, page, read_rows, row_of
from chaos.world import Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()


def fault(name: str) -> Fault:
    return Fault(name, "nothing is lost", lambda _bench: Verdict())


def test_a_row_is_read_as_it_was_written() -> None:
    passed = Trial(fault("a"), "SQLite", 3, 1.5, Verdict(acknowledged=12_345, refused=7))
    failed = Trial(fault("b"), "Citus", 1, 1.5, Verdict(lost=1, wrong=["a | b", "two\nlines"]))
    rows = [row_of(passed, date(2026, 1, 2)), row_of(failed, date(2026, 3, 4))]
    text = page(rows)
    assert read_rows(text) == {("a", "SQLite"): rows[0], ("b", "Citus"): rows[1]}
    assert rows[1].result == "a / b; two lines"
    assert "\n4 faults, 12,345 events acknowledged, 1 lost, 0 counted twice.\n" in text


def test_the_page_has_every_fault_that_exists_and_no_other() -> None:
    expected = {(it.name, engine) for it in FAULTS for engine in it.engines}
    assert set(read_rows(PAGE)) == expected
