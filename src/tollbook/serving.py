"""Serve requests: build the application on a migrated database, and listen."""

import shutil
import signal
import socket
import sys
from tempfile import mkdtemp

import structlog
import uvicorn

from tollbook.api.application import application
from tollbook.api.endpoints.direct_events import DirectEvents
from tollbook.api.pipeline.http_protocol import BoundedHttpProtocol
from tollbook.api.pipeline.security_headers import SecurityHeadersMiddleware
from tollbook.api.pipeline.services import Services
from tollbook.dashboard.embedding import origins_in
from tollbook.dashboard.pages import page_handlers
from tollbook.domain.errors import DatabaseReadOnly, InvalidRequest, StoreUnavailable
from tollbook.listening import listen, raise_file_limit, sockets_of
from tollbook.logs import configure_logging
from tollbook.settings import Settings, variable
from tollbook.store.database import Database
from tollbook.store.error_translation import translate_errors
from tollbook.store.probe import is_standby, try_to_write
from tollbook.wiring import collect_rarely, open_migrated, services
from tollbook.workers import WorkerProcess, fork_workers

_log = structlog.get_logger()
_SECONDS_TO_FINISH = 30
_SWITCH_INTERVAL = 0.0005
"""The longest wait of the writer for the interpreter's lock, instead of the default 5 ms."""


def serve(settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Serve until a signal stops the server, then finish accepted requests."""
    configure_logging(settings)
    raise_file_limit()
    if workers == 1:
        app, parts = build(settings)
        _listen(app, parts, sockets_of(host, port))
    else:
        _serve_by_workers(settings, host, port, workers)


def _serve_by_workers(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve with several processes on one port; this one migrates first, and then starts them."""
    _, parts = build(settings, workers)
    parts.database.close()
    sockets = sockets_of(host, port)
    collect_rarely()
    folder = mkdtemp(prefix="tollbook-")
    worker = fork_workers(workers, sockets, folder)
    if worker is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    app, parts = build(settings, workers, worker)
    _listen(app, parts, sockets, worker)


def _listen(
    app: SecurityHeadersMiddleware,
    parts: Services,
    sockets: list[socket.socket],
    worker: WorkerProcess | None = None,
) -> None:
    sys.setswitchinterval(_SWITCH_INTERVAL)
    collect_rarely()
    # uvicorn raises the signal again when it has finished, which is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHttpProtocol.within(parts.connections, DirectEvents(parts, app)),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    listen(config, sockets, parts.connections, worker)


def build(
    settings: Settings, workers: int = 1, worker: WorkerProcess | None = None
) -> tuple[SecurityHeadersMiddleware, Services]:
    """Build the application on a migrated database, and its parts.

    `workers` is the number of processes of this server, `worker` the one that this process is. Its
    supervisor has logged the warnings.
    """
    database = open_migrated(settings)
    if workers > 1 and not database.engine.has_processes:
        raise InvalidRequest(
            "a database in a file is written by one process, so --workers must be 1: leave it out, "
            f"or set {variable('database_url')} to a PostgreSQL database"
        )
    reads_only = _is_for_reads(database)
    problem = _limit_patience(database, workers)
    if worker is None:
        _log_warnings(database, problem, reads_only=reads_only)
    pages = page_handlers(origins_in(database), compression=settings.compression)
    parts = services(settings, database, reads_only=reads_only, worker=worker)
    return application(parts, pages), parts


def _log_warnings(database: Database, connections: str | None, *, reads_only: bool) -> None:
    if reads_only:
        _log.warning("standby", effect="reads are served, writes are refused")
    if connections:
        _log.warning("too_few_connections", problem=connections)
    for path in database.engine.readable_files():
        _log.warning("readable_by_others", file=str(path), advice="chmod 600")


def _is_for_reads(database: Database) -> bool:
    """Return whether the database is a standby, which serves reads until it is promoted.

    Raise `DatabaseReadOnly` for any other read-only database. A database that is unavailable for
    now is accepted: readiness reports it.
    """
    try:
        if is_standby(database):
            return True
        try_to_write(database)
    except DatabaseReadOnly as error:
        raise DatabaseReadOnly(
            "the database is read-only, but a server must write to it: allow writing to the file "
            "and its folder, or set TOLLBOOK_DATABASE_URL to another database; `tollbook report` "
            "and `tollbook verify` work on this one"
        ) from error
    except StoreUnavailable:
        pass  # readiness is red until the database is available
    return False


def _limit_patience(database: Database, workers: int) -> str | None:
    """Wait less for connections; return the problem if PostgreSQL allows fewer than it may need."""
    try:
        with translate_errors():
            return database.engine.serve(workers)
    except StoreUnavailable:
        return None  # readiness is red until the database is available
