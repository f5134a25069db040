"""A small PostgreSQL cluster of its own, and a real standby that follows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from chaos.places import Cluster, binaries


class Pair(NamedTuple):
    """Two clusters: `standby.pause_replay()`, `resume_replay`, `catch_up` and `promote`."""

    primary: Cluster
    standby: Cluster


@contextmanager
def pair_in(folder: Path) -> Iterator[Pair]:
    """Make a primary and a standby that streams from it without being waited for."""
    clusters = []
    for name in ("primary", "standby"):
        own = folder / name
        own.mkdir()
        own.chmod(0o755)
        clusters.append(Cluster(own))
    pair = Pair(*clusters)
    try:
        pair.primary.create()
        pair.standby.follow(pair.primary, synchronous=False)
        yield pair
    finally:
        for cluster in clusters:
            cluster.drop()


@contextmanager
def pair() -> Iterator[Pair]:
    """Make a pair for a test, or skip the test with the reason."""
    try:
        binaries()
    except RuntimeError as error:
        pytest.skip(f"NO POSTGRESQL SERVER PROGRAMS: {error}")
    with TemporaryDirectory(dir="/var/tmp", prefix="tollbook-standby-") as folder:
        Path(folder).chmod(0o755)
        with pair_in(Path(folder)) as found:
            yield found
