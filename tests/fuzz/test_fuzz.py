"""The short form of `make fuzz`: each target with some inputs; and that the fuzzer does find."""

from collections.abc import Iterator

import pytest
from fuzz.run import fuzz
from fuzz.target import Target, hold
from fuzz.targets import TARGETS as REAL

SECONDS = 600
RUNS = 500


def _try_word(data: bytes) -> None:
    hold(not data.startswith(b"toll"), "it begins with the word")


def _try_time(data: bytes) -> None:
    if data.startswith(b"s"):
        sum(range(10_000_000))


def _try_memory(data: bytes) -> None:
    if data.startswith(b"m"):
        bytearray(b"m") * (64 * 1024 * 1024)


TARGETS = (
    Target("word", "no input begins with the word", _try_word, lambda: [b"to"], ("toll",)),
    Target("time", "it takes no time", _try_time, lambda: [b"a"], ("s",), seconds=0.1),
    Target("memory", "it takes no memory", _try_memory, lambda: [b"a"], ("m",), mebibytes=32),
)
"""Targets whose promise is broken, by the child of this module."""


@pytest.mark.parametrize("target", REAL, ids=lambda it: it.name)
def test_no_input_breaks_what_a_reader_promises(target: Target) -> None:
    found = fuzz(target, SECONDS, seed=1, runs=RUNS)
    assert found.broken_by is None, f"{target.promise}\nbroken by {found.broken_by!r}\n{found.how}"
    assert found.tried >= RUNS
    assert found.ways[1] > found.ways[0] > 0


@pytest.fixture
def large() -> Iterator[None]:
    """Take more memory than a target may, as this process may have done in other tests."""
    taken = bytearray(b"x") * (1100 * 1024 * 1024)
    yield
    del taken


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("target", TARGETS, ids=lambda it: it.name)
def test_a_broken_promise_is_found(target: Target) -> None:
    found = fuzz(target, SECONDS, seed=1)
    assert found.broken_by is not None
    assert found.broken_by.startswith(target.words[0].encode())
    assert "BrokenPromise: it " in found.how
