"""The asynchronous client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx

from tollbook_client.async_operations import AsyncOperations
from tollbook_client.calls import Calls, file_operation, incomplete
from tollbook_client.client import reply_of, unreachable
from tollbook_client.clock import SystemClock
from tollbook_client.configuration import ApiKey
from tollbook_client.conversation import Request, Steps, Wait
from tollbook_client.errors import ServerUnreachable
from tollbook_client.operation import Operation
from tollbook_client.replies import Reply, error_of


class AsyncClient(Calls, AsyncOperations):
    """As `Client`, for `asyncio`: every method is awaited, and every iterator is asynchronous."""

    _clock = SystemClock()

    def __init__(
        self,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 4,
        carry_as_of: bool = True,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(
            base_url, api_key, timeout=timeout, max_retries=max_retries, carry_as_of=carry_as_of
        )
        self._owned = http_client is None
        self._http = http_client or httpx.AsyncClient(timeout=timeout)

    async def aclose(self) -> None:
        """Close the connections, unless the HTTP client was passed."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def download(
        self, operation: str, *, format: str, **parameters: Any
    ) -> AsyncIterator[bytes]:
        """Yield the pieces of a file, as `Client.download` does."""
        chosen = file_operation(operation, format)
        async with self._stream(self._steps(chosen, {**parameters, "format": format})) as response:
            try:
                async for piece in response.aiter_bytes():
                    yield piece
            except httpx.HTTPError:
                raise incomplete(operation) from None

    async def _call(self, operation: Operation, parameters: Mapping[str, Any]) -> Any:
        steps = self._steps(operation, parameters)
        outcome: Reply | ServerUnreachable | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                return self._answer(operation, end.value)
            outcome = await self._perform(step)

    async def _rows(
        self, operation: Operation, parameters: Mapping[str, Any]
    ) -> AsyncIterator[Any]:
        given = dict(parameters)
        while True:
            page = await self._call(operation, given)
            for row in getattr(page, str(operation.rows)):
                yield row
            given[str(operation.cursor)] = cursor = getattr(page, f"next_{operation.cursor}")
            if cursor is None:
                return

    async def _perform(self, step: Request | Wait) -> Reply | ServerUnreachable | None:
        if isinstance(step, Wait):
            await self._clock.sleep_async(step.seconds)
            return None
        try:
            response = await self._http.send(self._build(step), follow_redirects=False)
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

    @asynccontextmanager
    async def _stream(self, steps: Steps) -> AsyncIterator[httpx.Response]:
        outcome: Reply | ServerUnreachable | None = None
        response: httpx.Response | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Wait):
                    outcome = await self._perform(step)
                    continue
                response, outcome = await self._open(step)
        except StopIteration as end:
            if end.value.status != 200 or response is None:
                raise error_of(end.value) from None
            yield response
        finally:
            if response is not None:
                await response.aclose()

    async def _open(
        self, request: Request
    ) -> tuple[httpx.Response | None, Reply | ServerUnreachable]:
        """Send a request; a response other than 200 is read and closed."""
        try:
            response = await self._http.send(
                self._build(request), follow_redirects=False, stream=True
            )
            if response.status_code == 200:
                return response, Reply(200, response.headers, b"")
            await response.aread()
        except httpx.HTTPError as error:
            return None, unreachable(error)
        return None, reply_of(response)
