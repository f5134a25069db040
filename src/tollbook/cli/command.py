"""A verb as a click command: it gets its options and the settings, and its errors are sentences."""

import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import click
from click.core import augment_usage_errors

from tollbook.cli.output import print_error
from tollbook.domain.errors import TollbookError, Unreachable
from tollbook.domain.exact import AMOUNTS_AS_STRINGS
from tollbook.logs import silence_logging
from tollbook.settings import read_settings
from tollbook.store.error_translation import translate_errors

Options = SimpleNamespace
"""The options and arguments of a command, each by its name."""


class Command(click.Command):
    """A command whose callback takes `Options` and `Settings`, and returns the exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option as the value of another: `--to --list` has forgotten a folder.

        A value that begins with two dashes is written `--name=--value`.
        """
        taking = {
            name
            for it in self.get_params(ctx)
            if isinstance(it, click.Option) and not it.is_flag
            for name in it.opts
        }
        at = 0
        while at < len(args) - 1 and args[at] != "--":
            if args[at] in taking and args[at + 1].startswith("--"):
                raise click.BadOptionUsage(args[at], f"Option '{args[at]}' requires an argument.")
            at += 2 if args[at] in taking else 1
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> int:
        """Run the callback, and print what goes wrong as a sentence."""
        silence_logging()
        amounts = AMOUNTS_AS_STRINGS.set(ctx.params.get("amounts") == "string")
        try:
            settings = read_settings(os.environ)
            assert self.callback  # noqa: S101  every command of ours has one
            with augment_usage_errors(ctx), translate_errors():
                code = int(self.callback(Options(**ctx.params), settings))
            sys.stdout.flush()
            return code
        except TollbookError as error:
            for line in _lines(error):
                print_error(line)
            return 1
        except UnicodeEncodeError:
            print_error("tollbook: every argument must be valid UTF-8")
            return 1
        except BrokenPipeError:
            _print_no_more()  # the reader of our output has closed it
            return 0
        except OSError as error:
            return failed(error)
        finally:
            AMOUNTS_AS_STRINGS.reset(amounts)


class VerbGroup(click.Group):
    """A verb with several actions."""

    command_class = Command


def failed(error: OSError) -> int:
    """Print an error of the operating system as a sentence, and return the exit code."""
    _print_no_more()
    where = f"{error.filename}: " if error.filename else "the output could not be written: "
    print_error(f"tollbook: {where}{error.strerror or error}")
    return 1


def _lines(error: TollbookError) -> Iterator[str]:
    """Write an error and its details as lines; a detail that repeats the error is left out."""
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
    """Keep the rest of the output from failing again at the end."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  it is open until we end
