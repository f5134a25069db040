"""A simulation of a cluster's capacity, from figures of one machine that a reader can replace.

`python -m benchmarks.capacity --help` lists what can be changed.
"""

from dataclasses import dataclass
from math import ceil
from random import Random

import click

_DAY = 86_400
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Figures:
    """What one event costs: measured with batches of 1,000 events on PostgreSQL 15.

    `server_us` and `database_us` are microseconds of processor time of the server, without HTTP,
    and of PostgreSQL. `event_bytes` are those of tables and indexes, and `log_bytes` those of the
    log of writes, which a replica receives too. `cluster_factor` is what a cluster of Citus took
    in place of a plain PostgreSQL for batches of 1,000 events. `writer_events` is the most that
    one organization can store in a second, because its commits run one after the other.
    """

    server_us: float = 23.0
    database_us: float = 33.5
    event_bytes: float = 495
    log_bytes: float = 930
    cluster_factor: float = 2.0
    writer_events: float = 20_000


@dataclass(frozen=True)
class Load:
    """What a platform sends: organization sizes follow a power law with this exponent.

    A core is used up to `busy`, so that load can double and a server can fail.
    """

    events_per_second: float = 1_000_000
    organizations: int = 100_000
    exponent: float = 0.7
    replicas: int = 1
    days_kept: int = 30
    busy: float = 0.5


@dataclass(frozen=True)
class Capacity:
    """What is needed, and how evenly shards are loaded.

    `largest_organization` is its share of one writer's capacity, which must stay below 1.
    `fullest_shard` is the load of the fullest shard in units of the average.
    """

    server_cores: int
    database_cores: int
    disk_terabytes: float
    log_megabytes_per_second: float
    largest_organization: float
    fullest_shard: float


def shares(load: Load) -> list[float]:
    """Return the share of each organization in all events, the largest first."""
    sizes = [rank**-load.exponent for rank in range(1, load.organizations + 1)]
    total = sum(sizes)
    return [size / total for size in sizes]


def simulate(figures: Figures, load: Load, shards: int = 32, seed: int = 1) -> Capacity:
    """Place the organizations on shards at random, and add up what their events need."""
    random, of_shard = Random(seed), [0.0] * shards
    of_organizations = shares(load)
    for share in of_organizations:
        of_shard[random.randrange(shards)] += share
    events = load.events_per_second
    database_us = figures.database_us * figures.cluster_factor * (1 + load.replicas)
    kept = events * _DAY * load.days_kept * figures.event_bytes * (1 + load.replicas)
    return Capacity(
        server_cores=_cores(events, figures.server_us, load.busy),
        database_cores=_cores(events, database_us, load.busy),
        disk_terabytes=kept / 1e12,
        log_megabytes_per_second=events * figures.log_bytes * load.replicas / 1e6,
        largest_organization=events * of_organizations[0] / figures.writer_events,
        fullest_shard=max(of_shard) * shards,
    )


def _cores(events: float, microseconds: float, busy: float) -> int:
    return ceil(events * microseconds / _MICROSECONDS / busy)


def organizations_beyond_one_writer(figures: Figures, load: Load) -> int:
    """Return how many organizations send more than one writer can store."""
    most = figures.writer_events / load.events_per_second
    return sum(share > most for share in shares(load))


@click.command()
@click.option("--events-per-second", default=Load.events_per_second, show_default=True)
@click.option("--organizations", default=Load.organizations, show_default=True)
@click.option("--exponent", default=Load.exponent, show_default=True)
@click.option("--replicas", default=Load.replicas, show_default=True)
@click.option("--days-kept", default=Load.days_kept, show_default=True)
@click.option("--busy", default=Load.busy, show_default=True)
@click.option("--shards", default=32, show_default=True)
@click.option("--server-us", default=Figures.server_us, show_default=True)
@click.option("--database-us", default=Figures.database_us, show_default=True)
@click.option("--event-bytes", default=float(Figures.event_bytes), show_default=True)
@click.option("--log-bytes", default=float(Figures.log_bytes), show_default=True)
@click.option("--cluster-factor", default=Figures.cluster_factor, show_default=True)
@click.option("--writer-events", default=float(Figures.writer_events), show_default=True)
def main(shards: int, **options: float) -> None:
    """Print what a cluster needs for a load."""
    figures = Figures(**{name: options[name] for name in Figures.__dataclass_fields__})
    # The options have the types of the defaults.
    given = {name: options[name] for name in Load.__dataclass_fields__}
    load = Load(**given)  # type: ignore[arg-type]
    found = simulate(figures, load, shards)
    beyond = organizations_beyond_one_writer(figures, load)
    click.echo(f"cores of servers             {found.server_cores:>12,}")
    click.echo(f"cores of PostgreSQL          {found.database_cores:>12,}")
    click.echo(f"disk, in TB                  {found.disk_terabytes:>12,.1f}")
    click.echo(f"log to replicas, in MB/s     {found.log_megabytes_per_second:>12,.0f}")
    click.echo(f"largest organization         {found.largest_organization:>12.2f} of one writer")
    click.echo(f"organizations beyond it      {beyond:>12,}")
    click.echo(f"fullest shard                {found.fullest_shard:>12.2f} of the average")


if __name__ == "__main__":
    main()
