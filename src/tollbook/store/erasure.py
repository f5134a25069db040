"""The statements that remove a person's data from every table; sums and identities stay."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tollbook.store.address_erasure import erase_user_address
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.event_ids import BEFORE_ALL, encode_id, texts
from tollbook.store.resources import COUNTED

ERASED = "erased"


class Detail(NamedTuple):
    """The fields of an event that may identify a person, with its key."""

    day: int
    id: str
    meter: int
    attributes: str
    resource_id: str | None


ERASE_USER = """
UPDATE users SET name = id, email = NULL WHERE organization_id = :number AND id = :user
"""

ERASE_KEYS = f"""
UPDATE api_keys SET name = '{ERASED}' WHERE organization_id = :number AND user_id = :user
"""

DETAILS = f"""
SELECT {texts(Detail._fields)} FROM events
WHERE organization_id = :number AND user_id = :user
    AND (day > :day OR (day = :day AND id > :id))
    AND (attributes <> '' OR resource_id IS NOT NULL)
ORDER BY day, id LIMIT :limit
"""

ERASE_EVENT = """
UPDATE events SET attributes = :attributes, resource_id = :resource_id
WHERE organization_id = :number AND day = :day AND id = :id
"""

ERASE_REASONS = f"""
UPDATE reversals SET reason = '{ERASED}'
WHERE organization_id = :number AND reverses IN (
    SELECT id FROM events WHERE organization_id = :number AND user_id = :user
)
"""

_OF_CORRECTIONS = "(corrections.user_id = :user OR corrections.corrected_user_id = :user)"
ERASE_CORRECTIONS = (
    f"""
UPDATE reversals SET reason = '{ERASED}'
WHERE organization_id = :number AND reverses IN (
    SELECT corrects FROM corrections WHERE organization_id = :number AND {_OF_CORRECTIONS}
)
""",
    f"""
UPDATE corrections SET reason = '{ERASED}'
WHERE organization_id = :number AND {_OF_CORRECTIONS}
""",
)

ERASE_REASON = f"""
UPDATE reversals SET reason = '{ERASED}' WHERE organization_id = :number AND reverses = :id
"""

_WAITING = (
    """
SELECT id_text(id), event FROM quarantine
WHERE organization_id = :number AND user_id = :user ORDER BY id
""",
    """
SELECT id_text(corrects), quarantined_event FROM corrections
WHERE organization_id = :number AND user_id = :user AND quarantined_event IS NOT NULL
ORDER BY corrects
""",
)
_REPLACE_WAITING = (
    """
UPDATE quarantine SET event = :event, reason = :reason
WHERE organization_id = :number AND id = :id
""",
    """
UPDATE corrections SET quarantined_event = :event, quarantine_reason = :reason
WHERE organization_id = :number AND corrects = :id
""",
)

_RESOURCES = ("resources_daily", "archived_sums")


ERASE_TRIGGERS = f"""
UPDATE triggers SET name = '{ERASED}'
WHERE organization_id = :number AND user_id = :user AND source = 'api'
"""

# The process that watches triggers reads them again: its notifications carry the name.
FORGET_TRIGGERS = """
UPDATE tenants SET triggers_token = triggers_token + 1
WHERE triggers_token <> 0 AND tenant_id = (
    SELECT tenant_id FROM organizations WHERE organization_id = :number
)
"""

NOTIFICATIONS = """
SELECT tenant_id, number, data FROM notifications
WHERE organization_id = :number AND user_id = :user AND trigger_id IS NOT NULL
"""

ERASE_NOTIFICATION = """
UPDATE notifications SET data = :data WHERE tenant_id = :tenant AND number = :number
"""

# A chat answers several notifications at once: each of them has the answer.
ERASE_EXCERPTS = """
UPDATE delivery_attempts SET excerpt = ''
WHERE excerpt <> '' AND (tenant_id, endpoint_id, address, at) IN (
    SELECT answers.tenant_id, answers.endpoint_id, answers.address, answers.at
    FROM notifications
    JOIN deliveries ON deliveries.tenant_id = notifications.tenant_id
        AND deliveries.number = notifications.number
    JOIN delivery_attempts AS answers ON answers.tenant_id = deliveries.tenant_id
        AND answers.endpoint_id = deliveries.endpoint_id AND answers.address = deliveries.address
        AND answers.sequence = deliveries.sequence
    WHERE notifications.organization_id = :number AND notifications.user_id = :user
)
"""


def trigger_names(transaction: Transaction, number: int, user: str) -> None:
    """Erase the names of a user's triggers, also in notifications: they are free text."""
    transaction.execute(ERASE_TRIGGERS, number=number, user=user)
    transaction.execute(FORGET_TRIGGERS, number=number)
    rows = transaction.rows(NOTIFICATIONS, number=number, user=user)
    transaction.execute_many(
        ERASE_NOTIFICATION,
        [
            {"tenant": tenant, "number": place, "data": _without_name(data)}
            for tenant, place, data in rows
        ],
    )


def _without_name(data: str) -> str:
    # Amounts stay as they are written: a float would lose digits.
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    if "name" in fields:
        fields["name"] = msgspec.Raw(f'"{ERASED}"')
    return msgspec.json.encode(fields).decode()


def user_fields(transaction: Transaction, number: int, user: str) -> None:
    """Replace a user's name with the id, and remove what else is free text about the user.

    That is the e-mail address, also where mails go to it, the names of keys and triggers, the
    reasons of reversals and corrections, and what receivers answered to notifications about the
    user.
    """
    trigger_names(transaction, number, user)
    erase_user_address(transaction, number, user)
    transaction.execute(ERASE_USER, number=number, user=user)
    transaction.execute(ERASE_KEYS, number=number, user=user)
    transaction.execute(ERASE_EXCERPTS, number=number, user=user)
    for sql in (ERASE_REASONS, *ERASE_CORRECTIONS):
        transaction.execute(sql, number=number, user=user)


def details(snapshot: Snapshot, number: int, user: str) -> Iterator[list[Detail]]:
    """Read the details of a user's events, in chunks."""
    parameters, start = {"number": number, "user": user}, {"day": -1, "id": BEFORE_ALL}
    for rows in snapshot.chunks(DETAILS, parameters, Detail._fields, start):
        yield [Detail(*row) for row in rows]


def replace_details(transaction: Transaction, number: int, changed: Sequence[Detail]) -> None:
    """Update events whose details were erased."""
    rows = [
        {"number": number, **detail._asdict(), "id": encode_id(detail.id)} for detail in changed
    ]
    transaction.execute_many(ERASE_EVENT, rows)


def erase_reasons(transaction: Transaction, number: int, ids: Sequence[str]) -> None:
    """Erase the reasons of the reversals of these events."""
    rows = [{"number": number, "id": encode_id(identity)} for identity in ids]
    transaction.execute_many(ERASE_REASON, rows)


def waiting(snapshot: Snapshot, number: int, user: str) -> list[tuple[str, str]]:
    """Read a user's events in quarantine, and those that were corrected there."""
    rows = (row for sql in _WAITING for row in snapshot.rows(sql, number=number, user=user))
    return [(row[0], row[1]) for row in rows]


def replace_waiting(
    transaction: Transaction, number: int, changed: Sequence[tuple[str, str]], reason: str
) -> None:
    """Update events in quarantine whose details were erased."""
    common = {"number": number, "reason": reason}
    rows = [{"id": encode_id(identity), "event": event, **common} for identity, event in changed]
    for sql in _REPLACE_WAITING:
        transaction.execute_many(sql, rows)


def resources(snapshot: Snapshot, number: int, user: str) -> set[str]:
    """Return the resources in a user's sums."""
    found: set[str] = set()
    for table in _RESOURCES:
        rows = snapshot.rows(
            f"SELECT DISTINCT resource_id FROM {table} "
            "WHERE organization_id = :number AND user_id = :user AND resource_id <> ''",
            number=number,
            user=user,
        )
        found |= {row[0] for row in rows}
    return found


def rename_resources(
    transaction: Transaction, number: int, user: str, names: Mapping[str, str]
) -> None:
    """Rename the resources in a user's sums."""
    rows = [{"number": number, "user": user, "old": old, "new": names[old]} for old in names]
    for table in _RESOURCES:
        transaction.execute_many(
            f"UPDATE {table} SET resource_id = :new "
            "WHERE organization_id = :number AND user_id = :user AND resource_id = :old "
            f"AND meter NOT IN ({COUNTED})",
            rows,
        )
