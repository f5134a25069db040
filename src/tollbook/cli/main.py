"""The command line: its verbs, and errors in how it is used."""

from collections.abc import Sequence

import click

from tollbook import __version__
from tollbook.cli.lazy import LazyCommand, LazyGroup


def module_of(verb: str) -> str:
    """Return the name of a verb's module."""
    return "import_" if verb == "import" else verb.replace("-", "_")


VERBS = tuple(
    LazyCommand(name, f"tollbook.cli.{module_of(name)}", line)
    for name, line in {
        "serve": "Answer requests over HTTP.",
        "demo": "Fill a tenant with demo data; safe to repeat.",
        "demo-host": "Serve a page that embeds the usage of the demo.",
        "migrate": "Bring the database up to date.",
        "tenants": "Create, change and list tenants.",
        "organizations": "Create, change and list organizations.",
        "users": "Create, list and erase users.",
        "meters": "List, add, change and retire meters.",
        "keys": "Create, list, rotate and revoke API keys.",
        "viewers": "Create and revoke viewer tokens for browsers.",
        "origins": "Register the origins of pages that show usage.",
        "audit": "Show who did what, newest first.",
        "prices": "Load, publish, compare and rerate price books.",
        "event-types": "Map types of CloudEvents to meters.",
        "budgets": "Set, remove and list budgets.",
        "triggers": "List, add, change and remove triggers of notifications.",
        "endpoints": "Add, change, test and remove endpoints of notifications.",
        "notifications": "Show what was notified, newest first.",
        "reports": "List, add and remove reports that are mailed.",
        "alerts": "Send notifications in a process of its own.",
        "import": "Import events, or call and message records.",
        "consume": "Store the events of a message broker.",
        "mcp": "Serve read-only tools for agents.",
        "events": "Show single events.",
        "quarantine": "List, replay and discard events that are not charged.",
        "report": "Show usage and cost in the terminal.",
        "backup": "Copy the database to a file while it is in use.",
        "restore": "Replace the database with a backup.",
        "copy": "Move everything to another database, of any engine.",
        "archive": "Move old events to Parquet files.",
        "verify": "Recompute every sum from the events; exit 1 on a difference.",
    }.items()
)
_INTERRUPTED = 130


TOLLBOOK = click.version_option(__version__, message="%(prog)s %(version)s")(
    LazyGroup(
        VERBS,
        help="The usage and cost ledger of a communications platform.",
        epilog="TOLLBOOK_DATABASE_URL names the database (default: sqlite:///tollbook.db).",
        context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    )
)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 not done, 2 not understood."""
    try:
        return int(TOLLBOOK.main(list(arguments), "tollbook", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        from tollbook.cli.output import escaped  # imports what a good command may not need

        click.UsageError(escaped(error.format_message()), error.ctx).show()
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    except OSError as error:
        from tollbook.cli.command import failed

        return failed(error)
