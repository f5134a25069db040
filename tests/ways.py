"""A way to a database that can go silent: it takes everything and forwards nothing."""

import selectors
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy import make_url

_PIECE = 65_536


class Listener:
    """A port in front of a database; `_take` gets each connection that comes."""

    def __init__(self, database_url: str) -> None:
        self.lead_to(database_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = (
            make_url(database_url)
            .set(host="127.0.0.1", port=port)
            .render_as_string(hide_password=False)
        )

    def lead_to(self, database_url: str) -> None:
        """Forward the connections that come from now on to another database."""
        target = make_url(database_url)
        self._target = target.host or "127.0.0.1", target.port or 5432

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        close(self._listener)
        self._end()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._take(client)

    def _take(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError


def close(*sockets: socket.socket) -> None:
    """End connections, also for a thread that waits for one."""
    for it in sockets:
        with suppress(OSError):
            it.shutdown(socket.SHUT_RDWR)
        it.close()


class Way(Listener):
    """A TCP proxy in front of a database.

    While it is silent, connections are taken and never answered; one that was there when it went
    silent stays so when a new way is open, as behind a device that has forgotten it.
    """

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._generation = 0
        self._silent = False
        self._sockets: list[socket.socket] = []
        self.taken = 0

    def silence(self) -> None:
        """Forward nothing from now on, on no connection that is there or comes."""
        self._silent = True
        self._generation += 1

    def open(self) -> None:
        """Forward on connections that come from now on."""
        self._silent = False

    def _end(self) -> None:
        close(*self._sockets)

    def _take(self, client: socket.socket) -> None:
        self._sockets.append(client)
        self.taken += 1
        if not self._silent:
            threading.Thread(target=self._forward, args=[client], daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        generation = self._generation
        with suppress(OSError):
            server = socket.create_connection(self._target)
            self._sockets.append(server)
            with selectors.DefaultSelector() as ready:
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while generation == self._generation:
                    for key, _ in ready.select():
                        piece = key.fileobj.recv(_PIECE)  # type: ignore[union-attr]
                        if generation != self._generation:
                            return
                        if not piece:
                            client.close()
                            server.close()
                            return
                        key.data.sendall(piece)
