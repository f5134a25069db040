"""What the handlers work with, put together by `wiring`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from anyio import CapacityLimiter

from tollbook.api.operation.health import Health
from tollbook.api.operation.instruments import Instruments
from tollbook.api.operation.upkeep import Upkeep
from tollbook.api.operation.uses import Uses
from tollbook.api.pipeline.cache import AnswerCache, StateCache
from tollbook.api.pipeline.inbox import Inbox
from tollbook.api.pipeline.limits import Rates
from tollbook.api.pipeline.request_log import RequestLog
from tollbook.api.pipeline.room import Bodies
from tollbook.domain.addresses import Network
from tollbook.ingest.catalogue import Catalogue
from tollbook.rerating.worker import Worker
from tollbook.store.database import Database


@dataclass(frozen=True)
class Services:
    """The running parts: `clock` gives microseconds since 1970 in UTC.

    What `proxies` say of where a request came from is believed. Browsers are told to come by HTTPS
    only for so many seconds. A server's clock may differ from the database's by
    `max_clock_seconds`.

    One thread at a time decodes large bodies, one loads books, and one looks at what rerating would
    change. A few at a time write long exports, each with a connection of its own.
    """

    database: Database
    catalogue: Catalogue
    inbox: Inbox
    reratings: Worker
    cache: AnswerCache
    states: StateCache
    clock: Callable[[], int]
    compression: bool
    instruments: Instruments
    health: Health
    uses: Uses
    upkeep: Upkeep
    bodies: Bodies
    requests: RequestLog
    metrics_token: str = ""
    proxies: tuple[Network, ...] = ()
    hsts_seconds: int = 0
    max_clock_seconds: int = 300
    rates: Rates = field(default_factory=Rates)
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    looking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    loading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    exporting: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(4))

    @property
    def clocks_differ_by(self) -> int:
        """Return by how many microseconds the clocks of two servers may differ."""
        return 2 * self.max_clock_seconds * 1_000_000
