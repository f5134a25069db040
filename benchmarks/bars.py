"""The targets of the figures, and whether they are met."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.answers import COLD, REPEATED, AnswerFigures
from benchmarks.corrections import CorrectionFigure
from benchmarks.crowds import WHOLE, CrowdFigures
from benchmarks.databases import PostgresDatabases
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.exports import ExportFigure
from benchmarks.imports import ImportFigure
from benchmarks.ingest import IngestFigure
from benchmarks.measured import Measured
from benchmarks.overview import OverviewFigures
from benchmarks.page import PageFigures
from benchmarks.rating import RatingFigure
from benchmarks.series import PLAIN, SeriesFigure

_LEAST_RATIO = 0.6
_LEAST_IN_BATCHES = 30_000
_LEAST_SINGLE = 3_000
_MOST_TIMES_CORRECTED = 2.0
_MOST_TIMES_CORRECTED_ALONE = 2.5
_SINGLE_CONNECTIONS = 64
_MOST_TIMES_BARE = 1.5
_MOST_REPEATED_MS = 5.0
_MOST_SERIES_MS = 100.0
_MOST_OVERVIEW_MS = 150.0
_MOST_TIMES_FEW = 10
_MOST_GROWTH = 1.2
_LEAST_RATED = 250_000
_MOST_BYTES_A_PREFIX = 150
_MOST_SECONDS_TO_LOAD = 10
_LEAST_WITH_DECK = 0.8
_LEAST_IMPORTED = 0.5
_MOST_MIB_TO_IMPORT = 300
_LEAST_EXPORTED = 100_000
_MOST_MIB_TO_EXPORT = 100
_BAR_OF_EXPORTS = "csv"
_MOST_PAGE_MS = 400.0
_MOST_FRAME_MS = 100.0
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
    for imported in measured.imported:
        found.extend(_import_bars(imported))
    found.extend(map(_correction_bar, measured.corrected))
    for answers in measured.answered:
        found.extend(_answer_bars(answers))
        found.extend(_growth_bars(answers))
    for crowd in measured.crowded:
        found.extend(_crowd_bars(crowd))
    for overview in measured.overviews:
        found.extend(_overview_bars(overview))
    for trend in measured.trends:
        found.extend(_series_bars(trend))
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
    rate = f"{it.events_per_second:,.0f}"
    if it.events_in_request == 1:
        if it.connections == _SINGLE_CONNECTIONS:
            met = it.events_per_second >= _LEAST_SINGLE
            yield Bar(f"{where}: single events/s", f"≥ {_LEAST_SINGLE:,}", rate, met)
        return
    met = it.events_per_second >= _LEAST_IN_BATCHES
    yield Bar(f"{where}: events/s in batches", f"≥ {_LEAST_IN_BATCHES:,}", rate, met)
    met = it.ratio >= _LEAST_RATIO
    what = f"{where}: batches, ratio to the engine's own speed"
    yield Bar(what, f"≥ {_LEAST_RATIO}", f"{it.ratio:.2f}", met)


def _answer_bars(figures: AnswerFigures) -> Iterator[Bar]:
    for it in figures.alone:
        if it.what == COLD:
            what = f"{figures.engine}: cold answer, ratio to the bare statement"
            met = it.ratio <= _MOST_TIMES_BARE
            yield Bar(what, f"≤ {_MOST_TIMES_BARE}", f"{it.ratio:.2f}", met)
        if it.what == REPEATED:
            what, met = f"{figures.engine}: repeated answer", it.times.p50 <= _MOST_REPEATED_MS
            yield Bar(what, f"≤ {_MOST_REPEATED_MS:.0f} ms", f"{it.times.p50:.1f} ms", met)


def _growth_bars(figures: AnswerFigures) -> Iterator[Bar]:
    first_ledger, first = figures.growth[0]
    for ledger, it in figures.growth[1:]:
        growth = it.times.p50 / first.times.p50
        what = (
            f"{figures.engine}: cold answer on {ledger.events:,} events, "
            f"ratio to {first_ledger.events:,}"
        )
        yield Bar(what, f"≤ {_MOST_GROWTH}", f"{growth:.2f}", growth <= _MOST_GROWTH)


def _crowd_bars(figures: CrowdFigures) -> Iterator[Bar]:
    for period, few, many in figures.by_period:
        if period == WHOLE:
            ratio = many.times.p50 / few.times.p50
            what = f"{figures.engine}: cold answer of {many.what} users, ratio to {few.what}"
            yield Bar(what, f"≤ {_MOST_TIMES_FEW}", f"{ratio:.1f}", ratio <= _MOST_TIMES_FEW)


def _overview_bars(figures: OverviewFigures) -> Iterator[Bar]:
    where, (cold, repeated) = f"{figures.engine}: overview", figures.alone
    if figures.engine == PostgresDatabases.name:
        yield _below(f"{where}, cold", cold.times.p50, _MOST_OVERVIEW_MS)
    met = cold.ratio <= _MOST_TIMES_BARE
    what = f"{where}, ratio to the bare statements"
    yield Bar(what, f"≤ {_MOST_TIMES_BARE}", f"{cold.ratio:.2f}", met)
    yield _below(f"{where}, repeated", repeated.times.p50, _MOST_REPEATED_MS)


def _below(what: str, reached: float, most: float) -> Bar:
    return Bar(what, f"< {most:.0f} ms", f"{reached:.1f} ms", reached < most)


def _series_bars(it: SeriesFigure) -> Iterator[Bar]:
    where = f"{it.engine}: {it.what}"
    yield _below(where, it.times.p50, _MOST_SERIES_MS)
    if it.what == PLAIN:
        met = it.ratio <= _MOST_TIMES_BARE
        what = f"{where}, ratio to the bare statement"
        yield Bar(what, f"≤ {_MOST_TIMES_BARE}", f"{it.ratio:.2f}", met)


def _rating_bars(it: RatingFigure) -> Iterator[Bar]:
    deck = f"a deck of {it.prefixes:,} prefixes"
    reached, met = f"{it.calls_per_second:,.0f}", it.calls_per_second >= _LEAST_RATED
    yield Bar(f"calls rated per second on one core, {deck}", f"≥ {_LEAST_RATED:,}", reached, met)
    reached, met = f"{it.bytes_a_prefix:.0f}", it.bytes_a_prefix <= _MOST_BYTES_A_PREFIX
    yield Bar(f"bytes per prefix, {deck}", f"≤ {_MOST_BYTES_A_PREFIX}", reached, met)


def _deck_bar(it: DeckFigure) -> Bar:
    what = f"{it.engine}: loading a deck of {it.prefixes:,} prefixes"
    met = it.seconds < _MOST_SECONDS_TO_LOAD
    return Bar(what, f"< {_MOST_SECONDS_TO_LOAD} s", f"{it.seconds:.1f} s", met)


def _deck_ingest_bar(it: DeckIngestFigure) -> Bar:
    what = f"{it.engine}: calls/s in batches with the deck, ratio to the default book"
    met = it.ratio >= _LEAST_WITH_DECK
    return Bar(what, f"≥ {_LEAST_WITH_DECK}", f"{it.ratio:.2f}", met)


def _import_bars(it: ImportFigure) -> Iterator[Bar]:
    what = f"{it.engine}: {it.rows:,} records of Asterisk"
    met = it.ratio >= _LEAST_IMPORTED
    yield Bar(f"{what}, ratio to batches", f"≥ {_LEAST_IMPORTED}", f"{it.ratio:.2f}", met)
    met = it.peak_mib <= _MOST_MIB_TO_IMPORT
    yield Bar(f"{what}, memory", f"≤ {_MOST_MIB_TO_IMPORT} MiB", f"{it.peak_mib:.0f} MiB", met)


def _export_bars(it: ExportFigure) -> Iterator[Bar]:
    what = f"{it.engine}: {it.events:,} events as {it.form}"
    if it.form == _BAR_OF_EXPORTS:
        met = it.rows_per_second >= _LEAST_EXPORTED
        yield Bar(f"{what}, rows/s", f"≥ {_LEAST_EXPORTED:,}", f"{it.rows_per_second:,.0f}", met)
    met = it.above_idle_mib <= _MOST_MIB_TO_EXPORT
    reached = f"{it.above_idle_mib:.0f} MiB"
    yield Bar(f"{what}, memory above idle", f"≤ {_MOST_MIB_TO_EXPORT} MiB", reached, met)


def _page_bars(figures: PageFigures) -> Iterator[Bar]:
    for what, times, most in (
        ("a sort", figures.sorts, _MOST_PAGE_MS),
        ("a key stroke in the search", figures.keys, _MOST_PAGE_MS),
        ("a frame while scrolling", figures.frames, _MOST_FRAME_MS),
    ):
        yield _below(f"page of {figures.users:,} users: {what}", median(times), most)
