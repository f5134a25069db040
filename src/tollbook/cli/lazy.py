"""Commands that are imported only when they are called."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click


class LazyCommand(NamedTuple):
    """A command of a group: its name, the module whose `verb` it is, and its line in the list."""

    name: str
    module: str
    help: str


class LazyGroup(click.Group):
    """A group that lists its commands from a table, and imports the one that is called."""

    def __init__(self, entries: Sequence[LazyCommand], **attributes: Any) -> None:
        stubs = [click.Command(it.name, short_help=it.help) for it in entries]
        super().__init__(commands=stubs, **attributes)
        self._modules = {it.name: it.module for it in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of the table."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name, and import it."""
        name, stub, rest = super().resolve_command(ctx, args)
        if name is None or stub is None:
            return None, None, rest
        command: click.Command = import_module(self._modules[name]).verb
        command.help = command.help or stub.short_help
        return name, command, rest
