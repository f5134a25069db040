"""What an HTTP answer means: an answer of the API, or the error to raise."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from tollbook_client.decode import decode, parse_json
from tollbook_client.error_codes import CLASSES
from tollbook_client.errors import ApiError, InvalidAnswer, Problem, TollbookError


class Reply(NamedTuple):
    """A response as it arrived; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answer_in(reply: Reply, kinds: Mapping[int, Any]) -> Any:
    """Return the answer of a call; raise the error that the reply is.

    A refused atomic batch has receipts instead of an error, so it is an answer.
    """
    content = json_in(reply)
    if not isinstance(content, dict) or "success" not in content:
        raise not_ours(reply)
    if "code" in content and content["success"] is False:
        raise error_in(reply, content)
    kind = kinds.get(reply.status)
    if kind is None and not (kinds and "receipts" in content):
        raise not_ours(reply)
    try:
        return decode(kind or next(iter(kinds.values())), content)
    except (TypeError, ValueError) as error:
        raise InvalidAnswer(f"the answer does not fit its schema: {error}", reply.status) from None


def json_in(reply: Reply) -> Any:
    """Return the JSON of a reply; None if it has none."""
    try:
        return parse_json(reply.body)
    except (ValueError, RecursionError):
        return None


def error_of(reply: Reply) -> TollbookError:
    """Return the error that a reply is, whatever it contains."""
    content = json_in(reply)
    if isinstance(content, dict) and isinstance(content.get("code"), str):
        return error_in(reply, content)
    return not_ours(reply)


def error_in(reply: Reply, content: Mapping[str, Any]) -> ApiError:
    """Return the error that the server states; one with an unknown code is an `ApiError`."""
    code = str(content["code"])
    details = content.get("details")
    return CLASSES.get(code, ApiError)(
        reply.status,
        code,
        str(content.get("error", "")),
        [_problem(it) for it in details] if isinstance(details, list) else (),
        content.get("request_id") or reply.headers.get("x-request-id"),
        retry_after(reply),
    )


def not_ours(reply: Reply) -> InvalidAnswer:
    """Return the error for a reply that is not from the server."""
    return InvalidAnswer(
        f"status {reply.status} with a body that is not an answer of Tollbook: check base_url, "
        "and the proxies in between",
        reply.status,
    )


def retry_after(reply: Reply, now: float | None = None) -> float | None:
    """Return the seconds in `Retry-After`; None without it, or if it cannot be read.

    A date counts from the `Date` of the reply, else from `now`, in seconds since 1970.
    """
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    since = http_date(reply.headers.get("date", ""))
    start = since.timestamp() if since else (now or datetime.now(UTC).timestamp())
    return max(0.0, until.timestamp() - start)


def http_date(value: str) -> datetime | None:
    """Return the date of a header; None if it is none."""
    try:
        return parsedate_to_datetime(value)
    except ValueError:
        return None


def _problem(value: Any) -> Problem:
    given = value if isinstance(value, dict) else {}
    return Problem(*(str(given.get(name, "")) for name in Problem._fields))
