"""Run a target in a separate process."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.target import LONGEST, Target

_ROOT = Path(__file__).parent.parent
_RSS_MEBIBYTES = 1024
_HANGING_SECONDS = 20
_STARTING_SECONDS = 300
_WAYS = re.compile(r"^#\d+\s+\w+\s+cov: \d+ ft: (\d+)", re.MULTILINE)
_BROKEN = "Traceback (most recent call last)"
_TRIED = re.compile(r"^#(\d+)\s", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """The result of a target: the number of inputs, code paths, and the input that broke it.

    `ways` is the number of code paths with the seeds, and at the end.
    """

    tried: int
    ways: tuple[int, int]
    broken_by: bytes | None
    how: str


def fuzz(
    target: Target, seconds: int, *, seed: int = 0, runs: int = -1, corpus: Path | None = None
) -> Found:
    """Fuzz a target with its seeds and the inputs in `corpus`, to which new ones are added.

    Stop after so many `seconds`, or after so many `runs`.

    libFuzzer uses other inputs every time; with a `seed`, it uses the same.
    """
    with TemporaryDirectory(prefix="tollbook-fuzz-") as own:
        folder = Path(own)
        corpus = corpus or folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        seeds, words = folder / "seeds", folder / "words"
        seeds.mkdir()
        for number, text in enumerate(target.seeds()):
            (seeds / f"{number:02}").write_bytes(text[:LONGEST])
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        options = {
            "max_total_time": seconds,
            "runs": runs,
            "max_len": LONGEST,
            "timeout": _HANGING_SECONDS,
            "rss_limit_mb": _RSS_MEBIBYTES,
            "dict": words,
            "artifact_prefix": f"{folder}/broken-",
            "seed": seed,
        }
        arguments = [f"-{name}={value}" for name, value in options.items()]
        command = [
            *(sys.executable, "-m", "fuzz.child", target.try_.__module__, target.name),
            *(f"{folder}/broken-raised", str(corpus), str(seeds), *arguments),
        ]
        code, log = _ended(command, seconds + _STARTING_SECONDS)
        broken = [it.read_bytes() for it in sorted(folder.glob("broken-*"))]
        if code and not broken:
            raise RuntimeError(f"the process of {target.name} ended:\n{log[-4000:]}")
        tried = [int(it) for it in _TRIED.findall(log)]
        ways = [int(it) for it in _WAYS.findall(log)]
        return Found(
            max(tried, default=0),
            (ways[0], ways[-1]) if ways else (0, 0),
            broken[0] if broken else None,
            _how(log) if broken else "",
        )


def _ended(command: list[str], most_seconds: int) -> tuple[int, str]:
    """Run a process to its end, or kill it; return its code and output."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            log, _ = child.communicate(timeout=most_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            log, _ = child.communicate()
        return child.returncode, log


def _how(log: str) -> str:
    """Return the exception in a log, or its end for an input that hung or used all memory."""
    raised = log.find(_BROKEN)
    return log[raised:] if raised >= 0 else log[-4000:]


def _escaped(word: str) -> str:
    """Return a word in the format of libFuzzer's dictionaries."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())
