"""Receivers of webhooks on a real port, which answer as a test says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    """A request: its path, its headers in small letters, and its body."""

    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What a receiver answers; it closes the connection instead if the status is 0."""

    status: int = 204
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Decide = Callable[[Received], Answer]


class Receiver:
    """What was received, and what is answered next; `decide` may be replaced at any time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/hook"
        self.received: list[Received] = []
        self.decide: Decide = lambda _: Answer()

    @property
    def ids(self) -> list[str]:
        return [it.headers["webhook-id"] for it in self.received]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender was killed
            headers = {name.lower(): value for name, value in self.headers.items()}
            found = Received(self.path, headers, body)
            receiver.received.append(found)
            answer = receiver.decide(found)
            if not answer.status:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
