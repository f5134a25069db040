"""tollbook events: show one event and how its cost was computed, or correct events."""

from collections.abc import Iterator

import click
from msgspec import Raw

from tollbook.api.endpoints.charges import ShownCharge
from tollbook.api.endpoints.explanations import EventAnswer, ShownCorrection, event_answer
from tollbook.cli.choices import amounts_option, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.correct import correct_events
from tollbook.cli.output import print_json, print_lines
from tollbook.domain.keys import KeyScope
from tollbook.settings import Settings
from tollbook.wiring import open_migrated

_WIDTH = 14


verb = VerbGroup()
verb.add_command(correct_events)


@verb.command("show")
@click.argument("organization", help="The id of the organization.")
@click.argument("id", help="The id of the event.")
@amounts_option
@shared_options
def _show(options: Options, settings: Settings) -> int:
    """Show an event, its charge, and each step of the arithmetic."""
    with open_migrated(settings).reading() as snapshot:
        row = organization_of(snapshot, options.tenant, options.organization, created=False)
        scope = KeyScope(options.tenant)
        answer = event_answer(snapshot, scope, row, options.id, settings.archives)
    if options.json:
        print_json(answer)
    else:
        print_lines(_lines(answer))
    return 0


def _lines(answer: EventAnswer) -> Iterator[str]:
    event = answer.event
    yield f"{event.id}: {event.type}, {answer.status}"
    yield _row("organization", event.organization_id)
    yield _row("user", event.user_id or "none (organization-level)")
    if event.resource_id:
        yield _row("resource", event.resource_id)
    local = f" (local day {event.day})" if event.day else ""
    yield _row("time", f"{event.time.isoformat().replace('+00:00', 'Z')}{local}")
    for name, value in event.attributes.items():
        yield _row(name, str(value))
    if answer.quarantine:
        yield _row("not charged", f"{answer.quarantine.error} ({answer.quarantine.code})")
        if ways := answer.quarantine.ways_out:
            yield _row("ways out", ", ".join(ways))
    if answer.charge:
        yield from _charge_lines(answer.charge)
    if answer.reversal:
        reversal = answer.reversal
        yield _row("reversal", f"{reversal.id} reverses {reversal.reverses}: {reversal.reason}")
    if answer.correction:
        yield from _correction_lines(answer.correction)
    if answer.replay_mismatch:
        yield _row("WARNING", f"{answer.replay_mismatch.error} ({answer.replay_mismatch.code})")


def _correction_lines(correction: ShownCorrection) -> Iterator[str]:
    if correction.corrects:
        yield _row("corrects", f"{correction.corrects}: {correction.reason}")
    if correction.corrected_by:
        yield _row("corrected by", f"{correction.corrected_by}; the latest is {correction.latest}")


def _charge_lines(charge: ShownCharge) -> Iterator[str]:
    if charge.rate:
        book = charge.rate.book
        of = f" of price book {book.version}, {book.name}" if book else ""
        yield _row("rate", f"{charge.rate.rate_id}{of}: {charge.rate.matched}")
    else:
        yield _row("rate", "none: the event states its cost")
    quantity, billed = _text(charge.quantity), _text(charge.billed)
    yield _row("quantity", f"{quantity} raw, {billed} billed, in {charge.unit}s")
    for step in charge.steps:
        yield _row("", step)
    for line in charge.lines:
        yield _row(line.name, _text(line.cost))
    yield _row("cost", f"{_text(charge.cost)} {charge.currency}")
    yield _row("buying cost", _text(charge.buy) if isinstance(charge.buy, Raw) else "unknown")


def _row(name: str, text: str) -> str:
    return f"  {name:<{_WIDTH}}{text}"


def _text(number: Raw) -> str:
    return bytes(number).decode()
