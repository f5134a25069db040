"""The targets of the figures, and whether they are met.

Each target for time is a ratio to the same work in the same run: absolute times decide nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.answers import (
    COLD,
    DEFAULT_PERIOD,
    ONE_COUNTRY,
    REPEATED,
    WORST_PERIOD,
    AnswerFigure,
    AnswerFigures,
)
from benchmarks.clients import ClientFigure
from benchmarks.corrections import CorrectionFigure
from benchmarks.crowds import CrowdFigure, CrowdFigures
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.exports import ExportFigure
from benchmarks.growing import ORDERED, RANDOM, GrowingFigure
from benchmarks.imports import ImportFigure, ImportMemoryFigure
from benchmarks.ingest import IngestFigure
from benchmarks.measured import Measured
from benchmarks.overview import OverviewFigures
from benchmarks.page import PageFigures
from benchmarks.rating import RatingFigure
from benchmarks.series import BY_METER, BY_USER, COMPARED, MONTHS, PLAIN, SeriesFigure
from benchmarks.singles import BEFORE, NOW, SinglesFigure

_LEAST_RATIO = 0.6
_LEAST_SINGLE_RATIO = 0.2
_MOST_TIMES_CORRECTED = 2.0
_MOST_TIMES_CORRECTED_ALONE = 2.5
_SINGLE_CONNECTIONS = 64
_MOST_TIMES_CPU = {"SQLite": 0.35, "PostgreSQL": 0.5}
_LEAST_TIMES_EVENTS = {"SQLite": 1.6, "PostgreSQL": 1.1}
_MOST_TIMES_GROWN = {ORDERED: 1.1, RANDOM: 1.3}
"""An event of a ledger ten times as large, by its ids: CPU, bytes stored and written."""
_MOST_TIMES_P99 = 1.0
"""Of the version whose requests all passed the application."""
_MOST_TIMES_BARE = 1.5
_MOST_OVERVIEW_REPEATED = 0.05
_MOST_TIMES_PLAIN_SERIES = {BY_METER: 4.0, BY_USER: 20.0, COMPARED: 1.5, MONTHS: 1.0}
_MOST_TIMES_RANKING = 3.0
"""The statement that ranks all users, and those of ten users and of the others."""
_MOST_TIMES_FEW = 10
_MOST_TIMES_MONTH = {DEFAULT_PERIOD: 1.2, WORST_PERIOD: 1.5}
"""An answer for days of two months takes little longer than SQL for one whole month."""
_MOST_REPEATED = 0.12
_MOST_ALONE = 0.2
_MOST_GROWTH = 1.2
_LEAST_RATED = 0.25
_MOST_BYTES_A_PREFIX = 150
_MOST_TIMES_CSV = 25.0
_LEAST_WITH_DECK = 0.8
_LEAST_IMPORTED = 0.5
_MOST_MIB_TO_IMPORT = 300
_MOST_MIB_OF_ROWS = 50
"""What ten times the rows may add: caches fill, and nothing is kept of a row."""
_MOST_TIMES_SERVER = 1.5
"""20,000 events a second where the server stores 30,000."""
_LEAST_EXPORTED = 0.3
_MOST_MIB_TO_EXPORT = 100
_BAR_OF_EXPORTS = "csv"
_MOST_OF_FIRST_ROWS = 0.5
_MOST_FRAME = 0.12
"""Far above what a quiet machine needs: beyond it, the page stalls."""


@dataclass(frozen=True)
class Bar:
    """A target, the result, and whether it is met."""

    what: str
    wanted: str
    reached: str
    met: bool


def bars(measured: Measured) -> list[Bar]:
    """Compare every figure with its target."""
    found: list[Bar] = []
    for figure in measured.ingested:
        found.extend(_ingest_bars(figure))
    found.extend(_singles_bars(measured.compared))
    for smaller, larger in zip(measured.grown, measured.grown[1:], strict=False):
        if smaller.ids == larger.ids:
            found.extend(_growing_bars(smaller, larger))
    found.extend(map(_client_bar, measured.clients))
    found.extend(map(_import_bar, measured.imported))
    for memory in measured.import_memory:
        found.extend(_import_memory_bars(memory))
    found.extend(map(_correction_bar, measured.corrected))
    for answers in measured.answered:
        found.extend(_answer_bars(answers))
        found.extend(_growth_bars(answers))
    for crowd in measured.crowded:
        found.extend(_crowd_bars(crowd))
    for overview in measured.overviews:
        found.extend(_overview_bars(overview))
    found.extend(_series_bars(measured.trends))
    for rating in measured.rated:
        found.extend(_rating_bars(rating))
    found.extend(_deck_bar(deck) for deck in measured.loaded)
    found.extend(_deck_ingest_bar(it) for it in measured.decked)
    for export in measured.exported:
        found.extend(_export_bars(export))
    for page in measured.paged:
        found.extend(_page_bars(page))
    return found


def _correction_bar(it: CorrectionFigure) -> Bar:
    most = _MOST_TIMES_CORRECTED if it.in_request > 1 else _MOST_TIMES_CORRECTED_ALONE
    what = f"{it.engine}, {it.connections} connections: {it.in_request:,} corrections in a request"
    wanted = f"at most {most:.1f} times new events"
    return Bar(what, wanted, f"{it.times:.2f} times", it.times <= most)


def _ingest_bars(it: IngestFigure) -> Iterator[Bar]:
    where = f"{it.engine}, {it.connections} connections"
    if it.events_in_request > 1:
        what = f"{where}: batches, ratio to the engine's own speed"
        yield _at_least(what, it.ratio, _LEAST_RATIO)
    elif it.connections == _SINGLE_CONNECTIONS:
        what = f"{where}: single events, ratio to the engine's own speed"
        yield _at_least(what, it.ratio, _LEAST_SINGLE_RATIO)


def _singles_bars(figures: Sequence[SinglesFigure]) -> Iterator[Bar]:
    """Yield the targets of this version, whose ratios are to the one before if it is there."""
    compared = {it.engine for it in figures if it.version == BEFORE}
    for it in figures:
        if it.version == NOW and it.engine in compared:
            where = f"{it.engine}: single events, ratio to the version before"
            yield _at_most(f"{where}, CPU", it.times_cpu, _MOST_TIMES_CPU[it.engine])
            yield _at_least(f"{where}, events/s", it.times_events, _LEAST_TIMES_EVENTS[it.engine])
            yield _at_most(f"{where}, p99", it.times_p99, _MOST_TIMES_P99)


def _growing_bars(smaller: GrowingFigure, larger: GrowingFigure) -> Iterator[Bar]:
    where = f"{larger.engine}, ids {larger.ids}: an event at {larger.events:,}"
    most = _MOST_TIMES_GROWN[larger.ids]
    for what, few, many in (
        ("CPU", smaller.cpu_seconds, larger.cpu_seconds),
        ("bytes stored", smaller.bytes_stored, larger.bytes_stored),
        ("bytes written", smaller.bytes_written, larger.bytes_written),
    ):
        yield _at_most(f"{where}, {what}, ratio to {smaller.events:,}", many / few, most)


def _answer_bars(figures: AnswerFigures) -> Iterator[Bar]:
    for it in figures.alone:
        if it.what in (COLD, f"{COLD}, {ONE_COUNTRY}"):
            what = f"{figures.engine}: {it.what}, ratio to the bare statement"
            yield _at_most(what, it.ratio, _MOST_TIMES_BARE)
        if it.what == REPEATED:
            yield _month_bar(f"{figures.engine}: repeated answer", it, _MOST_REPEATED)
        for period, most in _MOST_TIMES_MONTH.items():
            if it.what == f"{COLD}, {period}":
                yield _month_bar(f"{figures.engine}: {it.what}", it, most)


def _month_bar(what: str, it: AnswerFigure, most: float) -> Bar:
    return _at_most(f"{what}, ratio to the bare statement of a month", it.times_month, most)


def _at_least(what: str, reached: float, least: float) -> Bar:
    return Bar(what, f"≥ {least}", f"{reached:.2f}", reached >= least)


def _at_most(what: str, reached: float, most: float) -> Bar:
    return Bar(what, f"≤ {most}", f"{reached:.2f}", reached <= most)


def _growth_bars(figures: AnswerFigures) -> Iterator[Bar]:
    first_ledger, first = figures.growth[0]
    for ledger, it in figures.growth[1:]:
        what = (
            f"{figures.engine}: cold answer on {ledger.events:,} events, "
            f"ratio to {first_ledger.events:,}"
        )
        yield _at_most(what, it.times.p50 / first.times.p50, _MOST_GROWTH)


def _crowd_bars(figures: CrowdFigures) -> Iterator[Bar]:
    for it in figures.by_period:
        where = f"{figures.engine}: {COLD}, {it.period}"
        what = f"{where}: {it.many.what} users, ratio to {it.few.what}"
        yield _at_most(what, it.many.times.p50 / it.few.times.p50, _MOST_TIMES_FEW)
        yield from _divided_bars(where, it)


def _divided_bars(where: str, it: CrowdFigure) -> Iterator[Bar]:
    if it.period in _MOST_TIMES_MONTH:
        for one in (it.few, it.many):
            yield _month_bar(f"{where}: {one.what} users", one, _MOST_TIMES_MONTH[it.period])
        alone = it.one.times.p50 / it.few.month.p50 if it.few.month else 0.0
        what = f"{where}: {it.one.what} users, ratio to the bare statement of a month of"
        yield _at_most(f"{what} {it.few.what}", alone, _MOST_ALONE)


def _overview_bars(figures: OverviewFigures) -> Iterator[Bar]:
    where, (cold, repeated) = f"{figures.engine}: overview", figures.alone
    yield _at_most(f"{where}, ratio to the bare statements", cold.ratio, _MOST_TIMES_BARE)
    what = f"{where}, repeated, ratio to the bare statements"
    yield _at_most(what, repeated.ratio, _MOST_OVERVIEW_REPEATED)


def _series_bars(figures: Sequence[SeriesFigure]) -> Iterator[Bar]:
    plain = {it.engine: it for it in figures if it.what == PLAIN}
    for it in figures:
        where = f"{it.engine}: {it.what}"
        if it.what == PLAIN:
            yield _at_most(f"{where}, ratio to the bare statement", it.ratio, _MOST_TIMES_BARE)
        else:
            ratio = it.times.p50 / plain[it.engine].times.p50
            what = f"{where}, ratio to {PLAIN}"
            yield _at_most(what, ratio, _MOST_TIMES_PLAIN_SERIES[it.what])
        if it.what == BY_USER:
            what = f"{where}, ratio to the bare statement of all users"
            yield _at_most(what, it.ratio, _MOST_TIMES_RANKING)


def _rating_bars(it: RatingFigure) -> Iterator[Bar]:
    deck = f"a deck of {it.prefixes:,} prefixes"
    what = f"calls rated per second, {deck}, ratio to one price"
    yield _at_least(what, it.calls_per_second / it.with_one_price, _LEAST_RATED)
    reached, met = f"{it.bytes_a_prefix:.0f}", it.bytes_a_prefix <= _MOST_BYTES_A_PREFIX
    yield Bar(f"bytes per prefix, {deck}", f"≤ {_MOST_BYTES_A_PREFIX}", reached, met)


def _deck_bar(it: DeckFigure) -> Bar:
    what = f"{it.engine}: loading a deck of {it.prefixes:,} prefixes, ratio to splitting its lines"
    return _at_most(what, it.seconds / it.csv_seconds, _MOST_TIMES_CSV)


def _deck_ingest_bar(it: DeckIngestFigure) -> Bar:
    what = f"{it.engine}: calls/s in batches with the deck, ratio to the default book"
    return _at_least(what, it.ratio, _LEAST_WITH_DECK)


def _client_bar(it: ClientFigure) -> Bar:
    what = f"{it.engine}: processor time of the Python client, ratio to the server's"
    return _at_most(what, it.ratio, _MOST_TIMES_SERVER)


def _import_bar(it: ImportFigure) -> Bar:
    what = f"{it.engine}: {it.rows:,} records of Asterisk to {it.numbers:,} numbers"
    return _at_least(f"{what}, ratio to batches", it.ratio, _LEAST_IMPORTED)


def _import_memory_bars(it: ImportMemoryFigure) -> Iterator[Bar]:
    what = f"{it.engine}: {it.rows:,} records of Asterisk, memory"
    more = f"{what} above that of a tenth"
    for name, most, reached in (
        (what, _MOST_MIB_TO_IMPORT, it.peak_mib),
        (more, _MOST_MIB_OF_ROWS, it.peak_mib - it.peak_mib_of_tenth),
    ):
        yield Bar(name, f"≤ {most} MiB", f"{reached:.0f} MiB", reached <= most)


def _export_bars(it: ExportFigure) -> Iterator[Bar]:
    what = f"{it.engine}: {it.events:,} events as {it.form}"
    if it.form == _BAR_OF_EXPORTS:
        ratio = it.rows_per_second / it.bare_rows_per_second
        yield _at_least(f"{what}, rows/s, ratio to the driver's", ratio, _LEAST_EXPORTED)
    met = it.above_idle_mib <= _MOST_MIB_TO_EXPORT
    reached = f"{it.above_idle_mib:.0f} MiB"
    yield Bar(f"{what}, memory above idle", f"≤ {_MOST_MIB_TO_EXPORT} MiB", reached, met)


def _page_bars(figures: PageFigures) -> Iterator[Bar]:
    first = median(figures.first_rows)
    for what, times, most in (
        ("a sort", figures.sorts, _MOST_OF_FIRST_ROWS),
        ("a key stroke in the search", figures.keys, _MOST_OF_FIRST_ROWS),
        ("a frame while scrolling", figures.frames, _MOST_FRAME),
    ):
        where = f"page of {figures.users:,} users: {what}, ratio to the first rows"
        yield _at_most(where, median(times) / first, most)
