"""The synchronous client."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from tollbook_client.calls import Calls, file_operation, incomplete
from tollbook_client.clock import SystemClock
from tollbook_client.configuration import ApiKey
from tollbook_client.conversation import Request, Steps, Wait
from tollbook_client.errors import ServerUnreachable
from tollbook_client.operation import Operation
from tollbook_client.replies import Reply, error_of
from tollbook_client.sync_operations import SyncOperations


class Client(Calls, SyncOperations):
    """Calls the API of a server; one method for each operation.

    `base_url` and `api_key` default to `TOLLBOOK_URL` and `TOLLBOOK_API_KEY`. `api_key` may be a
    function, which is called for every request. `timeout` is in seconds. Calls are repeated up to
    `max_retries` times where that is safe. Threads may share a client.
    """

    _clock = SystemClock()

    def __init__(
        self,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 4,
        carry_as_of: bool = True,
        http_client: httpx.Client | None = None,
    ) -> None:
        super().__init__(
            base_url, api_key, timeout=timeout, max_retries=max_retries, carry_as_of=carry_as_of
        )
        self._owned = http_client is None
        self._http = http_client or httpx.Client(timeout=timeout)

    def close(self) -> None:
        """Close the connections, unless the HTTP client was passed."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def download(self, operation: str, *, format: str, **parameters: Any) -> Iterator[bytes]:
        """Yield the pieces of a file: csv, ndjson or parquet.

        Raise `IncompleteExport` when the file is cut; what was read until then is not the file.
        """
        chosen = file_operation(operation, format)
        with self._stream(self._steps(chosen, {**parameters, "format": format})) as response:
            try:
                yield from response.iter_bytes()
            except httpx.HTTPError:
                raise incomplete(operation) from None

    def _call(self, operation: Operation, parameters: Mapping[str, Any]) -> Any:
        steps = self._steps(operation, parameters)
        outcome: Reply | ServerUnreachable | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                return self._answer(operation, end.value)
            outcome = self._perform(step)

    def _rows(self, operation: Operation, parameters: Mapping[str, Any]) -> Iterator[Any]:
        given = dict(parameters)
        while True:
            page = self._call(operation, given)
            yield from getattr(page, str(operation.rows))
            given[str(operation.cursor)] = cursor = getattr(page, f"next_{operation.cursor}")
            if cursor is None:
                return

    def _perform(self, step: Request | Wait) -> Reply | ServerUnreachable | None:
        if isinstance(step, Wait):
            self._clock.sleep(step.seconds)
            return None
        try:
            response = self._http.send(self._build(step), follow_redirects=False)
        except httpx.HTTPError as error:
            return unreachable(error)
        return reply_of(response)

    def _build(self, request: Request) -> httpx.Request:
        return self._http.build_request(
            request.method,
            self._server.base_url + request.url,
            headers={**self._server.headers(), **request.headers},
            content=request.content,
        )

    @contextmanager
    def _stream(self, steps: Steps) -> Iterator[httpx.Response]:
        outcome: Reply | ServerUnreachable | None = None
        response: httpx.Response | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Wait):
                    outcome = self._perform(step)
                    continue
                response, outcome = self._open(step)
        except StopIteration as end:
            if end.value.status != 200 or response is None:
                raise error_of(end.value) from None
            yield response
        finally:
            if response is not None:
                response.close()

    def _open(self, request: Request) -> tuple[httpx.Response | None, Reply | ServerUnreachable]:
        """Send a request; a response other than 200 is read and closed."""
        try:
            response = self._http.send(self._build(request), follow_redirects=False, stream=True)
            if response.status_code == 200:
                return response, Reply(200, response.headers, b"")
            response.read()
        except httpx.HTTPError as error:
            return None, unreachable(error)
        return None, reply_of(response)


def reply_of(response: httpx.Response) -> Reply:
    """Return a response as the steps of a call read it."""
    return Reply(response.status_code, response.headers, response.content)


def unreachable(error: httpx.HTTPError) -> ServerUnreachable:
    """Return the error of a request without an answer; the request itself has the key."""
    return ServerUnreachable(f"{type(error).__name__}: {error}")
