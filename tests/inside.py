"""A server inside the process of a test, which can look at what it does."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from tests.servers import free_port
from tollbook.api.application import application
from tollbook.settings import Settings
from tollbook.store.database import Database
from tollbook.wiring import services

_PATIENCE = 30.0


@contextmanager
def serving(database: Database, key: str = "") -> Iterator[httpx.Client]:
    """Serve a database, which is closed afterwards; give a client, with a key if there is one."""
    port = free_port()
    app = application(services(Settings(), database))
    config = uvicorn.Config(app, "127.0.0.1", port, loop="asyncio", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        give_up = time.monotonic() + _PATIENCE
        while not server.started and time.monotonic() < give_up:
            time.sleep(0.01)
        headers = {"X-API-Key": key} if key else {}
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, headers=headers, timeout=_PATIENCE) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
