"""A run in the foreground: of a rerating, or over the quarantine."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import Progress

_INTERRUPTED = "interrupted at the command line"
RunState = TypeVar("RunState", covariant=True)


class RunSteps(Protocol[RunState]):
    """What executes a run."""

    def steps(self) -> Iterator[RunState]:
        """Yield the state of the run after each step."""
        ...

    def halt(self, reason: str) -> None:
        """Mark the run as stopped, with the reason."""
        ...


def execute_run(
    executor: RunSteps[RunState], number: int, total: int, done: Callable[[RunState], int]
) -> None:
    """Execute a run, and show how much of `total` is done.

    When it is interrupted, stop it, so that it can be resumed.
    """
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"run {number}", total=total)
        try:
            for state in executor.steps():
                progress.update(task, completed=done(state))
        except KeyboardInterrupt:
            executor.halt(_INTERRUPTED)
            raise
