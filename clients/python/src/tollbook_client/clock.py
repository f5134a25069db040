"""The clock of clients and senders: the time, and waiting."""

import asyncio
import threading
import time


class SystemClock:
    """The clock of the machine."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970 in UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in this thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        await asyncio.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait for an event, at most the given seconds."""
        event.wait(seconds)
