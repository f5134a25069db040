"""A simulation of a cluster's capacity, from figures of one machine that a reader can replace.

`python -m benchmarks.capacity --help` lists what can be changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import ceil
from random import Random
from typing import Any, TypeVar

import click

_DAY = 86_400
_HOURS = 730
"""Of a month."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Figures:
    """What one event costs, as `python -m benchmarks.cluster` measures it with three workers.

    The defaults are of batches of 1,000 events of 100 organizations.
    `server_us`, `coordinator_us` and `worker_us` are microseconds of processor time of the server,
    of the coordinator, and of all workers together. `event_bytes` are those of an event with its
    identity and their indexes, `sum_bytes` those of a sum of one user, day and meter, and
    `log_bytes` those of the logs of writes, which a replica receives too. `request_bytes` reach
    the server without compression, `coordinator_bytes` the coordinator, and `worker_bytes` all
    workers. `writer_events` is the most that one organization can store in a second: its commits
    run one after the other.
    """

    server_us: float = 23.0
    coordinator_us: float = 62.0
    worker_us: float = 247.0
    event_bytes: float = 557
    sum_bytes: float = 265
    log_bytes: float = 2_110
    request_bytes: float = 215
    coordinator_bytes: float = 260
    worker_bytes: float = 936
    writer_events: float = 18_000


@dataclass(frozen=True)
class Load:
    """What a platform sends: organization sizes follow a power law with this exponent.

    Each user uses some meters on each day. Events and the sums of days are kept equally long. A
    core is used up to `busy`, so that load can double and a server can fail.
    """

    events_per_second: float = 1_000_000
    organizations: int = 100_000
    users: int = 100_000_000
    meters_of_user: int = 4
    exponent: float = 0.7
    replicas: int = 1
    days_kept: int = 30
    busy: float = 0.5


@dataclass(frozen=True)
class Prices:
    """Examples, of no vendor: what a core costs in an hour, and a terabyte in a month."""

    core_hour: float = 0.05
    terabyte_month: float = 50.0


@dataclass(frozen=True)
class Capacity:
    """What is needed, and how evenly shards are loaded.

    Cores and disks include those of replicas. `largest_organization` is its share of one writer's
    capacity, which must stay below 1. `fullest_shard` is the load of the fullest shard in units of
    the average.
    """

    server_cores: int
    coordinator_cores: int
    worker_cores: int
    disk_terabytes: float
    request_megabytes_per_second: float
    coordinator_megabytes_per_second: float
    worker_megabytes_per_second: float
    log_megabytes_per_second: float
    largest_organization: float
    fullest_shard: float

    @property
    def cores(self) -> int:
        """Return all cores."""
        return self.server_cores + self.coordinator_cores + self.worker_cores

    def monthly_cost(self, prices: Prices) -> float:
        """Return the cost of cores and disks in a month."""
        return self.cores * _HOURS * prices.core_hour + self.disk_terabytes * prices.terabyte_month


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
    events, copies = load.events_per_second, 1 + load.replicas
    of_events = events * _DAY * figures.event_bytes
    of_sums = load.users * load.meters_of_user * figures.sum_bytes
    return Capacity(
        server_cores=_cores(events, figures.server_us, load.busy),
        coordinator_cores=_cores(events, figures.coordinator_us * copies, load.busy),
        worker_cores=_cores(events, figures.worker_us * copies, load.busy),
        disk_terabytes=(of_events + of_sums) * load.days_kept * copies / 1e12,
        request_megabytes_per_second=events * figures.request_bytes / 1e6,
        coordinator_megabytes_per_second=events * figures.coordinator_bytes / 1e6,
        worker_megabytes_per_second=events * figures.worker_bytes / 1e6,
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


Kind = TypeVar("Kind", Figures, Load, Prices)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each figure; its type is that of the default."""
    for kind in (Prices, Figures, Load):
        for field in reversed(fields(kind)):
            name = f"--{field.name.replace('_', '-')}"
            command = click.option(name, default=field.default, show_default=True)(command)
    return command


def _given(kind: type[Kind], options: Mapping[str, Any]) -> Kind:
    """Return figures with the values of their options."""
    return kind(**{field.name: options[field.name] for field in fields(kind)})


@click.command()
@_options
@click.option("--shards", default=32, show_default=True)
def main(shards: int, **options: Any) -> None:
    """Print what a cluster needs for a load.

    The prices are examples: replace them with yours.
    """
    figures, load = _given(Figures, options), _given(Load, options)
    found = simulate(figures, load, shards)
    beyond = organizations_beyond_one_writer(figures, load)
    cost = found.monthly_cost(_given(Prices, options))
    events = load.events_per_second * _HOURS * 3600
    lines = {
        "cores of servers": f"{found.server_cores:,}",
        "cores of the coordinator": f"{found.coordinator_cores:,}",
        "cores of workers": f"{found.worker_cores:,}",
        "disk": f"{found.disk_terabytes:,.1f} TB",
        "requests to servers": f"{found.request_megabytes_per_second:,.0f} MB/s",
        "server to coordinator": f"{found.coordinator_megabytes_per_second:,.0f} MB/s",
        "coordinator to workers": f"{found.worker_megabytes_per_second:,.0f} MB/s",
        "log to replicas": f"{found.log_megabytes_per_second:,.0f} MB/s",
        "largest organization": f"{found.largest_organization:.2f} of one writer",
        "organizations beyond it": f"{beyond:,}",
        "fullest shard": f"{found.fullest_shard:.2f} of the average",
        "cost of a month": f"{cost:,.0f}",
        "cost of a million events": f"{cost / events * 1e6:.4f}",
    }
    for name, text in lines.items():
        click.echo(f"{name:<28}{text}")


if __name__ == "__main__":
    main()
