"""The TypeScript client and a real server: its own tests, and killed processes."""

import os
import random
import subprocess
import time
from pathlib import Path

from tests.typescript.building import CLIENT, require_node, run_tests
from tests.typescript.conftest import Site
from tests.waiting import wait_for

KILLS = int(os.environ.get("TOLLBOOK_TEST_KILLS", "3"))
"""How often the client and the server are killed, each."""
_EVERY = 200
"""Events between two kills, at least."""


class Recorder:
    """A process that records events until it is killed."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._environment = {**os.environ, **site.environment}
        self.spool = folder / "spool"
        self._ids = folder / "ids"
        self._ids.touch()
        self.start()

    def start(self, *events: str) -> None:
        script = CLIENT / "test" / "support" / "recorder.js"
        command = [require_node(), script, self.spool, self._ids, *events]
        self._process = subprocess.Popen(command, env=self._environment)

    def kill(self) -> None:
        """Kill it, and let its log look abandoned."""
        self._process.kill()
        self._process.wait()
        for heartbeat in self.spool.glob("log-*/heartbeat"):
            os.utime(heartbeat, (0, 0))

    def finish(self) -> int:
        """Kill it, and send what it left with another process; return how that ended."""
        self.kill()
        self.start("1")
        return self._process.wait()

    def ids(self) -> list[str]:
        """Return the ids of recorded events; one that was cut off may be among them."""
        return self._ids.read_text().splitlines()

    def wait_for_more(self) -> None:
        """Wait for a moment in the middle of its work."""
        enough = len(self.ids()) + _EVERY
        wait_for(lambda: len(self.ids()) >= enough)
        time.sleep(random.uniform(0, 0.05))


def test_its_own_tests(site: Site) -> None:
    run_tests("server", **site.environment)


def test_kills_of_client_and_server_lose_and_double_nothing(site: Site, tmp_path: Path) -> None:
    recorder = Recorder(site, tmp_path)
    for number in range(2 * KILLS):
        recorder.wait_for_more()
        if number % 2:
            site.server.kill()
            site.server.start()
        else:
            recorder.kill()
            recorder.start()
    assert recorder.finish() == 0
    recorded, stored = recorder.ids(), site.ids()
    assert set(recorded) <= set(stored)
    # A kill between `record` and the line of the test leaves an id that was not written down.
    assert len(set(stored) - set(recorded)) <= KILLS + 1
    assert len(stored) == len(set(stored))
    assert list(recorder.spool.glob("log-*")) == []


def test_processes_share_a_spool(site: Site, tmp_path: Path) -> None:
    recorders = [Recorder(site, tmp_path) for _ in range(3)]
    for recorder in recorders:
        recorder.wait_for_more()
    for recorder in recorders[1:]:
        recorder.kill()
    assert recorders[0].finish() == 0
    assert set(recorders[0].ids()) <= set(site.ids())
