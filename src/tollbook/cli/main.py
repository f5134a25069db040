"""Choosing the verb, and turning errors into a sentence and an exit code."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from tollbook import __version__
from tollbook.cli import (
    archive,
    audit,
    backup,
    budgets,
    demo,
    events,
    import_,
    keys,
    migrate,
    organizations,
    prices,
    quarantine,
    report,
    restore,
    serve,
    tenants,
    users,
    verify,
    viewers,
)
from tollbook.cli.output import Parser, print_error
from tollbook.domain.errors import TollbookError, Unreachable
from tollbook.logs import silence_logging
from tollbook.settings import read_settings
from tollbook.store.database import in_our_words

VERBS = (
    serve,
    demo,
    migrate,
    tenants,
    organizations,
    users,
    keys,
    viewers,
    audit,
    prices,
    budgets,
    import_,
    events,
    quarantine,
    report,
    backup,
    restore,
    archive,
    verify,
)
_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; give its exit code: 0 done, 1 not done, 2 not understood."""
    parser = _parser()
    options = parser.parse_args(arguments)
    silence_logging()
    try:
        settings = read_settings(os.environ)
        with in_our_words():
            code = int(options.run(options, settings))
        sys.stdout.flush()
        return code
    except TollbookError as error:
        for line in _lines(error):
            print_error(line)
        return 1
    except UnicodeEncodeError:
        print_error("tollbook: every argument must be valid UTF-8")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _print_no_more()  # whoever read us has enough
        return 0
    except OSError as error:
        _print_no_more()
        where = f"{error.filename}: " if error.filename else "the output could not be written: "
        print_error(f"tollbook: {where}{error.strerror or error}")
        return 1


def _lines(error: TollbookError) -> Iterator[str]:
    """Say an error and what it lists; a single problem that is the sentence itself, once."""
    details = error.details
    if isinstance(error, Unreachable) and error.reason:
        yield f"tollbook: {error.sentence}: {error.reason}"
    elif len(details) == 1 and details[0].error == error.sentence:
        named = error.sentence.startswith(details[0].field)
        yield f"tollbook: {'' if named else f'{details[0].field}: '}{error.sentence}"
    else:
        yield f"tollbook: {error.sentence}"
        yield from (f"  {it.field}: {it.error}" for it in details)


def _print_no_more() -> None:
    """Keep what is still to be printed from failing once more at the end."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  it is open until we end


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tollbook",
        description="The usage and cost ledger of a communications platform.",
        epilog="The database is chosen by TOLLBOOK_DATABASE_URL (default sqlite:///tollbook.db).",
    )
    parser.add_argument("--version", action="version", version=f"tollbook {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add(verbs)
    return parser
