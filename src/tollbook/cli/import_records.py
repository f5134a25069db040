"""tollbook import --format: call and message records as events.

Importing a file again, or a longer one, is safe: ids come from the switch, so stored events are
duplicates.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from tollbook.cli.command import Options
from tollbook.cli.import_follow import FollowRun, check_follow, state_path
from tollbook.cli.import_ledger import ImportLedger, once
from tollbook.cli.import_options import conversion_from, described, mapping_from, save_mapping
from tollbook.cli.importer import MOST_SHOWN
from tollbook.cli.output import print_error, print_json, print_line, print_raw, progress_label
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.numbers import STRICT
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.decode import InvalidEvent, decode_numbered
from tollbook.records.convert import (
    Converter,
    MeterReader,
    OrganizationTerms,
    TermsReader,
    built_in_meter,
)
from tollbook.records.formats import reader_of
from tollbook.records.inputs import STANDARD_INPUT, input_files, opened
from tollbook.records.mapping import Mapping
from tollbook.records.options import ConversionOptions
from tollbook.records.pipeline import Pipeline, Store
from tollbook.records.refused_file import RefusedFile
from tollbook.records.report import Report
from tollbook.records.rows import RefusedRow, SourceRefused
from tollbook.records.source import RecordSource
from tollbook.settings import Settings

REFUSED, NOT_STARTED, UNREADABLE = 1, 2, 3
"""Exit codes: rows were refused or in conflict, nothing was read, a file ends too early."""

_FIRST_EVENTS = 10


def import_records(options: Options, settings: Settings) -> int:
    """Import records, and return the exit code."""
    try:
        mapping, conversion, names = _prepared(options)
    except SourceRefused as error:
        raise click.UsageError(str(error)) from error
    except InvalidRequest as error:
        lines = "".join(f"\n  {it.error}" for it in error.details)
        raise click.UsageError(f"{error.sentence}{lines}") from error
    if not names:
        return 0
    run = _Run(options, settings, mapping, conversion)
    try:
        return run.follow() if options.follow else run.all(names)
    finally:
        run.close()


def _prepared(options: Options) -> tuple[Mapping, ConversionOptions, list[str]]:
    """Return what an import needs before it reads a row."""
    mapping = mapping_from(options)
    if options.save_mapping is not None:
        save_mapping(options.save_mapping, mapping)
        if not options.file:
            return mapping, ConversionOptions(), []
    if not options.file:
        raise SourceRefused("name the files to import, or - for standard input")
    if options.print and options.dry_run:
        raise SourceRefused("--print excludes --dry-run")
    check_follow(options)
    if options.refused is not None and options.refused.exists():
        raise SourceRefused(f"--refused {options.refused} exists already")
    conversion = conversion_from(options, mapping)
    return mapping, conversion, list(options.file) if options.follow else input_files(options.file)


class _Run:
    """One import: its pipeline, and what is printed of it."""

    def __init__(
        self, options: Options, settings: Settings, mapping: Mapping, conversion: ConversionOptions
    ) -> None:
        self._options = options
        self._mapping = mapping
        self._reader = reader_of(mapping)
        self._lines: list[str] = []
        self._refusals = 0
        self._quarantined: list[str] = []
        self._first_events: list[bytes] = []
        self._following = FollowRun(options, mapping, self._reader)
        attempt = self._following.while_away if options.follow else once
        self._ledger = ImportLedger(settings, options.tenant, attempt)
        self._is_stored = not (options.print or options.dry_run)
        store: Store = self._store_nothing
        terms: TermsReader = unknown_terms
        meter_of: MeterReader = built_in_meter
        if self._is_stored:
            store = self._store
            terms, meter_of = self._ledger.terms_of, self._ledger.meter_of
        try:
            self._converter = Converter(mapping, conversion, self._reader, terms, meter_of)
        except SourceRefused as error:
            raise click.UsageError(str(error)) from error
        self._refused: RefusedFile | None = None
        self._makes_refused_file = self._is_stored or options.refused is not None
        self._pipeline = Pipeline(self._converter, self._reader, store, self._note)

    def follow(self) -> int:
        """Import files as they grow, until a signal; print the report and return the exit code."""
        options = self._options
        folder = state_path(options, self._mapping).parent
        name = next(iter(options.file))
        self._refused = self._new_refused_file(name, folder)
        try:
            self._following.run(
                {"command": described(options)}, self._pipeline, self._refused, self._ledger.open
            )
        except SourceRefused as error:
            if not self._following.report.rows:
                raise click.UsageError(str(error)) from error
            print_error(f"tollbook: {error}")
            return UNREADABLE
        self._print_report(self._following.report, [])
        return 0

    def all(self, names: Sequence[str]) -> int:
        """Import the files, print the report, and return the exit code."""
        if self._is_stored:
            self._ledger.open()
        total, files = Report(), []
        code = 0
        for name in names:
            report, failure = self._one(name)
            total.add(report)
            files.append({"file": name, **report.to_json()})
            if failure:
                print_error(f"tollbook: {failure}")
                code = NOT_STARTED if not total.rows else UNREADABLE
                break
        if self._refused is not None:
            self._refused.close()
        if code != NOT_STARTED:
            self._print_report(total, files)
        return code or (REFUSED if total.refused else 0)

    def close(self) -> None:
        """Close the database, if it is open."""
        self._ledger.close()

    def _one(self, name: str) -> tuple[Report, str | None]:
        """Import a file; return its report, and why it could not be read to its end."""
        report = Report()
        with opened(name) as file:
            is_finished = self._options.complete or name == STANDARD_INPUT
            source = RecordSource(name, file, self._mapping, self._reader, is_finished=is_finished)
            self._open_refused_file(name)
            try:
                with _progress(name) as update:
                    for _ in self._pipeline.run(source, report):
                        update(source.content.consumed)
            except SourceRefused as error:
                return report, str(error)
            damage = source.content.damage
        if damage is not None:
            return report, (
                f"{name} cannot be read to its end: {damage}. Rows up to there are imported; "
                "import the repaired file for the rest"
            )
        return report, None

    def _open_refused_file(self, name: str) -> None:
        if self._refused is None and self._makes_refused_file:
            self._refused = self._new_refused_file(name, Path())
            self._pipeline.refuse_to(self._refused)

    def _new_refused_file(self, name: str, folder: Path) -> RefusedFile:
        return RefusedFile(
            self._options.refused,
            folder,
            f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
            _ending(name, self._reader.shapes),
            f"refused rows of: tollbook import {described(self._options)}",
        )

    def _store(self, events: Sequence[bytes]) -> Sequence[Receipt]:
        receipts = self._ledger.store(events)
        for receipt in receipts:
            if receipt.ways_out and len(self._quarantined) < MOST_SHOWN:
                self._quarantined.append(f"{receipt.id}: {receipt.error} (in quarantine)")
        return receipts

    def _store_nothing(self, events: Sequence[bytes]) -> Sequence[Receipt]:
        """Print events, or keep the first ones; return the receipts of those that are invalid."""
        receipts = _rejections(events)
        wrong = {it.index for it in receipts}
        good = [it for index, it in enumerate(events) if index not in wrong]
        if self._options.print:
            for event in good:
                print_raw(event)
        else:
            self._first_events += good[: _FIRST_EVENTS - len(self._first_events)]
        return receipts

    def _note(self, name: str, line: int, refusal: RefusedRow) -> None:
        self._refusals += 1
        if len(self._lines) < MOST_SHOWN:
            where = f"{name} line {line}"
            parts = [it for it in (where, refusal.field, refusal.sentence) if it]
            self._lines.append(f"{': '.join(parts)} ({refusal.code})")

    def _print_report(self, total: Report, files: list[dict[str, Any]]) -> None:
        if self._options.json:
            report = self._report(total, files)
            if self._options.print:
                print_error(msgspec.json.encode(report).decode())
            else:
                print_json(report)
            return
        show: Callable[[str], None] = print_error if self._options.print else print_line
        for line in self._report_lines(total):
            show(line)

    def _report(self, total: Report, files: list[dict[str, Any]]) -> dict[str, Any]:
        refused_file = self._refused.path if self._refused else None
        report = total.to_json()
        report["accounts_unknown"] = dict(self._converter.unknown_accounts)
        report["refused_file"] = refused_file and str(refused_file)
        report["notes"] = list(self._mapping.notes)
        if self._options.dry_run:
            report["dry_run"] = True
            report["first_events"] = [msgspec.Raw(it) for it in self._first_events]
        report["files"] = files
        return report

    def _report_lines(self, total: Report) -> Iterator[str]:
        """Yield the report for people; its last line has all counts."""
        yield from (it.decode() for it in self._first_events)
        yield from self._lines
        if self._refusals > len(self._lines):
            yield f"and {self._refusals - len(self._lines):,} more refused rows"
        yield from self._quarantined
        for account, count in self._converter.unknown_accounts.items():
            yield f"account {account or '(empty)'} is not in the file of accounts: {count:,} rows"
        if total.events.total():
            yield from (f"note: {it}" for it in self._mapping.notes)
        if total.rounded:
            yield f"{total.rounded:,} quantities are rounded, by the carrier or to six decimals"
        if total.repeated_hour:
            yield (
                f"{total.repeated_hour:,} times are in an hour that occurs twice; its first "
                "occurrence was assumed"
            )
        if total.half_line:
            yield (
                "the last row has no end and is left for the next import; with --complete it is "
                "imported now"
            )
        if self._options.dry_run:
            yield "nothing was stored and no database was opened: duplicates are not counted"
        if self._refused and self._refused.path:
            yield f"the refused rows are in {self._refused.path}; correct and import that file"
        yield total.sentence()


def unknown_terms(_organization: str) -> OrganizationTerms:
    """Return the terms of any organization without a database."""
    return OrganizationTerms(STRICT)


def _rejections(events: Sequence[bytes]) -> list[Receipt]:
    """Return the receipts of events that no ledger would accept; one may know more meters."""
    decoded = decode_numbered(list(enumerate(events, 1)))
    return [
        rejected(it.index, it.id, it.problems)
        for it in decoded
        if isinstance(it, InvalidEvent) and any(one.field != "type" for one in it.problems)
    ]


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int], None]]:
    """Show the progress by bytes on standard error, if it is a terminal."""
    is_hidden = not sys.stderr.isatty()
    total = None if name == STANDARD_INPUT else Path(name).stat().st_size
    with Progress(console=Console(stderr=True), transient=True, disable=is_hidden) as progress:
        task = progress.add_task(progress_label(Path(name).name), total=total)
        yield lambda done: progress.update(task, completed=done)


def _ending(name: str, shapes: Sequence[str]) -> str:
    path = Path(name)
    if path.suffix == ".gz":
        path = path.with_suffix("")
    return path.suffix.removeprefix(".") or ("ndjson" if shapes == ("json",) else "csv")
