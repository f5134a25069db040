"""The steps that write notifications, in the order in which the worker runs them."""

from tollbook.alerts.expiring_keys import ExpiringKeys
from tollbook.alerts.growing_quarantine import GrowingQuarantine
from tollbook.alerts.look import Look
from tollbook.alerts.reports import Reports
from tollbook.alerts.silent_usage import SilentUsage
from tollbook.alerts.unpriced import EmptyGroups, UnpricedGroups
from tollbook.alerts.worker import Step


def looks() -> tuple[Step, ...]:
    """Return the steps; each process has its own, because they remember what they have seen."""
    return (
        *(Look(), UnpricedGroups(), EmptyGroups()),
        *(GrowingQuarantine(), SilentUsage(), ExpiringKeys(), Reports()),
    )
