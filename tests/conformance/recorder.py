"""Real answers of a server with a fixed clock, in the form of conformance cases."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.builders import Json, Platform
from tests.inside import serving
from tests.servers import SECRET_KEY
from tollbook import wiring
from tollbook.settings import Settings
from tollbook.store.database import open_database

INSTANT = 1_706_745_600_000_000
"""2024-02-01T00:00:00Z: the clock of the server stands still."""
HTTP_DATE = "Thu, 01 Feb 2024 00:00:00 GMT"
KEY = "tb_conformance_key"
"""The key that runners use; it stands in for the one that the server has issued."""
REQUEST_ID = "0000000000000001"
CURSOR = "cursor-of-the-next-page"
_KEPT_HEADERS = ("content-type", "retry-after", "x-request-id")
_RANDOM = (
    (re.compile(r'("next_cursor":)"[^"]*"'), rf'\1"{CURSOR}"'),
    (re.compile(r"tb_[0-9a-f]{12}"), "tb_000000000000"),
)
"""Texts that differ from run to run, and what the cases have for them."""
Exchange = Json


class Recorder:
    """Sends requests to a real server and returns them with its answers as exchanges."""

    def __init__(self, platform: Platform, http: httpx.Client, key: str) -> None:
        self.platform = platform
        self.key = key
        self._http = http

    def get(self, path: str, sent: Json | None = None, **query: str) -> Exchange:
        """Record a GET; `sent` replaces query parameters that differ from run to run."""
        recorded = self._response("GET", path, query)
        return {"request": request("GET", path, {**query, **(sent or {})}), "response": recorded}

    def post(self, path: str, body: Any, key: str | None = None) -> Exchange:
        """Record a POST of JSON, with the key of the recorder or another one."""
        recorded = self._response("POST", path, {}, json.dumps(body), key)
        return {"request": request("POST", path, {}, body), "response": recorded}

    def next_cursor(self, path: str, **query: str) -> str:
        """Return the cursor of a page, which differs from run to run."""
        answer = self._http.get(path, params=query, headers={"X-API-Key": self.key})
        return str(answer.json()["next_cursor"])

    def _response(
        self,
        method: str,
        path: str,
        query: Json,
        body: str | None = None,
        key: str | None = None,
    ) -> Json:
        url = f"{path}?{urlencode(query)}" if query else path
        headers = {"X-API-Key": key or self.key, "Content-Type": "application/json"}
        answer = self._http.request(method, url, content=body, headers=headers)
        return _recorded(answer)


def _recorded(answer: httpx.Response) -> Json:
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    identity = headers["x-request-id"]
    headers["x-request-id"] = REQUEST_ID
    text = answer.text.replace(identity, REQUEST_ID)
    for pattern, replacement in _RANDOM:
        text = pattern.sub(replacement, text)
    return response(answer.status_code, text, headers)


def request(method: str, path: str, query: Json | None = None, body: Any = None) -> Json:
    """Return the request that a client must send; `body` is JSON as text."""
    headers = {"x-api-key": KEY}
    if body is None:
        return {"method": method, "path": path, "query": query or {}, "headers": headers}
    headers["content-type"] = "application/json"
    return {
        **request(method, path, query),
        "headers": headers,
        "body": json.dumps(body, ensure_ascii=False),
    }


def response(status: int, body: str, headers: Json | None = None) -> Json:
    """Return the answer that a client receives; its body is text, so digits survive."""
    return {"status": status, "headers": headers or {}, "body": body}


@contextmanager
def _standing_clock() -> Iterator[None]:
    clock = wiring.now
    wiring.now = lambda: INSTANT
    try:
        yield
    finally:
        wiring.now = clock


@contextmanager
def recording(folder: Path, migrated: Path) -> Iterator[Recorder]:
    """Serve a new ledger with the organization org_1, and give a recorder of its answers."""
    path = folder / "conformance.db"
    shutil.copy(migrated, path)
    with _standing_clock():
        opened = open_database(f"sqlite:///{path}")
        parts = wiring.services(Settings(secret_key=SECRET_KEY, log_level="warning"), opened)
        platform = Platform(opened)
        platform.organization(name="Acme Corp")
        key = platform.key()
        with serving(opened, parts=parts) as http:
            yield Recorder(platform, http, key)
