"""Errors of changes to triggers."""

from tollbook.domain.errors import RequestError


class TooManyTriggers(RequestError):
    """The tenant or the organization has as many triggers or thresholds as it may have."""

    status = 409
    code = "too_many_triggers"


class ManagedByBudget(RequestError):
    """The trigger is that of a budget, and changes only with it."""

    status = 409
    code = "managed_by_budget"


class ImmutableField(RequestError):
    """A field of a trigger cannot change: add another trigger."""

    code = "immutable_field"


class InvalidFigure(RequestError):
    """The figure does not exist for the subject, the period or the kind of threshold."""

    code = "invalid_figure"
