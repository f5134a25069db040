"""A question with everything that its answer depends on, and the check that its state is here."""

from typing import Any, NamedTuple

from tollbook.analytics.completeness import instant_of_answer
from tollbook.analytics.scope import QuestionScope
from tollbook.api.endpoints.analytics.queries import StateQuery
from tollbook.api.endpoints.formats import resolve_format
from tollbook.api.formats.choice import Format
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.domain.errors import InvalidRequest, NotYet, Problem
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import TimeLimit
from tollbook.store.versions import LedgerVersion


class Question(NamedTuple):
    """A question: whose usage, in which days, in which state of the ledger and which format.

    `now` is the instant that the answer is true of. It never goes back: it is not before the newest
    commit, whose server's clock may be ahead; on a standby it is not after the last commit that
    has arrived. It is not before `min_as_of` either. Days begin by this server's `clock`.
    `compared` are the days to compare with, and `depends_on` is anything else that another answer
    would follow from.
    """

    request: ApiRequest[StateQuery]
    snapshot: Snapshot
    scope: QuestionScope
    period: Period | None
    now: int
    version: LedgerVersion
    format: Format = Format.JSON
    clock: int = 0
    compared: Period | None = None
    depends_on: Any = None

    @property
    def is_on_replica(self) -> bool:
        """Return whether the snapshot is that of the replica."""
        return self.request.services.is_on_replica

    @property
    def is_table(self) -> bool:
        """Return whether the answer is a table, rather than a report in JSON."""
        return self.format is not Format.JSON


def open_question(
    request: ApiRequest[StateQuery],
    snapshot: Snapshot,
    scope: QuestionScope,
    clock: int,
    period: Period | None = None,
    *,
    compared: Period | None = None,
    depends_on: Any = None,
) -> Question:
    """Return the question, in the state of the snapshot; `NotYet` when that state is too old."""
    version = scope.ledger_version(snapshot)
    now = instant_of_answer(snapshot, version, clock)
    min_as_of = request.query.min_as_of
    if min_as_of is not None:
        _require_arrived(request, snapshot, scope, version, now, min_as_of)
        now = max(now, min_as_of)
    return Question(
        request=request,
        snapshot=snapshot,
        scope=scope,
        period=period,
        now=now,
        version=version,
        format=resolve_format(request, request.query.format),
        clock=clock,
        compared=compared,
        depends_on=depends_on,
    )


def _require_arrived(
    request: ApiRequest[StateQuery],
    snapshot: Snapshot,
    scope: QuestionScope,
    version: LedgerVersion,
    now: int,
    min_as_of: int,
) -> None:
    """Refuse to answer from a state that is older than the client knows to exist."""
    newest = max(now, version.newest_change)
    if min_as_of > newest and scope.organization:
        newest = max(newest, newest_change_of_tenant(request, snapshot))
    if min_as_of <= newest and has_arrived(request, snapshot, scope, min_as_of):
        return
    services = request.services
    if min_as_of > max(newest, services.clock() + services.clocks_differ_by):
        sentence = "min_as_of must be the as_of of a receipt: it lies in the future"
        raise InvalidRequest.of([Problem("min_as_of", "in_future", sentence)])
    raise NotYet


def newest_change_of_tenant(request: ApiRequest, snapshot: Snapshot) -> int:
    """Return the latest instant in a receipt of any organization that the key may see."""
    if request.key.scope.organization_id is not None:
        return 0
    return QuestionScope(request.tenant).ledger_version(snapshot).newest_change


def has_arrived(
    request: ApiRequest, snapshot: Snapshot, scope: QuestionScope, instant: int
) -> bool:
    """Return whether everything acknowledged up to an instant is in the snapshot.

    On a primary it is: the snapshot is newer than the question. On a standby it is certain once
    each organization has events that came then or later, or once the last commit that was replayed
    is later by more than a clock may be wrong and a commit may take.
    """
    if snapshot.replayed_at is None:
        return True
    slack = request.services.max_clock_seconds + TimeLimit.COMMIT.value
    return snapshot.replayed_at > instant + slack * 1_000_000 or scope.has_received(
        snapshot, instant
    )
