"""Building the TypeScript client, and running its tests with Node.js."""

import fcntl
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
COMPILER = ROOT / "node_modules" / ".bin" / "tsc"
NODE = shutil.which("node")
_NO_NODE = "NO NODE.JS: run `make test`, or scripts/node"


def require_node() -> str:
    """Return the path of Node.js; skip the test without it or the compiler."""
    if NODE is None or not COMPILER.exists():
        pytest.skip(_NO_NODE)
    return NODE


def build() -> None:
    """Compile the client unless that was done; processes take turns."""
    sources = sorted(CLIENT.glob("src/**/*.ts"))
    text = b"".join(it.read_bytes() for it in (*sources, CLIENT / "tsconfig.json"))
    stamp = CLIENT / "dist" / ".sources.sha256"
    with (CLIENT / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != sha256(text).hexdigest():
            shutil.rmtree(CLIENT / "dist", ignore_errors=True)
            subprocess.run([COMPILER, "--project", CLIENT], check=True)
            stamp.write_text(sha256(text).hexdigest())


def run_tests(*names: str, **environment: str) -> None:
    """Run files of tests with Node.js; fail with their report."""
    node = require_node()
    build()
    files = [f"test/{it}.test.js" for it in names]
    command = [node, "--test", "--test-reporter=spec", *files]
    variables = {**os.environ, **environment}
    ran = subprocess.run(command, cwd=CLIENT, env=variables, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
