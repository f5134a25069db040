"""The metrics of `tollbook import --follow`, and whether it works: `/metrics` and `/healthz`."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from tollbook.records.follow.follower import ROTATIONS

RESULTS = ("accepted", "duplicate", "quarantined", "skipped", "refused")


class ImportMetrics:
    """The counters of one process that follows files; it is `healthy` while it can store."""

    def __init__(self) -> None:
        self.healthy = False
        self._registry = registry = CollectorRegistry()
        self._rows = Counter(
            "tollbook_import_rows", "Rows by result.", ["result"], registry=registry
        )
        self.behind = Gauge(
            "tollbook_import_behind_bytes", "Bytes that are not imported yet.", registry=registry
        )
        self.files = Gauge("tollbook_import_files", "Files that are open.", registry=registry)
        self._rotations = Counter(
            "tollbook_import_rotations", "Rotated files by kind.", ["kind"], registry=registry
        )
        self.gaps = Counter(
            "tollbook_import_gaps", "Files whose rest was nowhere.", registry=registry
        )
        self.last_commit = Gauge(
            "tollbook_import_last_commit_timestamp_seconds",
            "When rows were last stored.",
            registry=registry,
        )
        for result in RESULTS:
            self._rows.labels(result)
        for kind in ROTATIONS:
            self._rotations.labels(kind)

    def count_rows(self, result: str, count: int) -> None:
        """Count rows."""
        if count:
            self._rows.labels(result).inc(count)

    def count_rotation(self, kind: str) -> None:
        """Count a file that was rotated."""
        self._rotations.labels(kind).inc()

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


def serve_metrics(metrics: ImportMetrics, host: str, port: int) -> Callable[[], None]:
    """Serve metrics in a thread; return the function that ends it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer a request."""
            if self.path == "/metrics":
                self._answer(200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8")
            elif self.path == "/healthz":
                body = b'{"status":"ok"}\n' if metrics.healthy else b'{"status":"waiting"}\n'
                self._answer(200 if metrics.healthy else 503, body, "application/json")
            else:
                self._answer(404, b"no such endpoint\n", "text/plain")

        def _answer(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log no request."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return end
