"""The steps of one call, without I/O: requests to send, waits, and the reply in the end.

The synchronous and the asynchronous client perform the same steps; only their transport differs.
"""

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tollbook_client.encode import url_of
from tollbook_client.errors import InvalidAnswer, ServerUnreachable, TollbookError
from tollbook_client.instants import instant_text
from tollbook_client.operation import Operation
from tollbook_client.replies import Reply, error_of, json_in, retry_after

RETRIED = frozenset({429, 502, 503, 504})
_FIRST_SECONDS = 0.5
_MOST_SECONDS = 8.0
_LONGEST_RETRY_AFTER = 60.0
_AS_OF = "min_as_of"


class Request(NamedTuple):
    """A request to send; `url` is the path with its query."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None


class Wait(NamedTuple):
    """Seconds to wait."""

    seconds: float


Step = Request | Wait
Outcome = Reply | ServerUnreachable | None
Steps = Generator[Step, Outcome, Reply]


@dataclass
class Session:
    """The options of a client, and the latest state that it saw."""

    timeout: float
    max_retries: int
    carry_as_of: bool
    as_of: datetime | None = None

    def saw(self, as_of: object) -> None:
        """Remember the `as_of` of receipts, if it is later than the one before."""
        if isinstance(as_of, datetime) and (self.as_of is None or as_of > self.as_of):
            self.as_of = as_of


def steps_of(
    operation: Operation, parameters: Mapping[str, object], content: bytes | None, session: Session
) -> Steps:
    """Yield what to send and how long to wait; return the last reply.

    Raise `ServerUnreachable`, or the error of a reply with a status that is retried.
    """
    carried = _carried(operation, parameters, session)
    reply = yield from _retried(operation, {**parameters, **carried}, content, session)
    if carried and _is_in_future(reply):
        session.as_of = None
        reply = yield from _retried(operation, parameters, content, session)
    return reply


def _carried(
    operation: Operation, parameters: Mapping[str, object], session: Session
) -> dict[str, object]:
    if not session.carry_as_of or session.as_of is None:
        return {}
    if _AS_OF not in operation.in_query or parameters.get(_AS_OF) is not None:
        return {}
    return {_AS_OF: instant_text(session.as_of)}


def _is_in_future(reply: Reply) -> bool:
    content = json_in(reply) if reply.status == 400 else None
    details = content.get("details", []) if isinstance(content, dict) else []
    return any(it.get("field") == _AS_OF and it.get("code") == "in_future" for it in details)


def _retried(
    operation: Operation, parameters: Mapping[str, object], content: bytes | None, session: Session
) -> Steps:
    headers = {"Content-Type": str(parameters["content_type"])} if content is not None else {}
    request = Request(operation.method, url_of(operation, parameters), headers, content)
    retries, waited = 0, 0.0
    while True:
        outcome = yield request
        if isinstance(outcome, Reply) and outcome.status not in RETRIED:
            return outcome
        if parameters.get(_AS_OF) is not None and _is_not_yet(outcome):
            seconds = _seconds(outcome, 0)
            waited += seconds
            if waited > session.timeout:
                raise _error_of(outcome)
        else:
            seconds = _seconds(outcome, retries)
            if retries >= session.max_retries or not _is_repeatable(operation, outcome, seconds):
                raise _error_of(outcome)
            retries += 1
        yield Wait(seconds)


def _is_not_yet(outcome: Outcome) -> bool:
    if not isinstance(outcome, Reply) or outcome.status != 503:
        return False
    content = json_in(outcome)
    return isinstance(content, dict) and content.get("code") == "not_yet"


def _is_repeatable(operation: Operation, outcome: Outcome, seconds: float) -> bool:
    """Return whether a call may be sent again: a lost answer must never create two keys."""
    refused = isinstance(outcome, Reply) and outcome.status == 429
    return (operation.repeatable or refused) and seconds <= _LONGEST_RETRY_AFTER


def _seconds(outcome: Outcome, retries: int) -> float:
    stated = retry_after(outcome) if isinstance(outcome, Reply) else None
    return jitter(retries, _MOST_SECONDS) if stated is None else stated


def jitter(retries: int, most: float) -> float:
    """Return a random wait: full jitter that doubles from half a second up to `most`."""
    return random.uniform(0, min(most, _FIRST_SECONDS * 2 ** min(retries, 16)))  # noqa: S311


def _error_of(outcome: Outcome) -> TollbookError:
    if isinstance(outcome, Reply):
        return error_of(outcome)
    return outcome or InvalidAnswer("no answer")
