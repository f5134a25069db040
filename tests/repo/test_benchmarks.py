"""The targets of the benchmarks do not depend on the machine, and amounts must differ."""

import pytest
from benchmarks.amounts import check_amounts
from benchmarks.answers import (
    COLD,
    DEFAULT_PERIOD,
    REPEATED,
    WORST_PERIOD,
    AnswerFigure,
    AnswerFigures,
    ManyFigure,
)
from benchmarks.bars import Bar, bars
from benchmarks.clients import ClientFigure
from benchmarks.corrections import CorrectionFigure
from benchmarks.crowds import CrowdFigure, CrowdFigures
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.exports import ExportFigure
from benchmarks.figures import Times
from benchmarks.growing import RANDOM, GrowingFigure
from benchmarks.imports import ImportFigure, ImportMemoryFigure
from benchmarks.ingest import IngestFigure
from benchmarks.ledgers import CUT, DEFAULT, Ledger
from benchmarks.measured import Measured
from benchmarks.overview import OverviewFigures
from benchmarks.page import PageFigures
from benchmarks.rating import RatingFigure
from benchmarks.series import BY_METER, BY_USER, COMPARED, MONTHS, PLAIN, SeriesFigure
from benchmarks.singles import BEFORE, NOW, SinglesFigure
from benchmarks.wire import WrongAnswer


def measured(slow: float) -> Measured:
    """Return figures of every part, from a machine on which all takes `slow` times as long."""

    def times(ms: float) -> Times:
        return Times([ms * slow / 1000] * 2)

    def answer(what: str, ms: float) -> AnswerFigure:
        return AnswerFigure(what, times(ms), times(7), times(9))

    engine = "SQLite"
    ledgers = [Ledger("", 1, "", events, 10) for events in (1, 2)]
    kinds = (COLD, REPEATED, f"{COLD}, {DEFAULT_PERIOD}", f"{COLD}, {WORST_PERIOD}")
    alone = [answer(it, 10) for it in kinds]
    growth = [(it, answer(COLD, 11)) for it in ledgers]
    crowd = CrowdFigure(DEFAULT_PERIOD, answer("1,000", 9), answer("10,000", 90), answer("1", 1))
    rate, memory = 1000 / slow, 10.0
    return Measured(
        ingested=[
            IngestFigure(
                *(engine, events, 64, 10, rate, times(5), memory, 9.0, 2 * rate, 0.5, 0.1),
            )
            for events in (1, 1000)
        ],
        grown=[GrowingFigure(engine, RANDOM, it, slow, 300.0, 900.0) for it in (10, 100)],
        compared=[
            SinglesFigure(engine, it, rate, times(5), slow, 1.7, 0.4, 0.9) for it in (BEFORE, NOW)
        ],
        corrected=[CorrectionFigure(engine, 1000, 8, rate, rate / 2, 2.0)],
        clients=[ClientFigure(engine, 10, rate, rate, rate, slow, slow, 1.2 * slow, 1.2)],
        answered=[AnswerFigures(engine, alone, [ManyFigure(COLD, times(10), rate)], growth)],
        rated=[RatingFigure(10, rate, 2 * rate, rate, rate, 100.0, slow)],
        loaded=[DeckFigure(engine, 10, 10, slow, slow, slow, slow / 10)],
        decked=[DeckIngestFigure(engine, 10, rate, rate, 1.0)],
        imported=[ImportFigure(engine, 10, 10, rate, rate, 1.0, 1.0, memory)],
        import_memory=[ImportMemoryFigure(engine, 10, memory, memory)],
        trends=[
            SeriesFigure(engine, it, times(6), times(3))
            for it in (PLAIN, BY_METER, BY_USER, COMPARED, MONTHS)
        ],
        exported=[
            ExportFigure(engine, "csv", 10, slow, 10, memory, memory, times(1), times(1), rate)
        ],
        overviews=[OverviewFigures(engine, [answer(COLD, 10), answer(REPEATED, 1)])],
        crowded=[CrowdFigures(engine, [crowd])],
        paged=[PageFigures(10, *([slow * ms] * 2 for ms in (800, 80, 50, 17)))],
    )


def test_a_slow_machine_meets_the_same_targets() -> None:
    found = bars(measured(1))
    assert len(found) > 20
    assert bars(measured(10)) == found


def test_the_default_period_is_compared_with_a_whole_month() -> None:
    found = bars(measured(1))
    what = "SQLite: cold, the default period, ratio to the bare statement of a month"
    assert Bar(what, "≤ 1.2", "1.11", True) in found
    assert (DEFAULT.end - DEFAULT.start).days == (CUT.end - CUT.start).days == 30
    assert DEFAULT.start.month != DEFAULT.end.month


def test_memory_that_grows_with_the_rows_of_an_import_is_told() -> None:
    grown = Measured(import_memory=[ImportMemoryFigure("SQLite", 1_000_000, 250.0, 150.0)])
    whole, more = bars(grown)
    assert (whole.wanted, whole.reached, whole.met) == ("≤ 300 MiB", "250 MiB", True)
    assert (more.wanted, more.reached, more.met) == ("≤ 50 MiB", "100 MiB", False)


def user(number: int) -> dict[str, object]:
    costs = {"voice_cost": number + 0.5, "kb_cost": 0, "kb_count": 1}
    return {"total_cost": number + 0.25, "total_voice_seconds": number, "cost_breakdown": costs}


def test_amounts_that_repeat_are_an_error() -> None:
    check_amounts([user(it) for it in range(1, 100)])
    with pytest.raises(WrongAnswer, match="only 150 of 300 amounts differ"):
        check_amounts([user(1 + it // 2) for it in range(100)])
