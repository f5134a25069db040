"""A verb in a process of its own, which ends as by `kill -9` at a chosen point."""

import os
import signal
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.forks import Fork
from tests.waiting import PATIENCE
from tollbook.cli.main import run


def killed_at(point: str, when: str, url: str, *verb: str) -> None:
    """Run a verb until it is `before` or `after` a function, and kill it there."""
    with tempfile.NamedTemporaryFile() as log:
        environment = {**os.environ, "TOLLBOOK_DATABASE_URL": url}
        code = Fork(environment, log.name, _run_to, point, when, verb).wait(PATIENCE)
        assert code == -signal.SIGKILL, Path(log.name).read_text()


def _run_to(point: str, when: str, verb: Sequence[str]) -> int:
    module, _, function = point.rpartition(".")
    owner = import_module(module)
    real = getattr(owner, function)

    def killed(*arguments: Any, **named: Any) -> None:
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, function, killed)
    return run(verb)
