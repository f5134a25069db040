"""The figures as one Markdown page, which reads well in a terminal too."""

from collections.abc import Mapping, Sequence

from benchmarks.answers import AnswerFigures
from benchmarks.bars import Bar
from benchmarks.deck_ingest import DeckIngestFigure
from benchmarks.decks import DeckFigure
from benchmarks.events import LEAST_EVENTS
from benchmarks.exports import ExportFigure
from benchmarks.ingest import IngestFigure
from benchmarks.measured import Measured
from benchmarks.rating import RatingFigure
from benchmarks.report_crowds import crowded, overviews, paged
from benchmarks.series import SeriesFigure
from benchmarks.tables import ms, table

_HEAD = """\
# Benchmarks

Written by `make bench`, which takes about fifteen minutes. `make bench args=--quick` takes about
four, measures less and writes no page; `args="--millions 50"` grows the ledger further. Everything
goes over HTTP to a real `tollbook serve` in a process of its own, on a fresh database; the client
has the same cores. Other work on the machine disturbs absolute figures. What is compared was
measured in turns, so trust the ratios.
"""

_INGEST = """\
## Durable ingest

Events of 1,000 users of one organization, in four meters, with two attributes, into a ledger that
is empty at first. Identifiers are 32 hexadecimal digits that rise with time and end in 80 random
bits; wholly random ones would cost more as the ledger grows. Every answer was checked, every event
acknowledged was found in the ledger, and every rollup agreed with the events.

*Engine events/s* is the same rows, prepared beforehand, written by the store without HTTP in
transactions of as many events as the connections have in flight (at most 10,000), measured right
after each round; *ratio* is the median of the rounds. *Events/commit* is what group commit made of
the load. *Memory* is the peak of the server's process, *client* the share of one core that the load
generator took.
"""

_ANSWERS = f"""\
## GET /v1/analytics/users

An organization of 1,000 users, each active in 7 meters on all days of two months of 31 days
({LEAST_EVENTS:,} events), asked for one of the months over one connection. *Cold* is a server that
keeps no answers, *repeated* one that does. *Bare* is the same SQL statement through the plain
driver on a warm connection, in turns with the request. The bar is for the first line of an engine:
knowledge bases, here one for each user, are counted from days, and so is most of a period that cuts
two months, as the default period mostly does.
"""

_TOGETHER = """\
Over 16 connections at once:
"""

_GROWTH = """\
## The same answer on larger ledgers

The same users and months with more events behind them; all sizes asked in turns, cold, over one
connection. *Growth* is against the smallest. Bytes are those of the whole database on disk.
"""

_SERIES = """\
## GET /v1/analytics/series

A year by day of an organization of 1,000 users, each with an event on every day in one of 7 meters,
asked over one connection of a server that keeps no answers. *Bare* is the statement of the same
line through the plain driver on a warm connection, in turns with the request; split by user it is
many statements, so there is none. The bare statement of the first line takes a millisecond or two,
less than HTTP and the writing of 366 buckets: its ratio says what those take, and grows as the
statement gets faster.
"""

_RATING = """\
## Rating alone

Calls to numbers anywhere under a generated deck, with increments, rated one after the other on one
core: from the usage to its charge. Seconds are the processor's. *Calls/s* is the median of the
rounds, *bytes a prefix* all that the arranged deck takes.
"""

_DECKED = """\
The same with calls only, in batches of 1,000 over 8 connections, to two servers in turns: one
prices them by a deck of prefixes with increments, the other by the one price of the default book.
Identifiers are wholly random.
"""

_DECKS = """\
## Loading a deck

A CSV of prefixes is read and checked, stored in one transaction, and read back and arranged for
rating, which each process does once when the deck is in force.
"""

_EXPORTS = """\
## All events as a file

`GET /v1/events` without a limit, over one connection, to a client that keeps nothing. *Memory*
is that of the server's process: idle after some answers, and its peak while the file is written.
*Main job* is the users answer, cold, asked for again and again: alone, then beside a second file.
"""

_BARS = """\
## Bars
"""


def report(machine: Mapping[str, str], measured: Measured, held: Sequence[Bar]) -> str:
    """Write the page."""
    parts = [_HEAD, table(("Machine", ""), machine.items()), _BARS, _bars(held)]
    if measured.ingested:
        parts += [_INGEST, _ingest(measured.ingested)]
    if measured.decked:
        parts += [_DECKED, _decked(measured.decked)]
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


def _bars(held: Sequence[Bar]) -> str:
    return table(
        ("What", "Bar", "Reached", "Met"),
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
        ("Storage", "Answer", "p50 ms", "p99 ms", "Bare p50 ms", "Bare p99 ms", "Times bare"),
        (
            (
                figures.engine,
                it.what,
                ms(it.times.p50),
                ms(it.times.p99),
                ms(it.bare.p50) if it.bare else "",
                ms(it.bare.p99) if it.bare else "",
                f"{it.ratio:.2f}" if it.bare else "",
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
        ("Prefixes", "Calls/s", "Slowest", "Fastest", "Bytes a prefix", "Seconds to arrange"),
        (
            (
                f"{it.prefixes:,}",
                f"{it.calls_per_second:,.0f}",
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
        ("Storage", "Prefixes", "Templates", "Read s", "Stored s", "Together s", "Arranged s"),
        (
            (
                it.engine,
                f"{it.prefixes:,}",
                f"{it.templates:,}",
                f"{it.read_seconds:.2f}",
                f"{it.stored_seconds:.2f}",
                f"{it.seconds:.2f}",
                f"{it.arranged_seconds:.2f}",
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
        "MB",
        "Idle MiB",
        "Above idle MiB",
        "Main job p50 ms",
        "p99 ms",
        "Beside p50 ms",
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
