"""How many examples a property is tried with: the same few each time, or many new ones.

`TOLLBOOK_TEST_EXAMPLES=5000 make test args=tests/ingest` looks further than a usual run does.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine

assert engine.MAX_SHRINKING_SECONDS, "Hypothesis keeps its bound elsewhere now"
engine.MAX_SHRINKING_SECONDS = 20
"""A failure is reported in seconds: its example need not be the smallest."""
_LONGER = os.environ.get("TOLLBOOK_TEST_EXAMPLES", "")


def examples(usual: int) -> settings:
    """Try a property with `usual` examples; the database of a test serves all of them."""
    return settings(
        max_examples=int(_LONGER or usual),
        derandomize=not _LONGER,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )
