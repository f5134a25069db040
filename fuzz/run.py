"""Running a target in a process of its own, and what came of it."""

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
    """How many inputs a target was tried with, how far they went, and what broke it, and how.

    `ways` through the code are counted: those that the seeds go, and those gone in the end.
    """

    tried: int
    ways: tuple[int, int]
    broken_by: bytes | None
    how: str


def fuzz(
    target: Target, seconds: int, *, seed: int = 0, runs: int = -1, corpus: Path | None = None
) -> Found:
    """Try a target for so long, or with so many inputs, from its seeds and what `corpus` holds.

    What is found on the way is added to `corpus`.

    libFuzzer draws other inputs every time; with a `seed`, the same as far as it gets.
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
        given = [f"-{name}={value}" for name, value in options.items()]
        command = [
            *(sys.executable, "-m", "fuzz.child", target.try_.__module__, target.name),
            *(f"{folder}/broken-raised", str(corpus), str(seeds), *given),
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
    """Run a process to its end, or kill it; give its code and what it wrote."""
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
    """Cut out of a log what was raised; of an input that hung or took all memory, the end of it."""
    raised = log.find(_BROKEN)
    return log[raised:] if raised >= 0 else log[-4000:]


def _escaped(word: str) -> str:
    """Write a word as libFuzzer's dictionaries do."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())
