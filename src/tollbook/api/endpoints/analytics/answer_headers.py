"""The headers of an answer, and what the headers of a request say of it."""

import re
from collections.abc import Container
from functools import lru_cache
from hashlib import blake2b

import msgspec
from werkzeug.http import parse_accept_header

from tollbook import __version__
from tollbook.analytics.completeness import as_of_text, period_state
from tollbook.analytics.scope import QuestionScope, other_currencies
from tollbook.api.endpoints.analytics.queries import AnswerQuery, StateQuery
from tollbook.api.endpoints.analytics.questions import Question
from tollbook.api.formats.choice import attachment

OTHER_CURRENCIES = "X-Other-Currencies"
_HOUR = 3600 * 1_000_000
"""An hour in microseconds."""
_VERB = re.compile("^(get|list)-")


def tag_of(question: Question) -> str:
    """Return the tag of an answer: it names the question and the state of the ledger.

    With `include=meta` it names the hour as well, because pending events grow older by themselves,
    and whether a replica answers, because its lag is reported.
    """
    it, query = question, question.request.query
    with_meta = isinstance(query, AnswerQuery) and "meta" in query.include
    ended = (
        (period_state(it.scope, it.period, it.clock), it.clock // _HOUR, it.is_on_replica)
        if with_meta
        else None
    )
    asked = (it.request.question, asked_for(query), it.format, it.scope, it.period, it.compared)
    key = it.request.key
    state = (it.version.token, ended, key.scope.user_id, key.limits.meters, it.depends_on)
    encoded = msgspec.json.encode((__version__, *asked, *state))
    return blake2b(encoded, digest_size=12).hexdigest()


def tag_of_content(body: bytes) -> str:
    """Return the tag of an answer by its content."""
    return blake2b(body, digest_size=12).hexdigest()


def asked_for(query: StateQuery, without: Container[str] = ()) -> list[tuple[str, str]]:
    """List the parameters of a query that have a value, by name."""
    given = msgspec.structs.asdict(query).items()
    return sorted(
        (name, str(value)) for name, value in given if value is not None and name not in without
    )


def state_headers(question: Question) -> dict[str, str]:
    """Return the headers of every answer: how long it may be kept, and as of when it is true."""
    return {
        "Cache-Control": "private, no-cache",
        "Vary": "X-API-Key, Authorization, Accept, Accept-Encoding",
        "X-As-Of": as_of_text(question.now),
    }


def currency_headers(question: Question, scope: QuestionScope | None = None) -> dict[str, str]:
    """Return the header that names currencies with costs that a scope leaves out, if any."""
    others = other_currencies(question.snapshot, scope or question.scope, question.period)
    return {OTHER_CURRENCIES: ", ".join(others)} if others else {}


def file_headers(question: Question) -> dict[str, str]:
    """Return the header that names a file after the question, the organization and the days."""
    name = _VERB.sub("", re.sub("(?=[A-Z])", "-", question.request.question).lower())
    scope, period = question.scope, question.period
    days = (period.start, period.end) if period else ()
    owner = scope.organization.id if scope.organization else scope.tenant
    return attachment(question.format, name, owner, *days)


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether `If-None-Match` names a tag, weak or strong; a tag contains no quotes."""
    return f'"{etag}"' in if_none_match


@lru_cache(maxsize=32)
def takes_gzip(accept_encoding: str) -> bool:
    """Return whether `Accept-Encoding` allows gzip."""
    return bool(parse_accept_header(accept_encoding)["gzip"])
