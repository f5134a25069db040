"""Errors of clients that are too slow or ask for too much, and of sums that are too large."""

from tollbook.domain.errors import RequestError, TollbookError


class SumOutOfRange(TollbookError):
    """The rerating would exceed 64 bits in the tiers of a month; nothing was changed."""

    code = "sum_out_of_range"


class HeadTooLarge(RequestError):
    """The request line and headers are too long; the connection is closed."""

    status = 431
    code = "head_too_large"


class RequestTimeout(RequestError):
    """The request did not arrive in time; nothing of it was processed."""

    status = 408
    code = "request_timeout"


class ExportExpired(RequestError):
    """The export took too long, so its snapshot was closed: the file is incomplete."""

    status = 410
    code = "export_expired"

    def __init__(self) -> None:
        super().__init__(
            "the export took too long and is incomplete; read faster, or export shorter periods"
        )


class TooManyExports(RequestError):
    """The key, its tenant or all tenants together have too many exports at once."""

    status = 429
    code = "too_many_exports"
    headers = {"Retry-After": "10"}


class TooManyAnswers(RequestError):
    """The key, its tenant or all tenants together have too many large answers at once."""

    status = 429
    code = "too_many_answers"
    headers = {"Retry-After": "2"}


class RateLimited(RequestError):
    """The key has exceeded its rate limit; the request was not processed."""

    status = 429
    code = "rate_limited"
    headers = {"Retry-After": "1"}

    def __init__(self, sentence: str, seconds: int = 1) -> None:
        super().__init__(sentence)
        self.headers = {"Retry-After": str(seconds)}
