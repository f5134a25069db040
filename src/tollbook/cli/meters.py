"""tollbook meters: the catalog of meters, and the tenant's own ones."""

import click

from tollbook.administration.meters import (
    AddedMeters,
    MeterChange,
    add_catalog,
    add_meter,
    change_meter,
)
from tollbook.administration.tenants import ensure_tenant
from tollbook.api.endpoints.meters import (
    MeterAnswer,
    added_answer,
    meter_answer,
    ready_catalogs,
)
from tollbook.cli.choices import command_line, refuse_no_change, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_result, print_rows
from tollbook.domain.meters import Category, Meter
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.ready_catalogs import READY_CATALOGS
from tollbook.settings import Settings
from tollbook.store.database import Transaction
from tollbook.store.meters import read_catalog
from tollbook.wiring import open_migrated

verb = VerbGroup()
_type = click.argument("type", help="The type, such as whatsapp.marketing.")
_unit = click.option("--unit", help="What is counted, in the singular, such as message.")
_category = click.option(
    "--category",
    type=click.Choice([it.value for it in Category]),
    help="The cost that the meter is part of.",
)
_name = click.option("--name", show_default="the type", help="The name for people.")
_TERMS = ("unit", "category", "name", "whole", "resource_required")


@verb.command("list")
@click.option("--retired", is_flag=True, help="Only retired meters.")
@click.option("--catalogs", is_flag=True, help="The ready-made catalogs instead.")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List the meters of the tenant, in the order of the catalog."""
    if options.catalogs:
        return _list_catalogs(options)
    with open_migrated(settings).reading() as snapshot:
        meters = read_catalog(snapshot, options.tenant)
    shown = [meter_answer(it) for it in meters if it.is_retired or not options.retired]
    if options.json:
        print_json(shown)
    else:
        columns = ("Type", "Name", "Unit", "Category", "Quantities", "Resource", "State")
        print_rows(columns, map(_cells, shown), f"tenant {options.tenant} has no retired meters")
    return 0


def _list_catalogs(options: Options) -> int:
    if options.json:
        print_json(ready_catalogs())
        return 0
    rows = (
        (name, it.type, it.name, it.unit, it.category.value, _quantities(it.whole))
        for name, meters in READY_CATALOGS.items()
        for it in meters
    )
    print_rows(("Catalog", "Type", "Name", "Unit", "Category", "Quantities"), rows, "")
    return 0


def _cells(meter: MeterAnswer) -> tuple[str | None, ...]:
    state = "built in" if meter.built_in else "used" if meter.has_events else "not used yet"
    return (
        meter.type,
        meter.name,
        meter.unit,
        meter.category.value,
        _quantities(meter.whole),
        "required" if meter.resource_required else None,
        "retired" if meter.retired_at else state,
    )


def _quantities(whole: bool) -> str:
    return "whole" if whole else "decimals"


@verb.command("add")
@click.argument("type", required=False, help="The type, such as whatsapp.marketing.")
@_unit
@_category
@_name
@click.option("--whole", is_flag=True, help="Quantities are whole numbers.")
@click.option("--resource-required", is_flag=True, help="Events must have a resource_id.")
@click.option(
    "--catalog", type=click.Choice(tuple(READY_CATALOGS)), help="Add a ready-made catalog instead."
)
@shared_options
def _add(options: Options, settings: Settings) -> int:
    """Add a meter, or a ready-made catalog; safe to repeat."""
    given = [it for it in ("type", *_TERMS) if getattr(options, it)]
    if options.catalog and given:
        raise click.UsageError("--catalog excludes TYPE and its options")
    if not options.catalog and not (options.type and options.unit and options.category):
        raise click.UsageError("TYPE, --unit and --category are required, or --catalog")
    with open_migrated(settings).writing() as transaction:
        result = _store(transaction, options)
    if options.json and options.catalog:
        print_json(added_answer(result))
    elif options.json:
        print_json(meter_answer([*result.added, *result.unchanged][0]))
    else:
        for meters, word in ((result.added, "added"), (result.unchanged, "exists already")):
            for it in meters:
                print_line(f"meter {it.type} {word}")
    return 0


def _store(transaction: Transaction, options: Options) -> AddedMeters:
    actor = command_line(options.tenant)
    ensure_tenant(transaction, actor)
    if options.catalog:
        return add_catalog(transaction, actor, options.catalog)
    terms = MeterTerms(
        type=options.type,
        unit=options.unit,
        category=Category(options.category),
        name=options.name or "",
        whole=options.whole,
        resource_required=options.resource_required,
    )
    return add_meter(transaction, actor, terms)


@verb.command("change")
@_type
@_unit
@_category
@_name
@click.option("--whole/--decimals", default=None, help="Which quantities events may have.")
@click.option(
    "--resource-required/--no-resource-required",
    default=None,
    help="Whether events must have a resource_id.",
)
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change a meter. Once it has events, its unit and category are fixed."""
    fields = {it: getattr(options, it) for it in _TERMS if getattr(options, it) is not None}
    if "category" in fields:
        fields["category"] = Category(fields["category"])
    change = MeterChange(**fields)
    refuse_no_change(change)
    return _show(options, _apply(options, settings, change), "changed")


@verb.command("retire")
@_type
@click.option("--undo", is_flag=True, help="Activate a retired meter again.")
@shared_options
def _retire(options: Options, settings: Settings) -> int:
    """Retire a meter: it accepts no more new events and keeps its sums."""
    meter = _apply(options, settings, MeterChange(retired=not options.undo))
    return _show(options, meter, "is active" if options.undo else "is retired")


def _apply(options: Options, settings: Settings, change: MeterChange) -> Meter:
    with open_migrated(settings).writing() as transaction:
        return change_meter(transaction, command_line(options.tenant), options.type, change)


def _show(options: Options, meter: Meter, word: str) -> int:
    print_result(meter_answer(meter), f"meter {meter.type} {word}", json=options.json)
    return 0
