"""A way to PostgreSQL that loses the answer to a commit, or the commit itself."""

import socket
import threading
from contextlib import suppress
from typing import NamedTuple

from tests.ways import Listener, close

_COMMIT = b"COMMIT\x00"


class Loss(NamedTuple):
    """The next commit to lose: of the transaction that sends a text, before or after it is done."""

    of: bytes
    is_done: bool
    for_good: bool


class Proxy(Listener):
    """Forwards connections to a database, until it is to lose one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._loss: Loss | None = None
        self._open: list[tuple[socket.socket, socket.socket]] = []
        self._is_down = False
        self.lost = threading.Event()

    def lose_commit(self, of: str, *, is_done: bool = True, for_good: bool = False) -> None:
        """Lose a commit once; `for_good` with every other connection, until the way is `up`."""
        self.lost.clear()
        self._loss = Loss(of.encode(), is_done, for_good)

    def up(self) -> None:
        """Forward connections again."""
        self._is_down = False

    def down(self) -> None:
        """End every connection, and forward none."""
        self._is_down = True
        for pair in self._open:
            close(*pair)

    def _end(self) -> None:
        self.down()

    def _take(self, client: socket.socket) -> None:
        if self._is_down:
            close(client)
            return
        pair = (client, socket.create_connection(self._target))
        self._open.append(pair)
        threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        losing = threading.Event()
        threading.Thread(target=_answer, args=(client, server, losing), daemon=True).start()
        is_meant = False
        with suppress(OSError):
            while data := client.recv(65_536):
                loss = self._loss
                is_meant = is_meant or bool(loss and loss.of in data)
                if loss and is_meant and _COMMIT in data:
                    self._loss = None
                    self._lose(loss, client, server, losing, data)
                    return
                server.sendall(data)
        close(client, server)

    def _lose(
        self,
        loss: Loss,
        client: socket.socket,
        server: socket.socket,
        losing: threading.Event,
        data: bytes,
    ) -> None:
        if loss.for_good:
            self._is_down = True
            self._open.remove((client, server))
            self.down()
        if loss.is_done:
            losing.set()
            server.sendall(data)
        else:
            close(server, client)
        self.lost.set()


def _answer(client: socket.socket, server: socket.socket, losing: threading.Event) -> None:
    with suppress(OSError):
        while data := server.recv(65_536):
            if losing.is_set():
                break
            client.sendall(data)
    close(client, server)
