"""What the questions of analytics have in common: whom they ask about, tags, headers, extras."""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from tollbook import __version__
from tollbook.analytics.completeness import (
    Meta,
    completeness,
    instant_text,
    of_a_part,
    period_state,
)
from tollbook.analytics.scope import QuestionScope, other_currencies
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.format_parameter import format_of
from tollbook.api.formats.choice import WRITERS, Format, attachment, content_type
from tollbook.api.openapi.endpoint import ApiRequest, Parameter, ParameterKind
from tollbook.api.pipeline.access import organization_of
from tollbook.api.pipeline.cache import Answer
from tollbook.api.pipeline.responses import answer_response
from tollbook.api.pipeline.streams import Streamed
from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import InvalidRequest, NotYet, PermissionMissing, Problem
from tollbook.domain.keys import ApiKey
from tollbook.domain.named_periods import NAMES, ChosenPeriod, choose
from tollbook.domain.periods import Comparison, Period
from tollbook.store import quarantine
from tollbook.store.database import Snapshot
from tollbook.store.engine import TimeLimit
from tollbook.store.versions import LedgerVersion

START_DATE = Parameter(
    "start_date",
    "First day, YYYY-MM-DD. Default: 30 days before `end_date`.",
    ParameterKind.DATE,
    example="2024-01-01",
)
END_DATE = Parameter(
    "end_date",
    "Last day, YYYY-MM-DD. Default: today in the organization's time zone, for a whole tenant in "
    "UTC.",
    ParameterKind.DATE,
    example="2024-01-31",
)
PERIOD = Parameter(
    "period",
    "The days by name instead of `start_date` and `end_date`, on the same calendar: "
    f"{', '.join(f'`{name}`' for name in NAMES)}, or a month such as `2024-01`. `last_30_days` is "
    "the default: from 30 days ago to today.",
    ParameterKind.PERIOD,
)
COMPARE = Parameter(
    "compare",
    "What to compare with: as many whole months or days before, or the same dates a year before. "
    "A period that has not ended is compared with the same elapsed part.",
    ParameterKind.CHOICE,
    choices=tuple(Comparison),
    default=Comparison.PREVIOUS_PERIOD.value,
)
INCLUDE = Parameter(
    "include",
    "What to add after the documented fields: `totals`, the sums of all rows; `meta`, as of when "
    "the answer is true and what is missing from it.",
    ParameterKind.LIST,
    choices=("totals", "meta"),
    default=(),
)
META = Parameter(
    "include",
    "What to add after the documented fields: `meta`, as of when the answer is true and what is "
    "missing from it.",
    ParameterKind.LIST,
    choices=("meta",),
    default=(),
)
MIN_AS_OF = Parameter(
    "min_as_of",
    "Answer from a state that holds everything acknowledged up to this instant: the `as_of` of a "
    "receipt.",
    ParameterKind.INSTANT,
)
CURRENCY = Parameter(
    "currency",
    "Answer for organizations of this currency. Default: the tenant's currency. Amounts of "
    "different currencies are never added up; `X-Other-Currencies` names others with costs.",
    example="USD",
    longest=3,
)


OTHER_CURRENCIES = "X-Other-Currencies"
_VERB = re.compile("^(get|list)-")


class Question(NamedTuple):
    """A question that was let in: whose usage, in which days, when, in which state and format.

    `now` is as of when it is answered, which never goes back: not before the newest commit, whose
    server's clock may be ahead; on a standby, not after the last commit that has arrived there.
    Days begin by this server's `clock`.
    `compared` are the days of the comparison that it asks for.
    """

    call: ApiRequest
    snapshot: Snapshot
    scope: QuestionScope
    period: Period | None
    now: int
    version: LedgerVersion
    chosen: Format = Format.JSON
    clock: int = 0
    compared: Period | None = None


class Result(NamedTuple):
    """What a question is answered with.

    The documented report and what follows its fields; what makes the same a table, for another
    format; and the headers that only this answer has.
    `quarantined` is of the state that it was read from, when that is not the present one.
    """

    report: Any
    extras: Mapping[str, Any] = {}
    table: Callable[[], Table] | None = None
    headers: Mapping[str, str] = {}
    quarantined: int | None = None


def scope_of(call: ApiRequest, snapshot: Snapshot) -> QuestionScope:
    """Tell whose usage is asked for, of those that the key may see.

    Without an `organization_id`, and for a key of the whole tenant, all of its organizations. A key
    bound to a user asks about that user whatever it says.
    """
    bound = call.key.scope
    named = call.query.get("organization_id") or bound.organization_id
    if named is None:
        return QuestionScope(call.tenant, currency=_currency(call))
    row = organization_of(snapshot, call.key, named)
    return QuestionScope(
        call.tenant, row, bound.user_id or call.query.get("user_id"), _currency(call)
    )


def _currency(call: ApiRequest) -> str | None:
    named: str | None = call.query.get("currency")
    problem = currency_problem(named) if named is not None else None
    if problem:
        raise InvalidRequest.of([problem])
    return named


def refuse_user_key(call: ApiRequest) -> None:
    """Refuse a key that sees one user only where more than that is asked for."""
    if call.key.scope.user_id is not None:
        raise PermissionMissing("a key bound to one user sees that user only")


def asked(
    call: ApiRequest,
    snapshot: Snapshot,
    scope: QuestionScope,
    *,
    dated: bool = True,
    comparing: str = "start_date",
) -> Question:
    """Resolve the period of a question, and see in which state of the ledger it is answered.

    `comparing` is the parameter to name when there is no period to compare with.
    """
    version = scope.ledger_version(snapshot)
    clock = call.services.clock()
    known_until = clock if snapshot.replayed_at is None else min(clock, snapshot.replayed_at)
    now = max(known_until, version.as_of, version.received_at)
    _require_arrived(call, snapshot, scope, now)
    period = compared = None
    if dated:
        chosen = chosen_period(call, scope, clock)
        period, compared = chosen.period, _compared(call, chosen, comparing)
    return Question(call, snapshot, scope, period, now, version, format_of(call), clock, compared)


def chosen_period(call: ApiRequest, scope: QuestionScope, clock: int) -> ChosenPeriod:
    """Return the days that a question asks about, by name or by dates."""
    query = call.query
    names = (query["start_date"], query["end_date"], query["period"])
    return choose(*names, scope.today(clock))


def _compared(call: ApiRequest, chosen: ChosenPeriod, field: str) -> Period | None:
    how = call.query.get("compare")
    if how is None:
        return None
    try:
        return chosen.compared(Comparison(how))
    except OverflowError as error:
        sentence = f"{field} must leave room in the calendar for the period before"
        raise InvalidRequest.of([Problem(field, "out_of_range", sentence)]) from error


def _require_arrived(call: ApiRequest, snapshot: Snapshot, scope: QuestionScope, now: int) -> None:
    """Refuse to answer from a state that is older than the client knows to exist."""
    min_as_of = call.query.get("min_as_of")
    if min_as_of is None:
        return
    newest = now if min_as_of <= now else max(now, _newest_of_tenant(call, snapshot))
    if min_as_of <= newest and has_arrived(call, snapshot, scope, min_as_of):
        return
    if min_as_of > max(newest, call.services.clock() + call.services.clocks_differ_by):
        sentence = "min_as_of must be the as_of of a receipt: it lies in the future"
        raise InvalidRequest.of([Problem("min_as_of", "in_future", sentence)])
    raise NotYet


def has_arrived(call: ApiRequest, snapshot: Snapshot, scope: QuestionScope, instant: int) -> bool:
    """Return whether everything acknowledged up to an instant is in the snapshot.

    On a primary it is: the snapshot is newer than the question. On a standby that is certain once
    each organization has events that came then or later, or once the last commit that was replayed
    is later by more than a clock may be wrong and a commit may take.
    """
    if snapshot.replayed_at is None:
        return True
    slack = call.services.max_clock_seconds + TimeLimit.COMMIT.value
    return snapshot.replayed_at > instant + slack * 1_000_000 or scope.has_received(
        snapshot, instant
    )


def _newest_of_tenant(call: ApiRequest, snapshot: Snapshot) -> int:
    """Return the latest instant in a receipt of any organization that the key may see."""
    if call.key.scope.organization_id is not None:
        return 0
    version = QuestionScope(call.tenant).ledger_version(snapshot)
    return max(version.as_of, version.received_at)


def answer(it: Question, tell: Callable[[], Result], *, keep: bool = True) -> Response:
    """Answer from the cache while the ledger has not changed, else with what `tell` gives.

    Pages are not kept: they are cut from rows that are, and a cursor in them says as of when.
    """
    call, headers = it.call, _headers(it)
    digest = _digest(it)
    headers["ETag"] = f'W/"{digest}"'
    kept = call.services.cache.get(digest)
    if_none_match = call.headers.get("if-none-match", "")
    known = _matches(if_none_match, digest)
    count = call.services.metrics.count_answer
    count("client" if known else "cache" if kept else "ledger")
    # `*` is any answer there is: whether there is one is known once it is made.
    if kept is None and (not known or if_none_match.strip() == "*"):
        kept = _kept(it, tell())
        if keep:
            call.services.cache.put(digest, kept)
    headers["X-Quarantined"] = str(waiting(it) if kept is None else kept.quarantined)
    if kept is None or known:
        return Response(None, 304, headers)
    compress = call.services.compression and _takes_gzip(call.headers.get("accept-encoding", ""))
    return answer_response(kept, headers, compress=compress)


def stream(it: Question, table_of: Callable[[Snapshot], Table]) -> Response:
    """Answer with a table of any length, written while it is read from a snapshot of its own."""
    headers = {**_headers(it), **_attachment(it), "X-Quarantined": str(waiting(it))}
    services, write = it.call.services, WRITERS[it.chosen]
    services.metrics.count_answer("ledger")
    return Streamed(
        services.database,
        services.exporting,
        lambda snapshot: write(table_of(snapshot)),
        headers,
        content_type(it.chosen),
    )


def _kept(it: Question, told: Result) -> Answer:
    """Write an answer in the format that was chosen."""
    waits = waiting(it) if told.quarantined is None else told.quarantined
    headers = {**_currencies(it), **told.headers}
    if it.chosen is Format.JSON or told.table is None:
        return Answer(_encoded(it, told), waits, headers=headers)
    headers |= _attachment(it)
    body = b"".join(WRITERS[it.chosen](told.table()))
    return Answer(body, waits, None, content_type(it.chosen), headers)


def _currencies(it: Question) -> dict[str, str]:
    """Name the other currencies with costs in the period, if there are any."""
    return others_named(it, it.scope)


def others_named(it: Question, scope: QuestionScope) -> dict[str, str]:
    """Return the header that names currencies with costs that a scope leaves out, if there are."""
    others = other_currencies(it.snapshot, scope, it.period)
    return {OTHER_CURRENCIES: ", ".join(others)} if others else {}


def _attachment(it: Question) -> dict[str, str]:
    """Name the file after the question, the organization and the days."""
    question = _VERB.sub("", re.sub("(?=[A-Z])", "-", it.call.question).lower())
    period = it.period
    days = (period.start, period.end) if period else ()
    who = it.scope.organization.id if it.scope.organization else it.scope.tenant
    return attachment(it.chosen, question, who, *days)


def _headers(it: Question) -> dict[str, str]:
    return {
        "Cache-Control": "private, no-cache",
        "Vary": "X-API-Key, Authorization, Accept, Accept-Encoding",
        "X-As-Of": instant_text(it.now),
    }


def _digest(it: Question) -> str:
    """Name the state that an answer is true of, and the question: the same, the same answer."""
    query = sorted((name, str(value)) for name, value in it.call.query.items() if value is not None)
    asked_for = (it.call.question, query, it.chosen, it.scope, it.period, it.compared)
    told_meta = "meta" in it.call.query.get("include", ())
    ended = period_state(it.scope, it.period, it.clock) if told_meta else None
    state = (__version__, *asked_for, it.version.token, ended, it.call.key.sees_a_part)
    return blake2b(msgspec.json.encode(state), digest_size=12).hexdigest()


def waiting(it: Question) -> int:
    """Count what waits in quarantine, of the organization or the tenant asked about."""
    return quarantine.count(it.snapshot, it.scope.tenant, it.scope.number)


def _encoded(it: Question, told: Result) -> bytes:
    """Write a report with what was asked for besides, after the documented fields."""
    extras = dict(told.extras)
    if "meta" in it.call.query.get("include", ()) and "meta" not in extras:
        extras["meta"] = meta_for(it.call.key, meta_of_all(it))
    body = msgspec.json.encode(told.report)
    return body if not extras else body[:-1] + b"," + msgspec.json.encode(extras)[1:]


def meta_of_all(it: Question) -> Meta:
    """Say how complete the answer is, to whoever may see all of it."""
    return completeness(it.snapshot, it.scope, it.period, it.version, it.now, it.clock)


def meta_for(key: ApiKey, whole: Meta) -> Meta:
    """Leave out what a key that sees only a part may not know of the rest."""
    return of_a_part(whole) if key.sees_a_part else whole


def _matches(if_none_match: str, digest: str) -> bool:
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return f'"{digest}"' in tags


def _takes_gzip(accept_encoding: str) -> bool:
    for choice in accept_encoding.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
