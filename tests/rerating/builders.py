"""Charging a platform's past again, without HTTP."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from tests.builders import Platform
from tollbook.domain.periods import day_number
from tollbook.domain.rerating import RerateRange, Run
from tollbook.rerating import runs
from tollbook.rerating.dry_run import DryRun, dry_run
from tollbook.rerating.run_day import RunExecutor
from tollbook.store import rerating_runs
from tollbook.store.audit import Act, Actor, acts
from tollbook.store.rollups import KEYS
from tollbook.wiring import now

LEDGER = ("events", *KEYS, "resources_daily", "organization_resources", "tier_positions")


def book(*rates: str, since: str = "2024-01-01", currency: str = "USD") -> str:
    """Write a price book with these rates."""
    lines = "".join(f"  - {rate}\n" for rate in rates)
    head = f"name: Test\ncurrency: {currency}\neffective_from: {since}\nsource: a test\n"
    return f"{head}rates:\n{lines}"


CALLS = "{meter: voice.call, price: 0.003, per: second}"
MINUTES = "{meter: voice.call, price: 0.06, per: minute, increments: 60/60}"
SMS = "{meter: sms.outbound, price: 0.02, per: segment}"


class Past:
    """What an operator does to the past of a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.database = platform.database

    def span(
        self,
        start: str = "2024-01-01",
        end: str = "2024-01-31",
        organization: str | None = None,
        version: int | None = None,
    ) -> RerateRange:
        first, last = (day_number(date.fromisoformat(it)) for it in (start, end))
        number = self.platform.number(organization) if organization else None
        return RerateRange(first, last, number, version)

    def actor(self) -> Actor:
        return Actor(self.platform.tenant, "cli", now())

    def dry_run(self, limit: int = 100, **given: Any) -> DryRun:
        with self.database.reading() as snapshot:
            return dry_run(snapshot, self.platform.tenant, self.span(**given), now(), limit)

    def begin(self, **given: Any) -> Run:
        return runs.begin(self.database, self.actor(), self.span(**given))

    def act(self, act: Any, number: int) -> Run:
        with self.database.writing() as transaction:
            run: Run = act(transaction, self.actor(), number)
            return run

    def steps(self, number: int, most: int = 10_000) -> Run:
        """Work on a run for some days; give it as it stands then."""
        work = RunExecutor(self.database, self.platform.tenant, number, now)
        for done, _ in enumerate(work.steps(), 1):
            if done == most:
                break
        return self.run(number)

    def apply(self, **given: Any) -> Run:
        return self.steps(self.begin(**given).id)

    def revert(self, number: int) -> Run:
        self.act(runs.revert, number)
        return self.steps(number)

    def run(self, number: int) -> Run:
        with self.database.reading() as snapshot:
            return runs.require_run(snapshot, self.actor(), number)

    def unpriced(self, number: int) -> list[tuple[str, str]]:
        with self.database.reading() as snapshot:
            found = rerating_runs.unpriced(snapshot, self.platform.tenant, number, 1_000)
        return [(it.id, it.code) for it in found]

    def acts(self) -> list[Act]:
        with self.database.reading() as snapshot:
            return acts(snapshot, self.platform.tenant)[::-1]

    def ledger(self) -> dict[str, Counter[tuple[Any, ...]]]:
        """Return every row of events and sums."""
        return {it: Counter(map(tuple, self.rows(f"SELECT * FROM {it}"))) for it in LEDGER}

    def rows(self, sql: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        return self.platform.rows(sql, **parameters)

    def costs(self) -> dict[str, int]:
        return {row[0]: row[1] for row in self.rows("SELECT id_text(id), cost FROM events")}
