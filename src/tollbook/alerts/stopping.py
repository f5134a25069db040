"""Stop the process at a step of a look or a delivery, for tests that kill it there."""

import os
import signal

_STOP_AT = "TOLLBOOK_TEST_STOP_AT"


def stop_at(step: str) -> None:
    """Kill this process if a test asked for it at this step; otherwise do nothing."""
    if os.environ.get(_STOP_AT) == step:
        os.kill(os.getpid(), signal.SIGKILL)
