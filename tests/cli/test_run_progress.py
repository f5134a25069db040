"""A run in the foreground goes to its end, or is stopped where it is interrupted."""

from collections.abc import Iterator

import pytest

from tollbook.cli.run_progress import execute_run


class Steps:
    """A run whose states are numbers; it is interrupted after some of them."""

    def __init__(self, *states: int, interrupted: bool = False) -> None:
        self.reasons: list[str] = []
        self.taken: list[int] = []
        self._states = states
        self._interrupted = interrupted

    def steps(self) -> Iterator[int]:
        for it in self._states:
            self.taken.append(it)
            yield it
        if self._interrupted:
            raise KeyboardInterrupt

    def halt(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.mark.parametrize("states", [(), (0,), (1, 2, 3)])
def test_a_run_is_executed_to_its_end(states: tuple[int, ...]) -> None:
    run, done = Steps(*states), list[int]()

    def count(state: int) -> int:
        done.append(state)
        return state

    execute_run(run, 1, 3, count)
    assert (run.taken, done, run.reasons) == ([*states], [*states], [])


def test_an_interrupted_run_is_stopped_so_that_it_can_be_resumed() -> None:
    run = Steps(1, 2, interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        execute_run(run, 1, 3, lambda state: state)
    assert (run.taken, run.reasons) == ([1, 2], ["interrupted at the command line"])


def test_a_run_that_fails_is_not_marked_as_stopped() -> None:
    run = Steps(1, 2)
    with pytest.raises(ZeroDivisionError):
        execute_run(run, 1, 3, lambda state: 1 // (2 - state))
    assert (run.taken, run.reasons) == ([1, 2], [])
