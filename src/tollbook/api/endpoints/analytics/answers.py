"""Find an answer in the cache or write it, and respond with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from tollbook.analytics.completeness import Meta, completeness, of_a_part
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.answer_headers import (
    currency_headers,
    file_headers,
    matches_etag,
    state_headers,
    tag_of,
    tag_of_content,
    takes_gzip,
)
from tollbook.api.endpoints.analytics.queries import AnswerQuery
from tollbook.api.endpoints.analytics.questions import Question
from tollbook.api.formats.choice import ERROR_WRITERS, content_type, table_writer
from tollbook.api.formats.json import extended_json
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.api.pipeline.access import owner_of
from tollbook.api.pipeline.cache import Answer
from tollbook.api.pipeline.responses import answer_response
from tollbook.api.pipeline.streams import ExportFile, Streamed
from tollbook.store import quarantine
from tollbook.store.database import Snapshot
from tollbook.store.quarantine import Part

_LAG_PLACES = 3


class Lookup(NamedTuple):
    """What is known of an answer before it is read: its tag, and who has it already.

    `answer` is that of the cache. With `If-None-Match: *` any answer will do, and whether there is
    one shows when it is written. The tag changes with every change of the organization. A key that
    sees a part of it must not learn that the rest has changed: it gets a tag of the content.
    """

    tag: str
    answer: Answer | None
    if_none_match: str
    sees_a_part: bool

    @property
    def etag(self) -> str:
        """Return the tag that the client gets; empty when it depends on an unread answer."""
        if not self.sees_a_part:
            return self.tag
        return tag_of_content(self.answer.body) if self.answer else ""

    @property
    def is_any(self) -> bool:
        """Return whether the client is content with having any answer."""
        return self.if_none_match.strip() == "*"

    @property
    def is_known(self) -> bool:
        """Return whether the client has the answer."""
        etag = self.etag
        return self.is_any or (bool(etag) and matches_etag(self.if_none_match, etag))

    @property
    def is_missing(self) -> bool:
        """Return whether the answer has to be read from the ledger."""
        return self.answer is None and (self.is_any or not self.is_known)


def find(question: Question) -> Lookup:
    """Look up whether the client or the cache has the answer."""
    tag, request = tag_of(question), question.request
    if_none_match = request.headers.get("if-none-match", "")
    answer = request.services.cache.get(request.tenant, tag)
    found = Lookup(tag, answer, if_none_match, request.key.sees_a_part)
    source = "client" if found.is_known else "cache" if answer else "ledger"
    request.services.metrics.count_answer(source)
    return found


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
        extras["meta"] = visible_meta(question.request, read_meta(question))
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
    part = _part_of(it)
    return completeness(it.snapshot, it.scope, it.period, it.version, it.now, it.clock, part)


def visible_meta(request: ApiRequest, meta: Meta) -> Meta:
    """Return what the key of a request may know of how complete its answer is."""
    lag = request.services.lag_seconds
    if lag is not None:
        meta = msgspec.structs.replace(meta, replica_lag_seconds=round(lag, _LAG_PLACES))
    return of_a_part(meta) if request.key.sees_a_part else meta


def count_quarantined(question: Question) -> int:
    """Count the quarantined events, that the key may know of, of the organization or tenant."""
    scope, part = question.scope, _part_of(question)
    return quarantine.count(question.snapshot, scope.tenant, scope.number, part=part)


def _part_of(question: Question) -> Part:
    """Return the part of the usage that the key of a question sees."""
    request = question.request
    key, cache = request.key, request.services.directory_cache
    by_type = cache.catalog(question.snapshot, request.tenant).by_type
    return Part(key.scope.user_id, tuple(by_type[meter].code for meter in key.limits.meters))


def keep(question: Question, found: Lookup, answer: Answer) -> Lookup:
    """Keep an answer for as long as the ledger does not change.

    An answer about a part that says as of when it is true is not kept: it would show when anything
    else has changed. Nor is one that reports by how much a replica lags.
    """
    query = question.request.query
    shows_time = isinstance(query, AnswerQuery) and "meta" in query.include
    request = question.request
    if not (shows_time and (found.sees_a_part or request.services.is_on_replica)):
        request.services.cache.put(request.tenant, found.tag, answer)
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
    question.request.services.metrics.count_answer("ledger")
    return _stream(question, read_table, {})


def stream_table(
    question: Question, found: Lookup, table: Table, headers: Mapping[str, str]
) -> Response:
    """Return a table whose rows are read, written while it is sent. It is not kept.

    A tag of the content, for a key that sees a part, would need all of it first.
    """
    tag = {} if found.sees_a_part else {"ETag": f'W/"{found.tag}"'}
    return _stream(question, lambda _: table, {**currency_headers(question), **headers, **tag})


def _stream(
    question: Question, read_table: Callable[[Snapshot], Table], headers: Mapping[str, str]
) -> Response:
    request, write = question.request, _writer(question)
    services = request.services
    more = {**file_headers(question), **headers, "X-Quarantined": str(count_quarantined(question))}
    return Streamed(
        services.database,
        services.exports,
        owner_of(request.key, request.headers),
        ExportFile(
            lambda snapshot: write(read_table(snapshot)),
            ERROR_WRITERS[question.format],
            content_type(question.format),
        ),
        state_headers(question) | more,
    )


def _writer(question: Question) -> Callable[[Table], Iterator[bytes]]:
    """Return the function that writes a table as the question asks for it."""
    return table_writer(question.format, escape_formulas=question.request.query.escape_formulas)
