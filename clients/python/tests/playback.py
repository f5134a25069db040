"""A loopback server that plays the exchanges of a case, and a clock that never waits."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
TABLE = json.loads((Path(__file__).parents[2] / "conformance.json").read_text())
CASES: list[Json] = TABLE["cases"]


class VirtualClock:
    """Waits return at once, are recorded, and set the time forward."""

    def __init__(self) -> None:
        self._now = float(TABLE["instant"])
        self.waits: list[float] = []

    def now_ns(self) -> int:
        return int(self._now * 1e9)

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        if not event.is_set():
            self.sleep(seconds)


class Player:
    """What the server still has to play, and what went wrong."""

    def __init__(self, exchanges: list[Json], own_key: Json | None) -> None:
        self.left = list(exchanges)
        self.own_key = own_key
        self.problems: list[str] = []
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Json, body: bytes) -> Json | str:
        with self._lock:
            if self.own_key and target.endswith("/v1/keys/self"):
                return self.own_key
            if not self.left:
                self.problems.append(f"unexpected {method} {target}")
                return {"status": 599, "headers": {}, "body": ""}
            exchange = self.left.pop(0)
        self.problems += _differences(exchange["request"], method, target, headers, body)
        response: Json | str = exchange["response"]
        return response


def _differences(
    request: Json, method: str, target: str, headers: Json, body: bytes
) -> Iterator[str]:
    url = urlsplit(target)
    sent = {
        "method": method,
        "path": url.path,
        "query": dict(parse_qsl(url.query, keep_blank_values=True)),
    }
    for name, value in sent.items():
        if request[name] != value:
            yield f"{name} is {value!r} instead of {request[name]!r}"
    for name, value in request["headers"].items():
        if headers.get(name) != value:
            yield f"header {name} is {headers.get(name)!r}"
    if "body" in request and _parsed(body) != _parsed(request["body"]):
        yield f"the body is {body!r}"


def _parsed(text: bytes | str) -> Any:
    return json.loads(text, parse_float=Decimal)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    player: Player

    def _play(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.player.answer(self.command, self.path, headers, body)
        if isinstance(answer, str):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        text = answer["body"].encode()
        self.send_response_only(answer["status"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._play
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def playing(exchanges: list[Json], own_key: Json | None = None) -> Iterator[tuple[str, Player]]:
    """Play the exchanges; give the address, and what is left of them."""
    player = Player(exchanges, own_key)
    handler = type("Handler", (_Handler,), {"player": player})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", player
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert player.problems == []
    assert player.left == []
