"""The composition root: build the parts of a server from the settings."""

import gc
import logging
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from tollbook.api.operation.created_tokens import CreatedTokens
from tollbook.api.operation.health import Health
from tollbook.api.operation.key_usage import KeyUsageRecorder
from tollbook.api.operation.maintenance import Maintenance
from tollbook.api.operation.metrics import Measured, Metrics
from tollbook.api.operation.refusals import Refusals
from tollbook.api.operation.worker_metrics import WorkerMetrics
from tollbook.api.pipeline.body_budget import BodyBudget
from tollbook.api.pipeline.cache import AnswerCache, StateCache
from tollbook.api.pipeline.connections import ConnectionLimits, Connections
from tollbook.api.pipeline.request_log import RequestLog
from tollbook.api.pipeline.services import Services
from tollbook.api.pipeline.shared_budget import SharedBudget
from tollbook.api.pipeline.streams import Exports
from tollbook.api.pipeline.write_queue import WriteQueue
from tollbook.domain.errors import SettingsError, TollbookError
from tollbook.domain.limit_errors import TooManyAnswers
from tollbook.domain.viewers import NO_SECRET_KEYS, SHORTEST_SECRET_KEY, SecretKeys, new_secret
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.limits import IngestLimits
from tollbook.ingest.masking import Masker
from tollbook.listening import most_connections
from tollbook.logs import level_of, print_lines
from tollbook.quarantine.run_steps import QuarantineExecutor
from tollbook.rerating.run_day import RunExecutor
from tollbook.run_worker import RunWorker
from tollbook.settings import FULL, Settings, variable
from tollbook.store import (
    pending_erasures,
    pending_events,
    quarantine,
    scope_check,
    secret_files,
    secrets,
)
from tollbook.store.database import Database, open_database
from tollbook.store.deliveries import measure_backlog
from tollbook.store.engine import Options
from tollbook.store.error_translation import translate_errors
from tollbook.store.migrate import ignore_progress, migrate
from tollbook.store.probe import clock_difference
from tollbook.store.replica import Replica
from tollbook.wiring_alerts import protection_of, server_alerts, unsubscriber_of
from tollbook.workers import WorkerProcess

_log = structlog.get_logger()
_Value = TypeVar("_Value")
_MIB = 1024 * 1024
_VERB_RETRY_SECONDS = 10
"""How long a command, or a server before it serves, retries to connect to PostgreSQL."""
_REBUILD = (
    "until the file is read, the buy price of its events is unknown: put it back, and run "
    "`tollbook verify --rebuild --archive FOLDER`"
)
_COLLECT_AFTER = 50_000


def now() -> int:
    """Return the time in microseconds since 1970 in UTC."""
    return time.time_ns() // 1000


def open_migrated(
    settings: Settings, progress: Callable[[int, int], None] = ignore_progress
) -> Database:
    """Open the database and migrate its schema; a cluster that divides its tables shows progress.

    Log a warning for each archive file that a migration needed and could not read.
    """
    options = Options(
        max_write_connections=settings.max_write_connections,
        max_read_connections=settings.max_read_connections,
        idle_connection_seconds=settings.idle_connection_seconds,
        max_clock_seconds=settings.max_clock_seconds,
        clock=lambda: now(),
        retry_seconds=_VERB_RETRY_SECONDS,
        shard_count=settings.shard_count,
    )
    database = open_database(settings.database_url, scope_check.check, options)
    for problem in migrate(database, archives=settings.archives, progress=progress):
        _log.warning("purchase_costs_unknown", problem=problem, advice=_REBUILD)
    return database


def replica_of(settings: Settings, primary: Database) -> Replica | None:
    """Open the replica that the settings name, if any; nothing is connected yet."""
    if not settings.read_database_url:
        return None
    options = Options(
        max_read_connections=settings.max_read_connections,
        idle_connection_seconds=settings.idle_connection_seconds,
        max_clock_seconds=settings.max_clock_seconds,
        clock=lambda: now(),
    )
    database = open_database(settings.read_database_url, scope_check.check, options)
    if not (database.engine.has_clock and primary.engine.has_clock):
        raise SettingsError(
            f"{variable('read_database_url')} must be the postgresql:// URL of a standby of the "
            f"database in {variable('database_url')}: SQLite has no replicas"
        )
    return Replica(database, primary, settings.max_read_lag_seconds)


def secret_keys_of(settings: Settings, database: Database) -> SecretKeys:
    """Return the secrets that viewer tokens are signed with.

    Those of the settings; else, for a database in a file, those of the file next to it, which is
    created when it does not exist; else none.
    """
    path = database.engine.secret_key_file
    if settings.secret_key or path is None:
        return settings.secret_keys
    try:
        found = SecretKeys.parse(secret_files.read_or_create(path, new_secret()))
    except OSError as error:
        raise SettingsError(
            f"{path} could not be read or written ({error.strerror}): it has the secret key of "
            f"viewer tokens, unless {variable('secret_key')} is set"
        ) from error
    if not found.are_long:
        raise SettingsError(
            f"{path} must have a secret of at least {SHORTEST_SECRET_KEY} characters: put it back "
            "from your records, or delete it, which ends all viewer tokens"
        )
    return found


def directory_cache_of(
    settings: Settings, database: Database, secret_keys: SecretKeys = NO_SECRET_KEYS
) -> DirectoryCache:
    """Create the directory cache, with a masker if phone numbers are masked."""
    limits = IngestLimits(
        settings.longest_call_seconds,
        settings.max_unknown_organizations,
        settings.max_quarantined_events,
        settings.max_pending_events,
    )
    masker = None
    if settings.phone_numbers != FULL:
        key = settings.phone_number_key
        masker = Masker((key or secrets.phone_number_key(database)).encode())
    return DirectoryCache(database, now, masker, limits, secret_keys)


def services(
    settings: Settings,
    database: Database,
    *,
    reads_only: bool = False,
    worker: WorkerProcess | None = None,
) -> Services:
    """Build the parts of a server; with `reads_only` it serves a standby."""
    secret_keys = secret_keys_of(settings, database)
    directory_cache = directory_cache_of(settings, database, secret_keys)
    body_budget = BodyBudget(settings.max_body_mib * _MIB)
    replica = replica_of(settings, database)
    connections = Connections(
        _connection_limits(settings), Refusals(lambda kind: metrics.count_refusal(kind))
    )
    metrics = Metrics(
        _measured(
            database,
            body_budget,
            connections,
            lambda: write_queue.queue.events_waiting,
            (lambda: replica.lag_seconds) if replica else None,
        )
    )
    write_queue = WriteQueue(
        database,
        directory_cache,
        now,
        settings.max_queued_events,
        settings.max_group_events,
        lambda it: metrics.count_commit(it.events, it.seconds, failed=it.failed),
    )
    created_tokens = CreatedTokens(database)
    return Services(
        database=database,
        directory_cache=directory_cache,
        write_queue=write_queue,
        rerating_worker=_rerating_worker(database),
        quarantine_worker=_quarantine_worker(database, directory_cache),
        answer_budget=SharedBudget(settings.max_answer_mib * _MIB, "large answers", TooManyAnswers),
        max_answer_rows=settings.max_answer_rows,
        cache=AnswerCache(settings.cached_answer_mib * _MIB),
        cached_states=StateCache(settings.cached_state_mib * _MIB),
        clock=now,
        compression=settings.compression,
        metrics=metrics,
        worker_metrics=WorkerMetrics(metrics, worker),
        health=Health(database, write_queue.queue, settings.min_free_mib, reads_only=reads_only),
        key_usage=KeyUsageRecorder(database),
        created_tokens=created_tokens,
        maintenance=Maintenance(database, now, settings.max_clock_seconds, created_tokens),
        body_budget=body_budget,
        connections=connections,
        exports=Exports(settings.max_exports, settings.max_export_seconds, metrics.count_refusal),
        request_log=RequestLog(print_lines if level_of(settings) <= logging.INFO else None),
        secret_keys=secret_keys,
        protection=protection_of(settings, secret_keys),
        unsubscriber=unsubscriber_of(settings, secret_keys),
        alerts=None if reads_only else server_alerts(settings, database, secret_keys, now, metrics),
        metrics_token=settings.metrics_token,
        proxies=settings.proxies,
        root_path=settings.root_path,
        hsts_seconds=settings.hsts_seconds,
        max_clock_seconds=settings.max_clock_seconds,
        archive_folder=settings.archives,
        max_viewer_tokens_per_minute=settings.max_viewer_tokens_per_minute,
        replica=replica,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        min(settings.max_connections, most_connections()),
        settings.max_silent_seconds,
        settings.max_unread_seconds,
        settings.max_unread_mib * _MIB,
    )


def _rerating_worker(database: Database) -> RunWorker:
    return RunWorker(
        "rerating", lambda tenant, run, pause: RunExecutor(database, tenant, run, now, pause)
    )


def _quarantine_worker(database: Database, directory_cache: DirectoryCache) -> RunWorker:
    return RunWorker(
        "quarantine",
        lambda tenant, run, pause: QuarantineExecutor(
            database, directory_cache, tenant, run, now, pause
        ),
    )


def _measured(
    database: Database,
    body_budget: BodyBudget,
    connections: Connections,
    queued_events: Callable[[], int],
    replica_lag_seconds: Callable[[], float | None] | None,
) -> Measured:
    """Return what the metrics measure each time they are read."""
    return Measured(
        queued_events=queued_events,
        held_bytes=lambda: body_budget.reserved,
        connections=lambda: connections.number,
        unread_bytes=lambda: connections.unread_bytes,
        quarantined_events=lambda: _measure(lambda: quarantine.count_all(database)),
        pending_events=lambda: _measure(lambda: pending_events.count_all(database, now())),
        database_bytes=lambda: _measure(database.engine.size_in_bytes),
        nodes=lambda: _measure(database.engine.nodes),
        clock_seconds=lambda: _measure(lambda: clock_difference(database, now())),
        pending_erasures=lambda: _measure(lambda: pending_erasures.count_all(database)),
        backlog=lambda: _measure(lambda: measure_backlog(database, now())),
        replica_lag_seconds=replica_lag_seconds,
    )


def _measure(read: Callable[[], _Value]) -> _Value | None:
    """Read a figure for the metrics; None while the database does not respond."""
    try:
        with translate_errors():
            return read()
    except TollbookError:
        return None


def collect_rarely() -> None:
    """Look for cyclic garbage rarely: batches of events make many objects and hardly any of it.

    With the default thresholds, an import spends a third of its time in collections.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
