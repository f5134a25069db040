"""Write the comparison as a Markdown page."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.bars import Bar
from benchmarks.ledgers import DEFAULT
from benchmarks.peers.asking import CLICKHOUSE, PEERS, QuestionFigure, tollbook_on
from benchmarks.peers.ingest import IngestFigure
from benchmarks.peers.ledgers import LEAST_DAYS
from benchmarks.tables import ms, table

_MOST_TIMES_CLICKHOUSE = 1.0
_LEAST_TIMES_PLAIN = 1.0

_HEAD = """\
# Comparison with other engines and a plain service

`make bench-peers` writes this page in about half an hour, on a machine that does nothing else.
`make bench-peers args=--quick` measures few events in about two minutes and writes no page;
`args="--millions 1"` omits the largest size, and `args="--only question"` measures one part. The
command installs the packages of the other engines (`benchmarks/peers/requirements.lock`) in a
separate environment.

All candidates of a table receive the same events and are measured alternately, so rely on the
ratios. The run ends with an error unless all candidates report exactly the same figures for every
user.
"""

_QUESTIONS = f"""\
## One question

Usage and cost by user of one organization with 1,000 users, in 7 meters, with different amounts, in
the default period of 31 days ({DEFAULT.start} to {DEFAULT.end}). All events are in the {LEAST_DAYS}
days until its end. Times are medians in milliseconds.

Tollbook answers over HTTP from a server without a cache, with names, JSON and exact decimals, from
sums that it keeps while events come in. The others add up raw events that have only the columns
this question needs, with one `GROUP BY`, and return rows within their process:

| Candidate | Events |
|---|---|
| PostgreSQL | a table with an index on organization and day, vacuumed and analyzed |
| DuckDB | a file, in the order of time |
| ClickHouse | embedded (`chdb`), a MergeTree by organization, day and user, merged |
"""

_INGESTED = """\
## Durable ingest

The same events are sent over HTTP to Tollbook, and to a plain service of FastAPI and SQLAlchemy in
one process on the same engine. The plain service checks types, multiplies with a price for each
meter, stores each id once, commits before it responds, and adds up by `GROUP BY` when it is asked.
Tollbook also checks keys, rates by dated books, quarantines what it cannot price, and keeps sums.

*Times* is how many times as many events Tollbook stores. *CPU* is that of the server's process in
microseconds for an event; it does not include PostgreSQL's own processes.
"""


def page(
    machine: Mapping[str, str],
    asked: Sequence[QuestionFigure],
    ingested: Sequence[IngestFigure],
) -> str:
    """Return the text of the page."""
    parts = [_HEAD]
    if machine:
        parts.append(table(("Machine", ""), machine.items()))
    if found := list(bars(asked, ingested)):
        parts += ["## Targets\n", _bars(found)]
    parts.append(_QUESTIONS)
    if asked:
        parts.append(_asked(asked))
    parts.append(_INGESTED)
    if ingested:
        parts.append(_ingested(ingested))
    return "\n".join(parts)


def bars(asked: Sequence[QuestionFigure], ingested: Sequence[IngestFigure]) -> Iterator[Bar]:
    """Yield the targets: each is a ratio to another candidate in the same run."""
    for it in asked:
        for name in it.times:
            if name not in PEERS and CLICKHOUSE in it.times:
                ratio = it.ratio(name, CLICKHOUSE)
                what = f"{name}: {it.events:,} events, ratio to {CLICKHOUSE}"
                met = ratio <= _MOST_TIMES_CLICKHOUSE
                yield Bar(what, f"≤ {_MOST_TIMES_CLICKHOUSE}", f"{ratio:.2f}", met)
    for one in ingested:
        what = f"{one.engine}: events/s with {_way(one)}, ratio to the plain service"
        met = one.times >= _LEAST_TIMES_PLAIN
        yield Bar(what, f"≥ {_LEAST_TIMES_PLAIN}", f"{one.times:.2f}", met)


def _bars(found: Sequence[Bar]) -> str:
    return table(
        ("Figure", "Target", "Result", "Met"),
        ((it.what, it.wanted, it.reached, "yes" if it.met else "**no**") for it in found),
    )


def _asked(figures: Sequence[QuestionFigure]) -> str:
    names = list(dict.fromkeys(name for it in figures for name in it.times))
    head = ("Candidate", *(f"{it.events:,} events" for it in figures))
    rows = (
        (name, *(ms(it.times[name].p50) if name in it.times else "" for it in figures))
        for name in names
    )
    ratios = (
        (
            f"{name} / {peer}",
            *(
                f"{it.ratio(name, peer):.2f}" if {name, peer} <= it.times.keys() else ""
                for it in figures
            ),
        )
        for name in map(tollbook_on, ("SQLite", "PostgreSQL"))
        for peer in PEERS
    )
    return table(head, [*rows, *ratios])


def _ingested(figures: Sequence[IngestFigure]) -> str:
    head = (
        *("Storage", "Events", "Tollbook events/s", "p99 ms", "CPU", "Plain events/s", "p99 ms"),
        *("CPU", "Times", "CPU ratio"),
    )
    rows = (
        (
            it.engine,
            _way(it),
            f"{it.events_per_second(it.tollbook):,.0f}",
            ms(it.tollbook.times.p99),
            f"{it.cpu_microseconds(it.tollbook):,.0f}",
            f"{it.events_per_second(it.plain):,.0f}",
            ms(it.plain.times.p99),
            f"{it.cpu_microseconds(it.plain):,.0f}",
            f"{it.times:.2f}",
            f"{it.cpu_ratio:.2f}",
        )
        for it in figures
    )
    return table(head, rows)


def _way(it: IngestFigure) -> str:
    return f"{it.way.events:,} in a request, {it.way.connections} connections"
