"""What the handlers work with, put together by `wiring`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from anyio import CapacityLimiter

from tollbook.api.cache import AnswerCache
from tollbook.api.health import Health
from tollbook.api.inbox import Inbox
from tollbook.api.instruments import Instruments
from tollbook.ingest.catalogue import Catalogue
from tollbook.rerating.worker import Worker
from tollbook.store.database import Database


@dataclass(frozen=True)
class Services:
    """The running parts: `clock` gives microseconds since 1970 in UTC.

    One thread at a time decodes large bodies, one loads books, and one looks at what rerating would
    change.
    """

    database: Database
    catalogue: Catalogue
    inbox: Inbox
    reratings: Worker
    cache: AnswerCache
    clock: Callable[[], int]
    compression: bool
    instruments: Instruments
    health: Health
    metrics_token: str = ""
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    looking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    loading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
