"""Measure clusters of Citus with 1, 2 and 3 workers against one PostgreSQL server.

`python -m benchmarks.cluster` makes the servers on free ports, measures them alternately, prints
tables and removes the servers. The figures are in docs/cluster.md.
"""

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from chaos.nodes import NO_CITUS, Nodes, is_citus_installed
from chaos.places import Cluster

from benchmarks.load import Load
from benchmarks.scaling import Scaling, Size, Turns
from benchmarks.scaling_page import scaling_page
from benchmarks.sites import make_sites

WORKERS = (1, 2, 3)
QUICK = Size(filled=2, answers=2, rounds=1, minutes=5)
QUICK = replace(QUICK, batches=tuple(replace(it, requests=2) for it in QUICK.batches))


def measure(size: Size, shards: int, workers: Sequence[int] = WORKERS) -> Scaling:
    """Make all servers, measure them in turn, and remove them."""
    with TemporaryDirectory(dir="/var/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "plain").mkdir()
        plain = Cluster(folder / "plain")
        nodes = Nodes(folder, max(workers))
        stack.callback(nodes.drop)
        stack.callback(plain.drop)
        plain.create()
        nodes.start()
        sites = make_sites(plain, nodes, workers, shards)
        for site in sites:
            stack.callback(site.close)
        return Turns(stack.enter_context(Load()), sites, size).run()


@click.command()
@click.option("--shards", default=32, show_default=True)
@click.option("--rounds", default=Size.rounds, show_default=True)
@click.option("--minutes", default=Size.minutes, show_default=True, help="No round begins later.")
@click.option("--quick", is_flag=True, help="Measure little, to try the command.")
def main(shards: int, rounds: int, minutes: float, *, quick: bool) -> None:
    """Print what events and answers cost on one server, and with 1, 2 and 3 workers."""
    if not is_citus_installed():
        click.echo(f"NO CITUS: {NO_CITUS}")
        return
    gc.disable()
    size = QUICK if quick else Size(rounds=rounds, minutes=minutes)
    click.echo("\n".join(scaling_page(measure(size, shards))))


if __name__ == "__main__":
    main()
