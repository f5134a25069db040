"""The running parts that handlers use, created by `wiring`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from anyio import CapacityLimiter

from tollbook.administration.endpoints import Protection
from tollbook.alerts.process import Alerts
from tollbook.api.operation.created_tokens import CreatedTokens
from tollbook.api.operation.health import Health
from tollbook.api.operation.key_usage import KeyUsageRecorder
from tollbook.api.operation.maintenance import Maintenance
from tollbook.api.operation.metrics import Metrics
from tollbook.api.operation.worker_metrics import WorkerMetrics
from tollbook.api.pipeline.body_budget import BodyBudget
from tollbook.api.pipeline.cache import AnswerCache, StateCache
from tollbook.api.pipeline.connections import Connections
from tollbook.api.pipeline.rate_limit import RateLimiter
from tollbook.api.pipeline.request_log import RequestLog
from tollbook.api.pipeline.shared_budget import SharedBudget
from tollbook.api.pipeline.streams import Exports
from tollbook.api.pipeline.write_queue import WriteQueue
from tollbook.domain.addresses import Network
from tollbook.domain.unsubscribing import Unsubscriber
from tollbook.domain.viewers import SecretKeys
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.run_worker import RunWorker
from tollbook.store.database import Database
from tollbook.store.replica import Replica


@dataclass(frozen=True)
class Services:
    """The running parts. `clock` returns microseconds since 1970 in UTC.

    Addresses and prefixes that `proxies` forward are trusted. The server is under `root_path`.
    `archive_folder` has the archives that are no longer where they were written.
    Browsers use HTTPS only for `hsts_seconds`. A server's clock may differ from the database's by
    `max_clock_seconds`. Viewer tokens are signed with `secret_keys`; a key may create
    `max_viewer_tokens_per_minute`.

    Four threads at a time look up origins, one decodes large bodies, one rates estimates, one loads
    price books, a tenant's next one only when the one before is loaded, and one does dry runs of
    reratings.
    """

    database: Database
    directory_cache: DirectoryCache
    write_queue: WriteQueue
    rerating_worker: RunWorker
    quarantine_worker: RunWorker
    cache: AnswerCache
    cached_states: StateCache
    clock: Callable[[], int]
    compression: bool
    metrics: Metrics
    worker_metrics: WorkerMetrics
    health: Health
    key_usage: KeyUsageRecorder
    created_tokens: CreatedTokens
    maintenance: Maintenance
    body_budget: BodyBudget
    connections: Connections
    exports: Exports
    answer_budget: SharedBudget
    request_log: RequestLog
    secret_keys: SecretKeys
    protection: Protection
    unsubscriber: Unsubscriber
    metrics_token: str = ""
    proxies: tuple[Network, ...] = ()
    root_path: str = ""
    hsts_seconds: int = 0
    max_clock_seconds: int = 300
    max_answer_rows: int = 50_000
    archive_folder: Path | None = None
    max_viewer_tokens_per_minute: int = 1_200
    replica: Replica | None = None
    is_on_replica: bool = False
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    token_limiter: RateLimiter = field(default_factory=RateLimiter)
    alerts: Alerts | None = None
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    estimating: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    looking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    checking_origins: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(4))
    loading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    loading_tenants: set[str] = field(default_factory=set)

    @cached_property
    def on_replica(self) -> "Services":
        """Return the same parts with the replica as their database."""
        assert self.replica  # noqa: S101  only then they are asked for
        return replace(self, database=self.replica.database, is_on_replica=True)

    @property
    def lag_seconds(self) -> float | None:
        """Return by how many seconds the database may lack commits; None for the primary."""
        return self.replica.lag_seconds if self.replica and self.is_on_replica else None

    @property
    def clocks_differ_by(self) -> int:
        """Return by how many microseconds the clocks of two servers may differ."""
        return 2 * self.max_clock_seconds * 1_000_000
