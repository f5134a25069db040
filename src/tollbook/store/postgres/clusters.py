"""The methods of the PostgreSQL engine that differ when its database is a cluster of Citus."""

from tollbook.store.citus import division, nodes, staging
from tollbook.store.engine import (
    Driver,
    Engine,
    NodeFigures,
    NodeProblems,
    Options,
    Progress,
    TimeLimit,
)
from tollbook.store.postgres.connections import driver_of


class ClusterAwareEngine(Engine):
    """The base of the PostgreSQL engine: each connection detects whether it is to a cluster."""

    _options: Options
    _has_staged = False
    """Whether this process has staged rows on a cluster, which are then deleted regularly."""

    def is_divided(self, driver: Driver) -> bool:
        """Return what was read when the driver connected."""
        return bool(driver.is_cluster)

    def must_divide(self) -> bool:
        """Return whether this is a cluster that does not keep all tables as planned."""
        with self.reader() as connection:
            driver = driver_of(connection)
            return driver.is_cluster and bool(division.undivided(driver))

    def divide(self, progress: Progress) -> None:
        """Divide the tables, after the migrations, while no other process does."""
        with self.writer(TimeLimit.NONE) as locked, locked.begin():
            self.lock_migrations(locked)
            if not self.must_divide():
                return
            with self.writer(TimeLimit.NONE) as connection, connection.begin():
                self.exclude_others(connection)
                division.close_to_others(driver_of(connection))
            with self.sqlalchemy.connect() as connection:
                division.divide(driver_of(connection), self._options.shard_count, progress)
                division.open_to_others(driver_of(connection))

    def flush_traces(self) -> bool:
        """Delete the rows that transactions on a cluster have staged."""
        with self.writer() as connection, connection.begin():
            driver = driver_of(connection)
            if driver.is_cluster:
                for table in staging.TABLES.values():
                    driver.execute(table.empty.encode(), prepare=False)
        return True

    def problems_of_nodes(self) -> NodeProblems | None:
        """Return why nodes of a cluster cannot be used; None when this is not a cluster."""
        with self.reader() as connection:
            driver = driver_of(connection)
            return nodes.problems_of_nodes(driver) if driver.is_cluster else None

    def nodes(self) -> list[NodeFigures]:
        """Return the figures of each node of a cluster; none when this is not a cluster."""
        with self.reader() as connection:
            driver = driver_of(connection)
            return list(nodes.figures_of_nodes(driver)) if driver.is_cluster else []

    def _is_cluster(self) -> bool:
        with self.reader() as connection:
            return driver_of(connection).is_cluster
