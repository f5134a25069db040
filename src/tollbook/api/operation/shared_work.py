"""Work that runs once for all requests that wait for its result."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class SharedWork(Generic[_Result]):
    """Work of which one runs at a time; requests that come meanwhile share its result.

    Only the event loop uses it. A request that disconnects does not end the work of the others.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, _Result]]) -> None:
        self._work = work
        self._running: asyncio.Task[_Result] | None = None

    async def result(self) -> _Result:
        """Return the result of the running work, or start it."""
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._work())
        return await asyncio.shield(self._running)
