"""The statements that read events, and the days and hours that have some."""

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from tollbook.domain.meters import CATALOG, OWN_ORGANIZATION_LEVEL

_COLUMNS = """\
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)"""


class Whose(StrEnum):
    """All events, those of one user, or those not attributed to a user."""

    ALL = "all"
    USER = "user"
    NOBODY = "nobody"


NEVER_A_USERS = tuple(meter.code for meter in CATALOG if meter.organization_level)
"""The codes of the meters that are in no user's figures."""
_NEVER = f"meter IN ({', '.join(map(str, NEVER_A_USERS))})"
_OF = {
    Whose.ALL: "",
    Whose.USER: " AND user_id = :user",
    Whose.NOBODY: f" AND (user_id = '' OR {_NEVER})",
}
_METERS = "(CAST(:meters AS BIGINT) >> meter) & 1 = 1"
_COUNTRIES = "country BETWEEN :country AND :last_country"
_RESOURCE = "(CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)"


# SQLite would read a whole day by the primary key to find one user's events. The subquery makes it
# use the index of users.
_BY_USER = """
    AND id IN (
        SELECT mine.id FROM events AS mine
        WHERE mine.organization_id = :organization AND mine.user_id = :user AND mine.day = :day
    )"""
_LOOKED_UP = _OF | {Whose.USER: _BY_USER}


def _events_sql(of: str, rest: str) -> str:
    return f"""
SELECT
{_COLUMNS}
FROM events
WHERE organization_id = :organization AND day = :day{of}
    AND {_METERS}
    AND {_COUNTRIES}
    AND {_RESOURCE}
    AND time >= :start AND time < :end
    AND received_at <= :as_of
{rest}
"""


_BEFORE = """\
    AND (time < :before OR (time = :before AND id < :before_id))
ORDER BY time DESC, id DESC LIMIT :limit"""
_FIRST = "ORDER BY id LIMIT :limit"
_AFTER = """\
    AND id > :after
ORDER BY id LIMIT :limit"""

# Most users have too few events on a day for a second chunk. Users with one have much of the day,
# so later chunks read by the primary key.
PAGE = {whose: _events_sql(_LOOKED_UP[whose], _BEFORE) for whose in Whose}
FIRST = {whose: _events_sql(_LOOKED_UP[whose], _FIRST) for whose in Whose}
CHUNK = {whose: _events_sql(_OF[whose], _AFTER) for whose in Whose}

MONTHS = """
SELECT DISTINCT month FROM organization_monthly
WHERE organization_id = :organization AND month BETWEEN :first AND :last
ORDER BY month DESC
"""

DAYS = f"""
SELECT DISTINCT day FROM organization_daily
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last
    AND {_METERS}
ORDER BY day DESC
"""

USER_DAYS = f"""
SELECT DISTINCT day FROM usage_daily
WHERE organization_id = :organization AND month = :month AND user_id = :user
    AND day BETWEEN :first AND :last
    AND {_METERS}
    AND {_COUNTRIES}
ORDER BY day DESC
"""

RESOURCE_DAYS = f"""
SELECT DISTINCT day FROM resources_daily
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last
    AND {_METERS}
    AND resource_id = :resource
ORDER BY day DESC
"""

HOURS = f"""
SELECT DISTINCT hour FROM organization_hourly
WHERE organization_id = :organization AND month = :month
    AND {_METERS}
    AND {_COUNTRIES}
"""

# The sums of archived events are keyed like the events.
ARCHIVED = {
    whose: f"""
SELECT 1 FROM archived_sums
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last{of}
    AND {_METERS}
    AND {_COUNTRIES}
    AND {_RESOURCE}
LIMIT 1
"""
    for whose, of in _OF.items()
}


class EventStatements(NamedTuple):
    """The statements of a list of events that depend on what is asked for."""

    page: dict[Whose, str]
    first: dict[Whose, str]
    chunk: dict[Whose, str]
    archived: dict[Whose, str]
    days: str
    user_days: str
    resource_days: str
    hours: str


_CODES = "meter IN :codes"
_OWN = OWN_ORGANIZATION_LEVEL
_OWN_NOBODY = f"{_NEVER} OR meter BETWEEN {_OWN.start} AND {_OWN.stop - 1})"


@cache
def statements(*, margin: bool = False, own: bool = False) -> EventStatements:
    """Return the statements; with `margin`, rows of events end with the purchase cost.

    With `own`, a tenant has meters of its own, whose codes are too large for bits.
    """

    def changed(statement: str) -> str:
        if own:
            statement = statement.replace(_METERS, _CODES).replace(f"{_NEVER})", _OWN_NOBODY)
        return statement.replace(_COLUMNS, f"{_COLUMNS}, buy") if margin else statement

    def each(by_whose: dict[Whose, str]) -> dict[Whose, str]:
        return {whose: changed(statement) for whose, statement in by_whose.items()}

    return EventStatements(
        page=each(PAGE),
        first=each(FIRST),
        chunk=each(CHUNK),
        archived=each(ARCHIVED),
        days=changed(DAYS),
        user_days=changed(USER_DAYS),
        resource_days=changed(RESOURCE_DAYS),
        hours=changed(HOURS),
    )
