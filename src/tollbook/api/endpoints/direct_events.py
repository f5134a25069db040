"""POST /v1/events without detours, for plain requests; any other goes the general way.

The steps are those of the general way, on the same functions. A request that could fail, wait or
need the database goes that way before anything has happened: the general way is the reference.
"""

import asyncio
import time
from collections.abc import Mapping

import structlog
from starlette.types import Scope

from tollbook.api.endpoints.events import POST_EVENTS, receipts_answer
from tollbook.api.pipeline.access import key_text, split_key
from tollbook.api.pipeline.body_budget import LARGE
from tollbook.api.pipeline.direct_protocol import DirectRequest, lines_of
from tollbook.api.pipeline.request_ids import REQUEST_ID
from tollbook.api.pipeline.request_log import KEY, ROUTE
from tollbook.api.pipeline.responses import JSON, error_response
from tollbook.api.pipeline.security_headers import SecurityHeadersMiddleware
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import TollbookError
from tollbook.domain.event_type_errors import MappedTypesChanged
from tollbook.domain.keys import UNLIMITED, ApiKey, matches
from tollbook.ingest.content_types import media_type_in
from tollbook.ingest.decode import decode_json
from tollbook.ingest.drafts import BodyReader
from tollbook.ingest.group_commit import Outcome
from tollbook.ingest.submit import KeyInUse, Submission, submission_of

_PATH = POST_EVENTS.path.encode()
_GENERAL_HEADERS = frozenset(
    {b"content-encoding", b"transfer-encoding", b"origin", b"upgrade", b"x-forwarded-prefix"}
)
"""Headers with which a request goes the general way; so do attributes of CloudEvents."""
_JSON = JSON.encode()
_KEY_HEADERS = {b"x-api-key": "x-api-key", b"authorization": "authorization"}
_JSON_TYPES = frozenset({b"", _JSON})
_MOST_DIGITS = len(str(LARGE))
_log = structlog.get_logger()
Admitted = tuple[int, ApiKey]
"""The token of the state of a tenant's directory, and a key in it."""


class DirectEvents:
    """Answers plain requests of `POST /v1/events` whose key and organizations are in memory.

    All requests of one turn of the loop go to the writer together, and their receipts come back
    together: each way between the two threads costs more than the rest of a request.
    """

    def __init__(self, services: Services, security: SecurityHeadersMiddleware) -> None:
        self.services = services
        self.security = security
        self._permissions = POST_EVENTS.permissions
        given = security.hardened([(b"content-type", _JSON), (b"vary", b"Origin")], b"")
        self.headers = lines_of(given).removesuffix(b"\r\n")
        """The headers of receipts, except their length, up to the id of the request."""
        self._arrived: list[tuple[DirectRequest, Admitted, float]] = []
        """Requests of this turn, each with its start in seconds of `perf_counter`."""

    def admit(self, scope: Scope) -> Admitted | None:
        """Return the key of a plain request with a small JSON body; None for any other."""
        if scope["method"] != "POST" or scope["raw_path"] != _PATH or scope["query_string"]:
            return None
        length = media_type = b""
        texts: dict[str, str] = {}
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"content-type":
                if not value:
                    return None
                media_type = media_type or value
            elif name in _KEY_HEADERS:
                texts.setdefault(_KEY_HEADERS[name], value.decode("latin-1"))
            elif name in _GENERAL_HEADERS or name[:3] == b"ce-":
                return None
        small = 0 < len(length) <= _MOST_DIGITS and int(length) <= LARGE
        is_json = media_type in _JSON_TYPES or media_type_in(media_type.decode("latin-1")) == JSON
        if not (small and is_json) or self.services.root_path:
            return None
        return self._admitted(texts)

    def _admitted(self, headers: Mapping[str, str]) -> Admitted | None:
        """Return a key without limits, and the token of its state, if it is in memory."""
        try:
            text, prefix = split_key(key_text(headers))
        except TollbookError:
            return None
        found = self.services.directory_cache.remembered_key(prefix)
        if found is None or not matches(text, found[1].hash):
            return None
        key = found[1]
        may = any(map(key.may, self._permissions))
        return found if may and key.limits is UNLIMITED else None

    def handle(self, request: DirectRequest, admitted: Admitted) -> None:
        """Answer a request with the others of this turn of the loop, or hand it over."""
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._put)
        self._arrived.append((request, admitted, time.perf_counter()))

    def _put(self) -> None:
        """Queue the events of the requests that arrived in this turn."""
        requests, self._arrived = self._arrived, []
        ready: list[_Awaited] = []
        for request, admitted, start in requests:
            try:
                submission = self._submission(*admitted, request.body)
            except Exception:  # the general way reports whatever it is
                submission = None
            if submission is None:
                request.hand_over()
                continue
            key = admitted[1]
            self.services.key_usage.note(key, submission.now)
            request.scope[KEY], request.scope[ROUTE] = key, POST_EVENTS.path
            ready.append(_Awaited(self, request, submission, start))
        for refused in self.services.write_queue.put_all(ready):
            refused.request.hand_over()

    def _submission(self, token: int, key: ApiKey, body: bytes) -> Submission | None:
        services = self.services
        cache = services.directory_cache
        reader = BodyReader(cache, decode_json, key.scope, key.event_rules, services.clock)
        draft = reader.draft(body)
        terms = draft and cache.remembered_terms(draft.scope.tenant_id, draft.organizations)
        if not draft or not terms:
            return None
        return submission_of(draft, terms, KeyInUse(key.prefix, token), atomic=False)


class _Awaited:
    """A submission, and the request that waits for its receipts.

    `start` is in seconds of `perf_counter`.
    """

    __slots__ = ("_direct", "_start", "request", "submission")

    def __init__(
        self, direct: DirectEvents, request: DirectRequest, submission: Submission, start: float
    ) -> None:
        self._direct = direct
        self._start = start
        self.request = request
        self.submission = submission

    def prepare(self) -> None:
        """Do nothing: the submission is there."""

    def release(self, outcome: Outcome) -> None:
        """Answer the request; a defect closes its connection and leaves others alone."""
        try:
            if isinstance(outcome, MappedTypesChanged):
                self.request.hand_over()
            else:
                self._respond(outcome)
        except Exception:
            _log.exception("request_failed", endpoint=POST_EVENTS.name)
            self.request.abort()

    def _respond(self, outcome: Outcome) -> None:
        services, security = self._direct.services, self._direct.security
        scope = self.request.scope
        identity = security.identify(scope["headers"])
        if isinstance(outcome, TollbookError):
            token = REQUEST_ID.set(identity.decode())
            response = error_response(outcome)
            REQUEST_ID.reset(token)
            services.metrics.count_refused(outcome)
            status, body = outcome.status, bytes(response.body)
            given = [*response.raw_headers, (b"vary", b"Origin")]
            headers = lines_of(security.hardened(given, identity))
        else:
            status, body = receipts_answer(outcome, services)
            length = b"content-length: %d\r\n" % len(body)
            headers = b"".join((length, self._direct.headers, identity, b"\r\n"))
        self.request.respond(status, headers, body)
        seconds = time.perf_counter() - self._start
        services.metrics.count_request(POST_EVENTS.name, status, seconds)
        services.request_log.note(scope, identity, status, self._start)
