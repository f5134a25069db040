"""A server inside the process of a test, which can look at what it does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

from tests import plain_http
from tests.servers import SECRET_KEY, free_port
from tests.waiting import PATIENCE, wait_for
from tollbook.api.application import application
from tollbook.api.endpoints.direct_events import DirectEvents
from tollbook.api.pipeline.http_protocol import BoundedHttpProtocol
from tollbook.api.pipeline.services import Services
from tollbook.settings import Settings
from tollbook.store.database import Database
from tollbook.wiring import services


@contextmanager
def serving(
    database: Database,
    key: str = "",
    parts: Services | None = None,
    around: Callable[[ASGIApp], ASGIApp] | None = None,
) -> Iterator[httpx.Client]:
    """Serve a database, which is closed afterwards; give a client, with a key if there is one.

    `parts` are those of the server, if a test looks at them. With an application `around` its own,
    it also answers direct requests, as `tollbook serve` does.
    """
    port = free_port()
    key_of_file = database.engine.secret_key_file
    settings = Settings(alerts=False, secret_key="" if key_of_file else SECRET_KEY)
    parts = parts or services(settings, database)
    app = application(parts)
    config = uvicorn.Config(app, "127.0.0.1", port, loop="asyncio", log_config=None)
    if around:
        config.app = around(app)
        config.http = BoundedHttpProtocol.within(parts.connections, DirectEvents(parts, app))
        config.server_header = False
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive())
        headers = {"X-API-Key": key} if key else {}
        address = f"http://127.0.0.1:{port}"
        with plain_http.client(base_url=address, headers=headers, timeout=PATIENCE) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
