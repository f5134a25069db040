"""Readiness: whether this server may get traffic and can keep what it acknowledges."""

import asyncio
import time
from collections.abc import Callable

import msgspec
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from tollbook.api.operation.shared_work import SharedWork
from tollbook.domain.errors import TollbookError
from tollbook.ingest.group_commit import GroupCommitter
from tollbook.store.database import Database
from tollbook.store.engine import NodeProblems
from tollbook.store.probe import is_standby, problems_of_nodes, try_to_write

OK = "ok"
_PATIENCE = 5.0
"""Seconds in which a database takes a write; a queue that stands still longer is stuck at twice."""
_KEPT_FOR = 1.0
_MIB = 1024 * 1024


class Readiness(msgspec.Struct, frozen=True):
    """Whether the server may be sent requests, and for each check `ok` or a sentence.

    It is `degraded` when it is ready and cannot answer the requests of some organizations, because
    nodes of a cluster are away. No other server could answer them either.
    """

    ready: bool
    degraded: bool
    checks: dict[str, str]


class _Timed:
    """A check in a thread, with the time at which the thread began it."""

    def __init__(self, check: Callable[[], str]) -> None:
        self._check = check
        self._began: float | None = None
        self.result: str | None = None

    def __call__(self) -> None:
        """Run the check."""
        self._began = time.monotonic()
        self.result = self._check()

    @property
    def seconds_left(self) -> float:
        """Return how long the check may still take; all of it before it has begun."""
        if self._began is None:
            return _PATIENCE
        return self._began + _PATIENCE - time.monotonic()


class Health:
    """The checks of one server. All run once at a time, and their result is good for a second."""

    def __init__(
        self,
        database: Database,
        queue: GroupCommitter,
        min_free_mib: int,
        *,
        reads_only: bool = False,
    ) -> None:
        self._database = database
        self._reads_only = reads_only
        self._queue = queue
        self._min_free_mib = min_free_mib
        self._one = CapacityLimiter(1)
        self._checking = SharedWork(self._check)
        self._seen: Readiness | None = None
        self._seen_at = 0.0
        self._nodes: NodeProblems | None = None

    async def readiness(self) -> Readiness:
        """Return what was seen within the last second; otherwise check everything."""
        if self._seen is None or time.monotonic() - self._seen_at > _KEPT_FOR:
            return await self._checking.result()
        return self._seen

    async def _check(self) -> Readiness:
        self._nodes = None
        checks = {
            "queue": self._moving(),
            "disk": await self._within(self._disk),
            "migrations": await self._within(self._migrations),
        }
        # While the coordinator itself does not answer, the other checks report that.
        if checks["migrations"] == OK and (nodes := await self._within(self._check_nodes)):
            checks["nodes"] = nodes
        checks["writer"] = await self._within(self._writer)
        checks["reads"] = self._database.reads.problem() or OK
        checks["clock"] = self._database.engine.clock_problem() or OK
        failed = {name for name, it in checks.items() if it != OK}
        degraded = failed == {"nodes"} and self._lacks_nodes
        self._seen = Readiness(not failed or degraded, degraded, checks)
        self._seen_at = time.monotonic()
        return self._seen

    @property
    def _lacks_nodes(self) -> bool:
        """Return whether nodes of a cluster cannot be used, and others can."""
        return self._nodes is not None and bool(self._nodes.sentences) and self._nodes.can_serve

    async def _within(self, check: Callable[[], str]) -> str:
        """Run a check within a time limit; a thread that hangs is abandoned.

        The time counts from when the thread begins, whatever else the event loop has to do.
        """
        timed = _Timed(check)
        running = asyncio.ensure_future(run_sync(timed, limiter=self._one, abandon_on_cancel=True))
        while not running.done() and timed.result is None:
            if (left := timed.seconds_left) <= 0:
                running.cancel()
                return f"no answer from the database within {_PATIENCE:.0f} seconds"
            await asyncio.wait([running], timeout=left)
        await running
        assert timed.result is not None  # noqa: S101  a check returns a text or raises
        return timed.result

    def _moving(self) -> str:
        if not self._queue.is_alive():
            return "the writer has ended"
        stuck = self._queue.busy_for()
        return OK if stuck < 2 * _PATIENCE else f"the writer has been busy for {stuck:.0f} seconds"

    def _writer(self) -> str:
        """Try only when there was no commit of late: a small one may fit on a full disk.

        Also try when the last one failed and a node is away, because it may have been for that.

        A server that was started on a standby is there for reads, until the standby is promoted.
        """
        try:
            if self._reads_only and is_standby(self._database):
                return OK
            committed = self._queue.committed_within(_PATIENCE)
            if committed or (committed is False and not self._lacks_nodes):
                return OK if committed else "the last commit failed; the log says why"
            try_to_write(self._database)
        except TollbookError as error:
            return error.sentence
        return OK

    def _migrations(self) -> str:
        """Begin a transaction: that checks the version of the schema."""
        try:
            with self._database.reading():
                return OK
        except TollbookError as error:
            return error.sentence

    def _check_nodes(self) -> str:
        """Ask every node of a cluster; return an empty text when there is no cluster."""
        try:
            self._nodes = problems_of_nodes(self._database)
        except TollbookError as error:
            return error.sentence
        return "" if self._nodes is None else "; ".join(self._nodes.sentences) or OK

    def _disk(self) -> str:
        free = self._database.engine.free_bytes()
        if free is None or free >= self._min_free_mib * _MIB:
            return OK
        return (
            f"{free // _MIB} MiB are free where the database is; the least is {self._min_free_mib}"
        )
