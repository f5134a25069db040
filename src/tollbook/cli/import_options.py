"""The options of `tollbook import` for call and message records."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from tollbook.cli.choices import combined
from tollbook.cli.command import Options
from tollbook.cli.parameters import PAIR, PATH, Parsed
from tollbook.domain.errors import InvalidRequest
from tollbook.records.accounts import read_accounts
from tollbook.records.contents import NO_ENCODING, is_encoding
from tollbook.records.formats import CSV, FORMATS, checked, mapping_of
from tollbook.records.mapping import Mapping
from tollbook.records.mapping_file import read_mapping
from tollbook.records.options import CARRIER, LEGS, ConversionOptions, MappingChanges, changed
from tollbook.records.rows import SourceRefused
from tollbook.records.saved_mapping import written_mapping
from tollbook.records.templates import names_of_template

_FIELDS = "id, time, quantity, to, from, user_id, account, direction, type or an attribute"


def _factor(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise ValueError(f"{text} is not a number such as 60")
    return found


def _source(text: str) -> str:
    if not text or not all(it.isascii() and (it.isalnum() or it in "._-") for it in text):
        raise ValueError(f"{text} may have letters, digits, '.', '_' and '-' only")
    return text


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65_535:
        raise ValueError(f"{text} is not HOST:PORT such as 127.0.0.1:9464")
    return host.strip("[]"), int(port)


ADDRESS = Parsed("host:port", _address)
FACTOR = Parsed("number", _factor)
SOURCE = Parsed("name", _source)

record_options = combined(
    click.option(
        "--format",
        type=click.Choice(FORMATS),
        help="The format of call or message records; without it, files contain events.",
    ),
    click.option("--organization", help="The organization whose usage the rows are."),
    click.option(
        "--accounts",
        type=PATH,
        help="A CSV file account,organization_id,user_id: whose usage each account's rows are.",
    ),
    click.option("--source", type=SOURCE, help="The name of the switch, a part of every id."),
    click.option("--timezone", help="The IANA time zone of times without an offset."),
    click.option("--country", help="The country whose numbers are dialed, such as GB."),
    click.option(
        "--bare",
        type=click.Choice(("international", "national")),
        help="How to read digits without + or an access code.",
    ),
    click.option("--strip-access-code", help="The digits before a number for an outside line."),
    click.option(
        "--inbound-context",
        multiple=True,
        metavar="NAME",
        help="A context (Kamailio: domain, CUCM: gateway) of inbound calls; repeatable.",
    ),
    click.option("--legs", type=click.Choice(LEGS), default="a", help="Which legs are charged."),
    click.option(
        "--cost", type=click.Choice((CARRIER,)), help="Charge the price that the carrier states."
    ),
    click.option(
        "--unanswered", is_flag=True, help="Count calls without an answer, with quantity 0."
    ),
    click.option(
        "--column",
        type=PAIR,
        multiple=True,
        metavar="FIELD=COLUMN",
        help=f"The column of a field: {_FIELDS}; repeatable.",
    ),
    click.option("--type", help="The event type of all rows.  [default: voice.call]"),
    click.option(
        "--time-format",
        multiple=True,
        help="A strptime format, epoch, epoch_ms or epoch_us; repeatable.",
    ),
    click.option("--multiply", type=FACTOR, help="The number to multiply quantities by."),
    click.option("--header", help="The columns of CSV without a header, separated by commas."),
    click.option("--template", help="The template of FreeSWITCH's cdr_csv.conf.xml."),
    click.option("--delimiter", help="The character between cells of CSV."),
    click.option("--encoding", help="The encoding of CSV.  [default: UTF-8, else Windows-1252]"),
    click.option("--mapping", type=PATH, help="A saved mapping in YAML."),
    click.option("--save-mapping", type=PATH, help="Write the mapping to a new file."),
    click.option("--complete", is_flag=True, help="The files are not written on any more."),
    click.option("--refused", type=PATH, help="The new file for refused rows."),
    click.option("--follow", is_flag=True, help="Import the files as they grow and rotate."),
    click.option("--state", type=PATH, help="The file with how far --follow has read."),
    click.option("--options-changed", is_flag=True, help="Follow with other options than before."),
    click.option("--metrics", type=ADDRESS, help="Where --follow serves /metrics and /healthz."),
    click.option("--print", is_flag=True, help="Print the events as NDJSON; store nothing."),
    click.option("--dry-run", is_flag=True, help="Show what would be imported; store nothing."),
)


def refuse_record_options() -> None:
    """Raise a usage error for options that need `--format` or `--mapping`."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        is_shared = name in ("file", "tenant", "json")
        if source is click.core.ParameterSource.COMMANDLINE and not is_shared:
            raise click.UsageError(f"{parameter.opts[0]} requires --format or --mapping")


def mapping_from(options: Options) -> Mapping:
    """Return the mapping of options; raise `SourceRefused` when they do not fit together."""
    changes = _changes(options)
    if options.mapping is None:
        return mapping_of(options.format, changes)
    if options.format not in (None, CSV):
        raise SourceRefused("--mapping excludes --format, except --format csv")
    return checked(changed(saved_mapping(options.mapping), changes))


def saved_mapping(path: Path) -> Mapping:
    """Read the mapping of a file; raise `InvalidRequest` or `SourceRefused` when it has errors."""
    return checked(read_mapping(_text(path)))


def conversion_from(options: Options, mapping: Mapping) -> ConversionOptions:
    """Return whose usage the rows are and which of them count."""
    if options.cost and mapping.cost is None:
        raise SourceRefused("--cost carrier needs a format whose rows have a price")
    accounts = None
    if options.accounts is not None:
        accounts = read_accounts(_content(options.accounts))
    has_owner = "organization_id" in mapping.fields
    if options.organization is None and accounts is None and not has_owner:
        raise SourceRefused("name whose usage the rows are: --organization or --accounts")
    return ConversionOptions(
        organization=options.organization,
        accounts=accounts,
        source=options.source,
        inbound=options.inbound_context,
        legs=options.legs,
        has_carrier_cost=options.cost == CARRIER,
        counts_unanswered=options.unanswered,
    )


def save_mapping(path: Path, mapping: Mapping) -> None:
    """Write a mapping to a file that does not exist yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(written_mapping(mapping))
    except FileExistsError as error:
        raise SourceRefused(f"{path} exists already") from error


def described(options: Options) -> str:
    """Return the options of an import as they are written on the command line."""
    parts = []
    for name in (
        *("format", "mapping", "source", "timezone", "country", "bare", "strip_access_code"),
        *("inbound_context", "legs", "cost", "unanswered", "column", "type", "time_format"),
        *("multiply", "header", "template", "delimiter", "encoding", "organization", "accounts"),
    ):
        value = getattr(options, name)
        if value is None or value is False or value == () or (name, value) == ("legs", "a"):
            continue
        option = "--" + name.replace("_", "-")
        values = value if isinstance(value, tuple) else (value,)
        for one in values:
            text = "=".join(one) if isinstance(one, tuple) else str(one)
            parts.append(option if one is True else f"{option} {_quoted(text)}")
    return " ".join(parts)


def _quoted(text: str) -> str:
    return text if text.replace("-", "").replace("/", "").isalnum() else f"'{text}'"


def _changes(options: Options) -> MappingChanges:
    header = _list(options.header)
    if options.template is not None:
        header = tuple(names_of_template(options.template))
    return MappingChanges(
        columns=dict(options.column),
        type=options.type,
        time_formats=options.time_format,
        timezone=options.timezone,
        multiply=options.multiply,
        country=options.country,
        bare=options.bare,
        access_code=options.strip_access_code,
        inbound=options.inbound_context,
        header=header,
        delimiter=_delimiter(options.delimiter),
        encoding=_encoding(options.encoding),
    )


def _list(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(it.strip() for it in text.split(","))


def _delimiter(text: str | None) -> str | None:
    found = {"tab": "\t", "\\t": "\t"}.get(text or "", text)
    if found is not None and len(found) != 1:
        raise SourceRefused("--delimiter must be one character, or tab")
    return found


def _encoding(name: str | None) -> str | None:
    if name is not None and not is_encoding(name):
        raise SourceRefused(f"--encoding {name} {NO_ENCODING}")
    return name


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is not UTF-8") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceRefused(f"{path} cannot be read: {error.strerror}") from error
