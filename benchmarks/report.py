"""Write the figures as a Markdown page, which is also readable in a terminal."""

from collections.abc import Mapping, Sequence

from benchmarks.answers import AnswerFigures
from benchmarks.bars import Bar
from benchmarks.clients import clients_section
from benchmarks.corrections import CorrectionFigure
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.events import LEAST_EVENTS
from benchmarks.exports import ExportFigure
from benchmarks.growing import growing_section
from benchmarks.ingest import IngestFigure
from benchmarks.ledgers import CUT, DEFAULT
from benchmarks.measured import Measured
from benchmarks.rating import RatingFigure
from benchmarks.report_crowds import crowded, overviews, paged
from benchmarks.report_imports import imported
from benchmarks.series import SeriesFigure
from benchmarks.singles import singles_section
from benchmarks.tables import ms, table

_HEAD = """\
# Benchmarks

`make bench` writes this page in about half an hour. `make bench args=--quick` takes about five
minutes, measures less and writes no page. `args="--millions 50"` uses a larger ledger,
`args="--only crowds --engine sqlite"` measures one part. `args="--before FOLDER"` also shows the
figures of an earlier version, in parentheses: each part is measured first by the checkout in that
folder, with its own benchmark, on the same machine. `make bench-peers` compares with other engines
and a plain service: see [benchmarks-peers.md](benchmarks-peers.md).

All requests are sent over HTTP to a real `tollbook serve` in a separate process, on a fresh
database. The client uses the same cores. Other work on the machine affects absolute figures.
Compared figures were measured alternately, so rely on the ratios.
"""

_INGEST = """\
## Durable ingest

Events of 1,000 users of one organization, in four meters, with two attributes, are sent to an empty
ledger. Identifiers are 32 hexadecimal digits that increase with time and end in 80 random bits;
completely random ones would cost more as the ledger grows. Every response was checked, every
acknowledged event was found in the ledger, and every rollup matched the events.

| Column | Meaning |
|---|---|
| Engine events/s | the store writes the same rows without HTTP, right after each round |
| Ratio | the median of the rounds |
| Events/commit | the size of the groups of group commit |
| Memory | the peak of the server's process |
| Client | the share of one core that the load generator used |

The engine writes prepared rows in transactions of as many events as the connections have in flight
(at most 10,000).
"""

_CORRECTED = """\
## Corrections

Messages wait for their carrier's price, and corrections with a cost charge them. New events of the
same kind are sent right before, to the same server. *Times* is the median of the rounds: how many
times longer corrections take.
"""

_ANSWERS = f"""\
## GET /v1/analytics/users

An organization has 1,000 users, each active in 7 meters on all days of two months of 31 days and
of most of a third ({LEAST_EVENTS:,} events). Their amounts differ, as real ones do: equal amounts
would be written faster. Requests are for a whole month, over one connection. *Cold* is a server
without a cache, *repeated* one with a cache. *Bare* is the same SQL statement for the same period
through the plain driver on a warm connection, alternating with the request, and *bare month* the
one for a whole month. Knowledge bases (here one for each user) are counted from days.

The *default period* is that of a request without dates on the day of the newest events, a 27th:
{DEFAULT.start} to {DEFAULT.end}. It divides two months, and so does the worst one, {CUT.start} to
{CUT.end}, in the middle. Their targets are ratios to the bare month: what a question costs should
not depend on the day of the month.
"""

_TOGETHER = """\
Over 16 concurrent connections:
"""

_GROWTH = """\
## The same answer on larger ledgers

The same users and months with more events. Cold requests to all sizes alternate over one
connection. *Growth* is relative to the smallest ledger. *Bytes/event* is the size of the whole
database on disk.
"""

_SERIES = """\
## GET /v1/analytics/series

A year by day of an organization of 1,000 users, each with an event on every day in one of 7 meters,
over one connection to a server without a cache. *Bare* is the statement of the same line through
the plain driver on a warm connection, alternating with the request; for a split by user it is the
one that ranks all users. The bare statement of the first line takes one or two milliseconds, less
than HTTP and writing 366 buckets. Its ratio therefore shows their cost, and grows as the statement
gets faster.
"""

_RATING = """\
## Rating without ingest

Calls to numbers in a generated deck, with increments, are rated one after the other on one core,
from the usage to its charge, alternating with the same calls at the one price of the example book.
Seconds are CPU time. *Calls/s* is the median of the rounds. *Bytes per prefix* is the memory of the
indexed deck.
"""

_DECKED = """\
The same with calls only, in batches of 1,000 over 8 connections, alternating between two servers:
one prices them by a deck of prefixes with increments, the other by the single price of the default
book. Identifiers are completely random.
"""

_DECKS = """\
## Loading a deck

A CSV file of prefixes is read and checked, stored in one transaction, and read back and indexed for
rating. Each process indexes a deck once when it is in force. *CSV* is the time of only splitting
the lines of the file.
"""

_EXPORTS = """\
## All events as a file

`GET /v1/events` without a limit, over one connection, to a client that discards the data. *Memory*
is that of the server's process: idle after some requests, and its peak while the file is written.
*Users p50* is the time of cold requests for the users: without an export, then during a second one.
*Driver rows/s* is the plain driver reading a day's events, and Python's `csv.writer`.
"""

_BARS = """\
## Targets

Each target for time is a ratio to the same statement, engine or work in the same run. Absolute
times are in the tables below, and decide nothing.
"""


def report(machine: Mapping[str, str], measured: Measured, held: Sequence[Bar]) -> str:
    """Return the text of the page."""
    parts = [_HEAD, table(("Machine", ""), machine.items()), _BARS, _bars(held)]
    if measured.ingested:
        parts += [_INGEST, _ingest(measured.ingested)]
    if measured.decked:
        parts += [_DECKED, _decked(measured.decked)]
    parts += singles_section(measured.compared)
    parts += growing_section(measured.grown)
    parts += clients_section(measured.clients)
    parts += imported(measured.imported, measured.import_memory)
    if measured.corrected:
        parts += [_CORRECTED, _corrected(measured.corrected)]
    if measured.answered:
        parts += [_ANSWERS, _alone(measured.answered), _TOGETHER, _together(measured.answered)]
        parts += [_GROWTH, _growth(measured.answered)]
    if measured.crowded:
        parts += crowded(measured.crowded)
    if measured.overviews:
        parts += overviews(measured.overviews)
    if measured.trends:
        parts += [_SERIES, _trends(measured.trends)]
    if measured.exported:
        parts += [_EXPORTS, _exported(measured.exported)]
    if measured.rated:
        parts += [_RATING, _rated(measured.rated)]
    if measured.loaded:
        parts += [_DECKS, _loaded(measured.loaded)]
    if measured.paged:
        parts += paged(measured.paged)
    return "\n".join(parts)


def _corrected(figures: Sequence[CorrectionFigure]) -> str:
    head = ("Storage", "In a request", "Connections", "Events/s", "Corrections/s", "Times")
    rows = (
        (
            it.engine,
            f"{it.in_request:,}",
            f"{it.connections}",
            f"{it.events_per_second:,.0f}",
            f"{it.corrections_per_second:,.0f}",
            f"{it.times:.2f}",
        )
        for it in figures
    )
    return table(head, rows)


def _bars(held: Sequence[Bar]) -> str:
    return table(
        ("Figure", "Target", "Result", "Met"),
        ((it.what, it.wanted, it.reached, "yes" if it.met else "**no**") for it in held),
    )


def _ingest(ingested: Sequence[IngestFigure]) -> str:
    head = (
        "Storage",
        "Events/request",
        "Connections",
        "Events/s",
        "p50 ms",
        "p99 ms",
        "Engine events/s",
        "Ratio",
        "Events/commit",
        "Memory MiB",
        "Client",
    )
    return table(
        head,
        (
            (
                it.engine,
                f"{it.events_in_request:,}",
                str(it.connections),
                f"{it.events_per_second:,.0f}",
                ms(it.times.p50),
                ms(it.times.p99),
                f"{it.engine_events_per_second:,.0f}",
                f"{it.ratio:.2f}",
                f"{it.events_in_transaction:,.0f}",
                f"{it.peak_mib:.0f}",
                f"{it.client_share:.0%}",
            )
            for it in ingested
        ),
    )


def _alone(answered: Sequence[AnswerFigures]) -> str:
    return table(
        (
            *("Storage", "Answer", "p50 ms", "p99 ms", "Bare p50 ms", "Bare p99 ms", "Times bare"),
            *("Bare month p50 ms", "Times month"),
        ),
        (
            (
                figures.engine,
                it.what,
                ms(it.times.p50),
                ms(it.times.p99),
                ms(it.bare.p50) if it.bare else "",
                ms(it.bare.p99) if it.bare else "",
                f"{it.ratio:.2f}" if it.bare else "",
                ms(it.month.p50) if it.month else "",
                f"{it.times_month:.2f}" if it.month else "",
            )
            for figures in answered
            for it in figures.alone
        ),
    )


def _together(answered: Sequence[AnswerFigures]) -> str:
    return table(
        ("Storage", "Answer", "p50 ms", "p99 ms", "Answers/s"),
        (
            (figures.engine, it.what, ms(it.times.p50), ms(it.times.p99), f"{it.per_second:,.0f}")
            for figures in answered
            for it in figures.together
        ),
    )


def _growth(answered: Sequence[AnswerFigures]) -> str:
    return table(
        ("Storage", "Events", "Bytes/event", "p50 ms", "p99 ms", "Bare p50 ms", "Growth"),
        (
            (
                figures.engine,
                f"{ledger.events:,}",
                f"{ledger.size / ledger.events:.0f}",
                ms(it.times.p50),
                ms(it.times.p99),
                ms(it.bare.p50) if it.bare else "",
                f"{it.times.p50 / figures.growth[0][1].times.p50:.2f}",
            )
            for figures in answered
            for ledger, it in figures.growth
        ),
    )


def _trends(trends: Sequence[SeriesFigure]) -> str:
    return table(
        ("Storage", "Answer", "p50 ms", "p99 ms", "Bare p50 ms", "Times bare"),
        (
            (
                it.engine,
                it.what,
                ms(it.times.p50),
                ms(it.times.p99),
                ms(it.bare.p50) if it.bare else "",
                f"{it.ratio:.2f}" if it.bare else "",
            )
            for it in trends
        ),
    )


def _rated(rated: Sequence[RatingFigure]) -> str:
    return table(
        (
            *("Prefixes", "Calls/s", "With one price", "Slowest", "Fastest", "Bytes per prefix"),
            "Seconds to index",
        ),
        (
            (
                f"{it.prefixes:,}",
                f"{it.calls_per_second:,.0f}",
                f"{it.with_one_price:,.0f}",
                f"{it.slowest:,.0f}",
                f"{it.fastest:,.0f}",
                f"{it.bytes_a_prefix:.0f}",
                f"{it.arranged_seconds:.2f}",
            )
            for it in rated
        ),
    )


def _loaded(loaded: Sequence[DeckFigure]) -> str:
    return table(
        ("Storage", "Prefixes", "Templates", "Read s", "Store s", "Total s", "Index s", "CSV s"),
        (
            (
                it.engine,
                f"{it.prefixes:,}",
                f"{it.templates:,}",
                f"{it.read_seconds:.2f}",
                f"{it.stored_seconds:.2f}",
                f"{it.seconds:.2f}",
                f"{it.arranged_seconds:.2f}",
                f"{it.csv_seconds:.2f}",
            )
            for it in loaded
        ),
    )


def _decked(decked: Sequence[DeckIngestFigure]) -> str:
    return table(
        ("Storage", "Prefixes", "Calls/s with the deck", "With the default book", "Ratio"),
        (
            (
                it.engine,
                f"{it.prefixes:,}",
                f"{it.with_deck:,.0f}",
                f"{it.with_default:,.0f}",
                f"{it.ratio:.2f}",
            )
            for it in decked
        ),
    )


def _exported(exported: Sequence[ExportFigure]) -> str:
    head = (
        "Storage",
        "Format",
        "Events",
        "Rows/s",
        "Driver rows/s",
        "MB",
        "Idle MiB",
        "Above idle MiB",
        "Users p50 ms",
        "p99 ms",
        "During export p50 ms",
        "p99 ms",
    )
    return table(
        head,
        (
            (
                it.engine,
                it.form,
                f"{it.events:,}",
                f"{it.rows_per_second:,.0f}",
                f"{it.bare_rows_per_second:,.0f}",
                f"{it.bytes / 1e6:,.0f}",
                f"{it.idle_mib:.0f}",
                f"{it.above_idle_mib:.0f}",
                ms(it.alone.p50),
                ms(it.alone.p99),
                ms(it.beside.p50),
                ms(it.beside.p99),
            )
            for it in exported
        ),
    )
