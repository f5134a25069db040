"""HTTP as prepared bytes: requests, answers, and a connection."""

import re
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"
_CHUNK = 1 << 20
Call = Callable[[], object]


class WrongAnswer(Exception):
    """An answer was not as expected, so its measurements are invalid."""


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + _END + body


def is_complete(answer: bytes | bytearray) -> bool:
    """Return whether an answer is complete."""
    end = answer.find(_END)
    if end < 0:
        return False
    length = _LENGTH.search(answer, 0, end)
    return len(answer) >= end + len(_END) + (int(length[1]) if length else 0)


def body_of(answer: bytes | bytearray) -> bytes:
    """Return the body of an answer."""
    return bytes(answer[answer.find(_END) + len(_END) :])


def header_of(answer: bytes | bytearray, name: str) -> str:
    """Return a header of an answer."""
    head = bytes(answer[: answer.find(_END)]).decode()
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    raise WrongAnswer(f"no header {name}: {head}")


def check(answer: bytes | bytearray, status: int, start: bytes = b"") -> None:
    """Raise `WrongAnswer` unless an answer has this status and beginning of the body."""
    head = b"HTTP/1.1 %d" % status
    if not answer.startswith(head) or not answer.startswith(start, answer.find(_END) + len(_END)):
        raise WrongAnswer(bytes(answer[:500]).decode(errors="replace"))


class Caller:
    """A persistent connection for one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def ask(self, prepared: bytes) -> bytearray:
        """Send a request and wait for the complete answer.

        A server closes a connection that was silent for some seconds: then connect again.
        """
        answer = self._asked(prepared)
        if not answer:
            self._socket.close()
            self._connect()
            answer = self._asked(prepared)
        if not is_complete(answer):
            raise WrongAnswer("the server hung up")
        return answer

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _asked(self, prepared: bytes) -> bytearray:
        """Return what arrives until the answer is complete or the connection ends."""
        answer = bytearray()
        with suppress(ConnectionResetError, BrokenPipeError):
            self._socket.sendall(prepared)
            while not is_complete(answer) and (chunk := self._socket.recv(_CHUNK)):
                answer += chunk
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()


def asking(stack: ExitStack, port: int, prepared: bytes, look: Callable[[bytes], None]) -> Call:
    """Return a call that sends a request over a separate connection, after checking one answer."""
    caller = stack.enter_context(Caller(port))
    answer = caller.ask(prepared)
    check(answer, 200)
    body = body_of(answer)
    look(body)
    return lambda: check(caller.ask(prepared), 200, body)
