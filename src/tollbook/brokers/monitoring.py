"""Serve the metrics and the health of a consumer over HTTP: /metrics and /healthz."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Monitoring:
    """An HTTP server in a thread. `problem` returns why the consumer is not healthy, or None."""

    def __init__(
        self, host: str, port: int, text: Callable[[], bytes], problem: Callable[[], str | None]
    ) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(text, problem))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="tollbook-metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """Return the port, which the system chooses for 0."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more requests."""
        self._server.shutdown()
        self._server.server_close()


def _handler(
    text: Callable[[], bytes], problem: Callable[[], str | None]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers the two paths, and logs nothing."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer a request."""
            if self.path == "/metrics":
                self._answer(200, text())
            elif self.path == "/healthz":
                found = problem()
                self._answer(503 if found else 200, f"{found or 'ok'}\n".encode())
            else:
                self._answer(404, b"no such endpoint\n")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", _TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
