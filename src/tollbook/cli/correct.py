"""tollbook events correct: replace events by others, one by its options or many from a file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import msgspec

from tollbook.cli.choices import command_line, shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.import_ import batches, open_file, unpack
from tollbook.cli.output import print_json, print_line
from tollbook.cli.parameters import PATH
from tollbook.domain.catalog import Catalog, HintingCatalog
from tollbook.domain.errors import TollbookError
from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.correction_submission import correction_submission
from tollbook.ingest.corrections import correct
from tollbook.ingest.decode_corrections import Decoded, decode_json, decode_lines
from tollbook.settings import Settings
from tollbook.wiring import directory_cache_of, now, open_migrated

_TEXTS = {"time": "time", "type": "type", "user": "user_id", "resource": "resource_id"}
_NUMBERS = ("quantity", "cost")
_REMOVABLE = ("user_id", "resource_id", "attributes", "cost", "cost_pending")


@click.command("correct", cls=Command)
@click.argument("organization", required=False, help="The id of the organization.")
@click.argument("event", required=False, help="The id of the event to replace.")
@click.option("--id", help="The id of the event that replaces it.")
@click.option("--reason", help="Why, for readers of the ledger.")
@click.option("--cost", help="What it cost, in the organization's currency.")
@click.option("--quantity", help="The quantity, in the unit of the meter.")
@click.option("--user", help="The user.")
@click.option("--time", help="The time, such as 2024-01-15T10:30:00Z.")
@click.option("--type", help="The meter, such as voice.call.")
@click.option("--resource", help="The resource, such as a phone number.")
@click.option("--attributes", help="All attributes, as a JSON object.")
@click.option(
    "--remove",
    multiple=True,
    type=click.Choice(_REMOVABLE),
    help="A field to remove. Without cost or cost_pending, the price book charges the event.",
)
@click.option("--file", type=PATH, help="A file of corrections in NDJSON format instead.")
@shared_options
def correct_events(options: Options, settings: Settings) -> int:
    """Replace an event by another, or each event that a file names.

    Repeating a correction is safe: stored ones are duplicates.
    """
    database = open_migrated(settings)
    directory_cache = directory_cache_of(settings, database)
    catalog = HintingCatalog(directory_cache.loaded_catalog(options.tenant)[1])
    if options.file is None:
        requests: Iterable[list[Decoded]] = [_from_options(options, catalog)]
    else:
        requests = _from_file(options, catalog)
    receipts: list[Receipt] = []
    for decoded in requests:
        scope, actor = KeyScope(options.tenant), command_line(options.tenant)
        submission = correction_submission(decoded, scope, actor)
        (result,) = correct(database, directory_cache, [submission], now())
        if isinstance(result, TollbookError):
            raise result
        receipts += result.receipts
    _print(options, receipts)
    return 1 if any(receipt.code for receipt in receipts) else 0


def _from_options(options: Options, catalog: Catalog) -> list[Decoded]:
    needed = {"ORGANIZATION": options.organization, "EVENT": options.event}
    needed |= {"--id": options.id, "--reason": options.reason}
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise click.UsageError(f"{missing[0]} is required without --file")
    fields: dict[str, object] = {
        "id": options.id,
        "organization_id": options.organization,
        "corrects": options.event,
        "reason": options.reason,
    }
    given = vars(options)
    fields |= {field: given[name] for name, field in _TEXTS.items() if given[name] is not None}
    fields |= {name: given[name] for name in _NUMBERS if given[name] is not None}
    if options.attributes is not None:
        fields["attributes"] = _attributes(options.attributes)
    both = [name for name in options.remove if name in fields]
    if both:
        raise click.UsageError(f"--remove {both[0]} excludes a new value of it")
    fields |= dict.fromkeys(options.remove)
    return decode_json(msgspec.json.encode(fields), catalog)


def _attributes(text: str) -> msgspec.Raw:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"it is not JSON: {error}", param_hint="--attributes") from error
    return msgspec.Raw(text.encode())


def _from_file(options: Options, catalog: Catalog) -> Iterator[list[Decoded]]:
    named = (options.organization, options.event, options.id, options.reason)
    if any(it is not None for it in named):
        raise click.UsageError("--file excludes the options of a single correction")
    path: Path = options.file
    with open_file(path) as file:
        for lines in batches(unpack(file)):
            yield decode_lines(b"\n".join(line for _, line in lines), catalog)


def _print(options: Options, receipts: Sequence[Receipt]) -> None:
    found = Counter(receipt.status for receipt in receipts)
    counts = {outcome.value: found[outcome] for outcome in Outcome}
    if options.json:
        print_json({"counts": counts, "receipts": receipts})
        return
    for receipt in receipts:
        if receipt.code:
            print_line(f"{receipt.id or 'no id'}: {receipt.status}: {receipt.error}")
    print_line(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
