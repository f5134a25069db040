"""Find an answer in the cache or write it, and respond with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from starlette.responses import Response

from tollbook.analytics.completeness import Meta, completeness, of_a_part
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.answer_headers import (
    currency_headers,
    etag_of,
    file_headers,
    matches_etag,
    state_headers,
    takes_gzip,
)
from tollbook.api.endpoints.analytics.queries import AnswerQuery
from tollbook.api.endpoints.analytics.questions import Question
from tollbook.api.formats.choice import content_type, table_writer
from tollbook.api.formats.json import extended_json
from tollbook.api.pipeline.cache import Answer
from tollbook.api.pipeline.responses import answer_response
from tollbook.api.pipeline.streams import Streamed
from tollbook.domain.keys import ApiKey
from tollbook.store import quarantine
from tollbook.store.database import Snapshot


class Lookup(NamedTuple):
    """What is known of an answer before it is read: its tag, and who has it already.

    `answer` is that of the cache. `is_known` says that the client has it; with `If-None-Match: *`
    any answer will do, and whether there is one shows when it is written.
    """

    etag: str
    answer: Answer | None
    is_known: bool
    is_any: bool

    @property
    def is_missing(self) -> bool:
        """Return whether the answer has to be read from the ledger."""
        return self.answer is None and (self.is_any or not self.is_known)


def find(question: Question) -> Lookup:
    """Look up whether the client or the cache has the answer."""
    etag, request = etag_of(question), question.request
    if_none_match = request.headers.get("if-none-match", "")
    is_any = if_none_match.strip() == "*"
    is_known = is_any or matches_etag(if_none_match, etag)
    answer = request.services.cache.get(etag)
    source = "client" if is_known else "cache" if answer else "ledger"
    request.services.metrics.count_answer(source)
    return Lookup(etag, answer, is_known, is_any)


def write_report(
    question: Question,
    report: Any,
    extras: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    quarantined: int | None = None,
) -> Answer:
    """Return a report in JSON, with what is asked for in addition after its documented fields.

    `quarantined` counts the state that it was read from, when that is not the present one.
    """
    extras = dict(extras or {})
    query = question.request.query
    if isinstance(query, AnswerQuery) and "meta" in query.include and "meta" not in extras:
        extras["meta"] = visible_meta(question.request.key, read_meta(question))
    waiting = count_quarantined(question) if quarantined is None else quarantined
    headers = {**currency_headers(question), **(headers or {})}
    return Answer(extended_json(report, extras), waiting, headers=headers)


def write_table(
    question: Question,
    table: Table,
    headers: Mapping[str, str] | None = None,
    quarantined: int | None = None,
) -> Answer:
    """Return a table in the format of the question, as a file."""
    return Answer(
        body=b"".join(_writer(question)(table)),
        quarantined=count_quarantined(question) if quarantined is None else quarantined,
        media_type=content_type(question.format),
        headers={**currency_headers(question), **(headers or {}), **file_headers(question)},
    )


def read_meta(question: Question) -> Meta:
    """Return how complete the answer is, for a key that may see all of it."""
    it = question
    return completeness(it.snapshot, it.scope, it.period, it.version, it.now, it.clock)


def visible_meta(key: ApiKey, meta: Meta) -> Meta:
    """Return what a key may know of how complete an answer is."""
    return of_a_part(meta) if key.sees_a_part else meta


def count_quarantined(question: Question) -> int:
    """Count the quarantined events of the organization or the tenant asked about."""
    return quarantine.count(question.snapshot, question.scope.tenant, question.scope.number)


def keep(question: Question, found: Lookup, answer: Answer) -> Lookup:
    """Keep an answer for as long as the ledger does not change."""
    question.request.services.cache.put(found.etag, answer)
    return found._replace(answer=answer)


def respond(question: Question, found: Lookup) -> Response:
    """Return the response: 304 when the client has the answer, else the answer."""
    answer, request = found.answer, question.request
    headers = state_headers(question) | {"ETag": f'W/"{found.etag}"'}
    waiting = count_quarantined(question) if answer is None else answer.quarantined
    headers["X-Quarantined"] = str(waiting)
    if answer is None or found.is_known:
        return Response(None, 304, headers)
    compress = request.services.compression and takes_gzip(
        request.headers.get("accept-encoding", "")
    )
    return answer_response(answer, headers, compress=compress)


def stream(question: Question, read_table: Callable[[Snapshot], Table]) -> Response:
    """Return a table of any length, written while it is read from a snapshot of its own."""
    services, write = question.request.services, _writer(question)
    services.metrics.count_answer("ledger")
    headers = state_headers(question) | file_headers(question)
    headers["X-Quarantined"] = str(count_quarantined(question))
    return Streamed(
        services.database,
        services.exporting,
        lambda snapshot: write(read_table(snapshot)),
        headers,
        content_type(question.format),
    )


def _writer(question: Question) -> Callable[[Table], Iterator[bytes]]:
    """Return the function that writes a table as the question asks for it."""
    return table_writer(question.format, escape_formulas=question.request.query.escape_formulas)
