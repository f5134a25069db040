"""The client of Tollbook, a usage and cost ledger for messaging and voice."""

from tollbook_client import answers, error_codes
from tollbook_client.async_client import AsyncClient
from tollbook_client.client import Client
from tollbook_client.errors import (
    ApiError,
    ConfigurationError,
    IncompleteExport,
    InvalidAnswer,
    InvalidEvent,
    Problem,
    ServerUnreachable,
    SpoolError,
    SpoolFull,
    TollbookError,
)
from tollbook_client.meter import Meter
from tollbook_client.statistics import Stats
from tollbook_client.version import VERSION

__version__ = VERSION
__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "ConfigurationError",
    "IncompleteExport",
    "InvalidAnswer",
    "InvalidEvent",
    "Meter",
    "Problem",
    "ServerUnreachable",
    "SpoolError",
    "SpoolFull",
    "Stats",
    "TollbookError",
    "answers",
    "error_codes",
]
