"""Things that tests need, with defaults: a test says only what it is about."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from tollbook.administration.meters import add_meter
from tollbook.administration.price_books import example_book
from tollbook.administration.tenants import ensure_tenant
from tollbook.analytics.users import users_report
from tollbook.domain.directory import Organization
from tollbook.domain.errors import TollbookError
from tollbook.domain.keys import (
    UNLIMITED,
    ApiKey,
    KeyScope,
    Limits,
    Permission,
    prefix_of,
)
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.periods import Period
from tollbook.domain.quarantine import EVERYTHING, QuarantineAction, QuarantineRun, Selection
from tollbook.domain.receipts import Receipt
from tollbook.ingest.commit import BatchResult, commit
from tollbook.ingest.correction_submission import CorrectionSubmission, correction_submission
from tollbook.ingest.corrections import correct
from tollbook.ingest.decode import decode_json
from tollbook.ingest.decode_corrections import decode_json as decode_corrections
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.reversals import decode_reversals, reverse
from tollbook.ingest.submit import Submission, draft_of, submission_of
from tollbook.lifecycle.reversals import reversal_differences
from tollbook.quarantine import runs as quarantine_runs
from tollbook.quarantine.run_steps import QuarantineExecutor
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.store import directory, keys, prices
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database
from tollbook.store.delivery_checks import delivery_differences
from tollbook.store.event_ids import decode_row
from tollbook.store.meter_checks import meter_differences
from tollbook.store.meters import read_catalog
from tollbook.store.notification_checks import notification_differences
from tollbook.store.orphans import owner_differences
from tollbook.store.verification import CHECKS, RowDifference, differences
from tollbook.wiring import now

TENANT = "default"
Json = dict[str, Any]


def event(**given: Any) -> Json:
    """An ordinary call of 61 seconds; None takes a field away."""
    usual = {
        "id": "call-1",
        "type": "voice.call",
        "organization_id": "org_1",
        "user_id": "user_1",
        "time": "2024-01-15T10:30:00Z",
        "quantity": 61,
    }
    return {name: value for name, value in {**usual, **given}.items() if value is not None}


def reversal(reverses: str = "call-1", **given: Any) -> Json:
    """A reversal of `reverses`; None takes a field away."""
    usual = {
        "id": f"back {reverses}",
        "organization_id": "org_1",
        "reverses": reverses,
        "reason": "a test",
    }
    return {name: value for name, value in {**usual, **given}.items() if value is not None}


def correction(corrects: str = "call-1", **given: Any) -> Json:
    """A correction of `corrects`; None removes a value in the corrected event."""
    usual = {
        "id": f"new {corrects}",
        "organization_id": "org_1",
        "corrects": corrects,
        "reason": "a test",
    }
    return {**usual, **given}


class Platform:
    """A tenant with the example prices on an open database, used without HTTP."""

    def __init__(self, database: Database, tenant: str = TENANT) -> None:
        self.database = database
        self.tenant = tenant
        self.directory_cache = DirectoryCache(database)
        with database.writing() as transaction:
            if ensure_tenant(transaction, Actor(tenant, COMMAND_LINE, now())):
                prices.add_price_book(transaction, tenant, example_book(), now())

    def organization(self, identity: str = "org_1", **given: Any) -> int:
        """Create an organization; give its number."""
        name = given.pop("name", identity)
        with self.database.writing() as transaction:
            organization = Organization(identity, name, **given)
            directory.add_organization(transaction, self.tenant, organization, now())
        return self.number(identity)

    def number(self, identity: str) -> int:
        with self.database.reading() as snapshot:
            row = directory.find_organization(snapshot, self.tenant, identity)
        assert row is not None
        return row.number

    def actor(self) -> Actor:
        """Return the command line, now."""
        return Actor(self.tenant, COMMAND_LINE, now())

    def key(
        self,
        *permissions: Permission,
        organization: str | None = None,
        user: str | None = None,
        limits: Limits = UNLIMITED,
    ) -> str:
        """Issue a key; without permissions it is an admin's."""
        number = self.number(organization) if organization else None
        scope = KeyScope(self.tenant, organization, user)
        granted = permissions or (Permission.ADMIN,)
        with self.database.writing() as transaction:
            return keys.issue_key(transaction, "test", scope, granted, now(), number, limits)[1]

    def load(self, book: str) -> int:
        """Load a price book in YAML; give its version."""
        with self.database.writing() as transaction:
            parsed = parse_price_book(book, catalog=read_catalog(transaction, self.tenant))
            return prices.add_price_book(transaction, self.tenant, parsed, now())

    def add_meters(self, *meters: MeterTerms) -> None:
        """Add meters of the tenant's own."""
        actor = Actor(self.tenant, COMMAND_LINE, now())
        with self.database.writing() as transaction:
            for terms in meters:
                add_meter(transaction, actor, terms)

    def replay(self) -> int:
        """Look at quarantine again; give how many events left it."""
        return self.replay_at(now())

    def replay_at(self, instant: int) -> int:
        """Look at quarantine again when the clock says so, in microseconds."""
        return self.run_over_quarantine(QuarantineAction.REPLAY, instant=instant).released

    def run_over_quarantine(
        self, action: QuarantineAction, selection: Selection = EVERYTHING, *, instant: int = 0
    ) -> QuarantineRun:
        """Replay or discard events when the clock says so, in microseconds; give the run."""
        at = instant or now()
        actor = Actor(self.tenant, COMMAND_LINE, at)
        run = quarantine_runs.begin(self.database, actor, action, selection, None)
        for done in QuarantineExecutor(
            self.database,
            self.directory_cache,
            self.tenant,
            run.id,
            lambda: at,
            lambda _: None,
        ).steps():
            run = done
        return run

    def differences(self) -> list[RowDifference]:
        """Recompute every rollup from the events, as `tollbook verify` does."""
        with self.database.reading() as snapshot:
            found = [found for check in CHECKS for found in differences(snapshot, check)]
            found += reversal_differences(snapshot)
            found += notification_differences(snapshot)
            found += [*owner_differences(snapshot), *meter_differences(snapshot)]
            return [*found, *delivery_differences(snapshot)]

    def send(
        self, *events: Json, scope: KeyScope | None = None, atomic: bool = False
    ) -> BatchResult:
        """Take events through the ordinary write path in one transaction."""
        return self.commit(self.prepare(*events, scope=scope, atomic=atomic))

    def prepare(
        self, *events: Json, scope: KeyScope | None = None, atomic: bool = False
    ) -> Submission:
        """Rate events, up to the commit."""
        token, catalog = self.directory_cache.loaded_catalog(self.tenant)
        decoded = decode_json(msgspec.json.encode(list(events)), catalog)
        draft = draft_of(decoded, scope or KeyScope(self.tenant), now(), token=token)
        terms = self.directory_cache.loaded_terms(self.tenant, draft.organizations, now())
        return submission_of(draft, terms, atomic=atomic)

    def commit(self, submission: Submission) -> BatchResult:
        (settled,) = self.settle(submission)
        assert isinstance(settled, BatchResult), settled
        return settled

    def settle(self, *submissions: Submission) -> list[BatchResult | TollbookError]:
        """Commit submissions together; give what became of each."""
        return commit(self.database, self.directory_cache, submissions, now())

    def api_key(self, key: str) -> ApiKey:
        """Find an issued key as it is stored."""
        with self.database.reading() as snapshot:
            found = self.directory_cache.key(snapshot, prefix_of(key) or "")
        assert found is not None
        return found

    def reverse(
        self, *reversals: Json, key: str | None = None, atomic: bool = False
    ) -> BatchResult:
        """Take events back by a key, an admin's unless said."""
        found = self.api_key(key or self.key())
        decoded = decode_reversals(msgspec.json.encode(list(reversals)))
        actor = Actor(self.tenant, found.prefix, now())
        return reverse(self.database, self.directory_cache, found, decoded, actor, atomic=atomic)

    def reversed(self, *reversals: Json, **given: Any) -> list[tuple[str, str | None]]:
        """Take events back; say what became of each, with the code."""
        return [(it.status.value, it.code) for it in self.reverse(*reversals, **given).receipts]

    def correct(
        self, *corrections: Json, key: str | None = None, atomic: bool = False
    ) -> BatchResult:
        """Correct events by a key, an admin's unless said."""
        (settled,) = self.settle_corrections(
            self.prepare_corrections(*corrections, key=key, atomic=atomic)
        )
        assert isinstance(settled, BatchResult), settled
        return settled

    def prepare_corrections(
        self, *corrections: Json, key: str | None = None, atomic: bool = False
    ) -> CorrectionSubmission:
        found = self.api_key(key or self.key())
        decoded = decode_corrections(msgspec.json.encode(list(corrections)))
        actor = Actor(self.tenant, found.prefix, now())
        return correction_submission(decoded, found.scope, actor, found, atomic=atomic)

    def settle_corrections(
        self, *submissions: CorrectionSubmission
    ) -> list[BatchResult | TollbookError]:
        """Correct events of several requests together; give what became of each."""
        return correct(self.database, self.directory_cache, submissions, now())

    def corrected(self, *corrections: Json, **given: Any) -> list[tuple[str, str | None]]:
        """Correct events; say what became of each, with the code."""
        return [(it.status.value, it.code) for it in self.correct(*corrections, **given).receipts]

    def statuses(self, *events: Json, **given: Any) -> list[str]:
        return [receipt.status.value for receipt in self.send(*events, **given).receipts]

    def receipt(self, one: Json) -> Receipt:
        return self.send(one).receipts[0]

    def users(
        self,
        organization: str = "org_1",
        start: str = "2024-01-01",
        end: str = "2024-01-31",
        user: str | None = None,
    ) -> Json:
        """Answer the main question as plain JSON."""
        period = Period(date.fromisoformat(start), date.fromisoformat(end))
        with self.database.reading() as snapshot:
            row = directory.find_organization(snapshot, self.tenant, organization)
            assert row is not None
            report = users_report(snapshot, row.number, row.id, row.name, period, user)
        answer: Json = msgspec.json.decode(msgspec.json.encode(report))
        return answer

    def rows(self, sql: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        """Read rows, with the ids of events as texts."""
        with self.database.reading() as snapshot:
            return [decode_row(row) for row in snapshot.rows(sql, **parameters)]
