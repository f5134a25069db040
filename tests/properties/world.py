"""A tenant in the ledger and in the model, to which the same happens."""

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.builders import Platform
from tests.properties import afterwards
from tests.properties import scenarios as story
from tests.properties.model import Book, Json, Model, Organization
from tests.properties.scenarios import (
    Archive,
    Correct,
    Erase,
    Rerate,
    Restore,
    Reverse,
    Select,
    Send,
    Step,
)
from tollbook.analytics.period_cover import period_parameters
from tollbook.analytics.plain_sums import PlainSums, SumsQuestion, read_sums
from tollbook.analytics.users import users_report
from tollbook.domain.directory import User
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.exact import NANOS
from tollbook.domain.keys import KeyScope
from tollbook.domain.periods import Period, day_number
from tollbook.domain.quarantine import QuarantineAction, Selection
from tollbook.domain.rerating import RerateRange, Run, RunStatus
from tollbook.ingest.commit import BatchResult, commit
from tollbook.ingest.decode import decode_json
from tollbook.ingest.submit import Submission, draft_of, submission_of
from tollbook.lifecycle.archive import Due, archive
from tollbook.lifecycle.erase import Person, erase
from tollbook.lifecycle.restore import Restored, RestoredPart, restore
from tollbook.lifecycle.reversals import reversal_differences
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rerating import runs as reratings
from tollbook.rerating.run_day import RunExecutor
from tollbook.store import directory, prices
from tollbook.store.archive_files import Archived
from tollbook.store.database import Database
from tollbook.store.orphans import owner_differences
from tollbook.store.verification import CHECKS, RowDifference, differences
from tollbook.wiring import now

_TENANTS = count()
_parsed = cache(parse_price_book)
CAN_ARCHIVE = find_spec("pyarrow") is not None


class World:
    """A new tenant in the ledger and in the model, to which the same happens."""

    def __init__(
        self, database: Database, zones: dict[str, str], folder: Path | None = None
    ) -> None:
        """`folder` is for archives; without it, or without PyArrow, nothing is archived."""
        self.platform = Platform(database, f"tenant {next(_TENANTS)}")
        self.folder = folder and folder / self.platform.tenant
        self.model = Model()
        self.key = self.platform.key()
        self.zones = zones
        self.create(story.HOME)
        self.create(story.EURO)
        self._load(story.EURO_YAML, story.EURO_BOOK)
        self.add_user(story.HOME, story.IDLE, "Nobody")

    def create(self, organization: str) -> None:
        if organization in self.model.organizations:
            return
        zone, currency = self.zones[organization], story.CURRENCIES[organization]
        number_format = story.NUMBER_FORMATS.get(organization, story.STRICT)
        self.platform.organization(
            organization, timezone=zone, currency=currency, number_format=number_format
        )
        self.model.organizations[organization] = Organization(
            ZoneInfo(zone), currency, number_format
        )

    def add_user(self, organization: str, identity: str, name: str) -> None:
        with self.platform.database.writing() as transaction:
            number = self.platform.number(organization)
            directory.add_user(transaction, number, User(identity, name), now())
        self.model.organizations[organization].users[identity] = name

    def load_later_book(self) -> None:
        self._load(story.LATER_YAML, story.LATER_BOOK)

    def _load(self, text: str, book: Book) -> None:
        with self.platform.database.writing() as transaction:
            prices.add_price_book(transaction, self.platform.tenant, _parsed(text), now())
        self.model.books.append(book)

    def replay(self) -> None:
        assert self.platform.replay() == self.model.replay()

    def select(self, step: Select) -> None:
        """Replay or discard some events in quarantine."""
        only, codes, ids = step.selected
        if only not in (None, *self.model.organizations) and not self._is_named(only):
            return
        number = None if only is None else self.platform.number(only)
        selection = Selection(number, codes, ids)
        if step.discards:
            run = self.platform.run_over_quarantine(QuarantineAction.DISCARD, selection)
            assert run.discarded == afterwards.discard(self.model, step.selected)
        else:
            run = self.platform.run_over_quarantine(QuarantineAction.REPLAY, selection)
            assert run.released == self.model.replay(step.selected)

    def _is_named(self, organization: str | None) -> bool:
        return any(of == organization for of, _ in self.model.held)

    def rerate(self, step: Rerate) -> None:
        """Charge everything again; a run that is reverted changes nothing."""
        if step.only not in (None, *self.model.organizations):
            return
        number = None if step.only is None else self.platform.number(step.only)
        actor, span = self.platform.actor(), RerateRange(19_700_101, 20_250_131, number, None)
        model = deepcopy(self.model) if step.reverts else self.model
        changed = afterwards.rerate(model, step.only)
        if changed is None:
            with pytest.raises(InvalidRequest):
                reratings.begin(self.platform.database, actor, span)
            return
        run = self._run(reratings.begin(self.platform.database, actor, span).id)
        assert (run.status, run.changed) == (RunStatus.DONE, changed)
        if step.reverts:
            with self.platform.database.writing() as transaction:
                reratings.revert(transaction, actor, run.id)
            run = self._run(run.id)
            assert (run.status, run.restored) == (RunStatus.REVERTED, changed)

    def _run(self, number: int) -> Run:
        database, tenant = self.platform.database, self.platform.tenant
        *_, run = RunExecutor(database, tenant, number, now, lambda _: None).steps()
        return run

    def archive(self, step: Archive) -> None:
        """Archive the months before that of a day."""
        if self.folder is None or not CAN_ARCHIVE:
            return
        number = None if step.only is None else self.platform.number(step.only)
        due = Due(number, day_number(step.before) // 100, self.folder)
        done = list(archive(self.platform.database, self.platform.actor(), due))
        assert all(isinstance(it, Archived) for it in done)
        numbers = {self.platform.number(it): it for it in self.model.organizations}
        months = {
            (numbers[it.organization_id], it.month) for it in done if isinstance(it, Archived)
        }
        assert months == afterwards.archive(self.model, step.only, step.before)

    def restore(self, step: Restore) -> None:
        """Restore the month of a day."""
        month = day_number(step.day) // 100
        found = afterwards.restore(self.model, month)
        if found:
            wanted = RestoredPart(None, month, None)
            done = list(restore(self.platform.database, self.platform.actor(), wanted))
            assert {it.month.organization_id for it in done if isinstance(it, Restored)} == found

    def erase(self, step: Erase) -> None:
        """Erase a user of an organization that was created."""
        if step.organization not in self.model.organizations:
            return
        database, tenant = self.platform.database, self.platform.tenant
        with database.reading() as snapshot:
            row = directory.find_organization(snapshot, tenant, step.organization)
        assert row is not None
        erase(database, self.platform.actor(), Person(row, step.user))
        afterwards.erase(self.model, step.organization, step.user)

    def change(self, what: str) -> None:
        """Let something happen to the tenant as a whole."""
        match what:
            case story.CREATE_LATE:
                self.create(story.LATE)
            case story.LOAD_BOOK:
                self.load_later_book()
            case story.CHANGE_BOOK:
                self._load(story.CHANGED_YAML, story.CHANGED_BOOK)
            case story.REPLAY:
                self.replay()

    def send(self, step: Send) -> None:
        """Prepare requests, let something happen, and commit them together."""
        platform = self.platform
        submissions = [self._prepared(texts) for texts in step.requests]
        if step.meanwhile:
            self.change(step.meanwhile)
        settled = commit(platform.database, platform.directory_cache, submissions, now())
        for texts, one in zip(step.requests, settled, strict=True):
            assert isinstance(one, BatchResult)
            assert [it.index for it in one.receipts] == list(range(len(texts)))
            assert [it.status.value for it in one.receipts] == self.model.send(texts)

    def _prepared(self, texts: list[bytes]) -> Submission:
        directory_cache, tenant = self.platform.directory_cache, self.platform.tenant
        draft = draft_of(decode_json(b"[" + b",".join(texts) + b"]"), KeyScope(tenant), now())
        remembered = directory_cache.remembered_terms(tenant, draft.organizations)
        terms = remembered or directory_cache.loaded_terms(tenant, draft.organizations, now())
        return submission_of(draft, terms)

    def reverse(self, step: Reverse) -> None:
        """Take events back in one request."""
        settled = self.platform.reverse(*step.reversals, key=self.key)
        outcomes = [it.status.value for it in settled.receipts]
        assert outcomes == self.model.reverse(step.reversals)

    def correct(self, step: Correct) -> None:
        """Correct events in one request."""
        settled = self.platform.correct(*step.corrections, key=self.key)
        outcomes = [it.status.value for it in settled.receipts]
        assert outcomes == self.model.correct(step.corrections)

    def live(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case Send():
                    self.send(step)
                case Reverse():
                    self.reverse(step)
                case Correct():
                    self.correct(step)
                case Select():
                    self.select(step)
                case Rerate():
                    self.rerate(step)
                case Archive():
                    self.archive(step)
                case Restore():
                    self.restore(step)
                case Erase():
                    self.erase(step)
                case _:
                    self.change(step)

    def users(self, organization: str, start: date, end: date, only: str | None = None) -> Json:
        """Return the answer as `Platform.users` does, with every digit of its numbers."""
        with self.platform.database.reading() as snapshot:
            tenant = self.platform.tenant
            row = directory.find_organization(snapshot, tenant, organization)
            assert row is not None
            period = Period(start, end)
            report = users_report(snapshot, row.number, row.id, row.name, period, only)
        answer: Json = json.loads(msgspec.json.encode(report), parse_float=Decimal)
        return answer

    def purchases(self, organization: str, start: date, end: date) -> Json:
        """Return what margins are computed from, by user, as the model does."""
        number = self.platform.number(organization)
        bound = {"organization": number, **period_parameters(Period(start, end))}
        with self.platform.database.reading() as snapshot:
            found = read_sums(snapshot, SumsQuestion("user_id"), bound)
        return {user: _purchases(sums[None]) for user, sums in found.items()}

    def total(self, organization: str, start: date, end: date) -> Decimal:
        """Return the cost of a period as the daily sums have it."""
        return self._sum("usage_daily", "day", organization, day_number(start), day_number(end))

    def total_of_months(self, organization: str, start: date, end: date) -> Decimal:
        """Return the cost of whole months as the monthly sums have it."""
        first, last = day_number(start) // 100, day_number(end) // 100
        return self._sum("usage_monthly", "month", organization, first, last)

    def _sum(self, table: str, column: str, organization: str, first: int, last: int) -> Decimal:
        rows = self.platform.rows(
            f"SELECT cost FROM {table} WHERE organization_id = :number "
            f"AND {column} BETWEEN :first AND :last",
            number=self.platform.number(organization),
            first=first,
            last=last,
        )
        return Decimal(sum(cost for (cost,) in rows)) / NANOS

    def differences(self) -> list[RowDifference]:
        """Recompute every rollup from the events, as `tollbook verify` does."""
        with self.platform.database.reading() as snapshot:
            found = [found for check in CHECKS for found in differences(snapshot, check)]
            return [*found, *reversal_differences(snapshot), *owner_differences(snapshot)]


def _purchases(sums: PlainSums) -> tuple[object, ...]:
    cost, buy, bought_cost = (Decimal(it) / NANOS for it in (sums.cost, sums.buy, sums.bought_cost))
    return sums.events, cost, buy, sums.bought, bought_cost
