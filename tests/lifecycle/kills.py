"""A verb in a process of its own, which ends as by `kill -9` at a chosen point."""

import os
import signal
import subprocess
import sys

_CHILD = """
import os, signal, sys
from importlib import import_module
from tollbook.cli.main import run

module, _, function = sys.argv[1].rpartition(".")
owner = import_module(module)
real = getattr(owner, function)

def killed(*arguments, **named):
    if sys.argv[2] == "after":
        real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, function, killed)
run(sys.argv[3:])
"""


def killed_at(point: str, when: str, url: str, *verb: str) -> None:
    """Run a verb until it is `before` or `after` a function, and kill it there."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, point, when, *verb],
        env={**os.environ, "TOLLBOOK_DATABASE_URL": url},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
