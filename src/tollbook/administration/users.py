"""Create, change and delete the users of an organization."""

import msgspec

from tollbook.administration.organizations import assigned_id, changes_of
from tollbook.domain.directory import Status, User, UserPermission, new_user_problems, user_problems
from tollbook.domain.errors import AlreadyExists, InUse, refuse
from tollbook.store import directory, removal
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow


class NewUser(msgspec.Struct):
    """A user to create. Without an id, a random one is assigned."""

    name: str
    id: str | None = None
    email: str | None = None
    status: Status = Status.ACTIVE
    permission: UserPermission = UserPermission.USER


class UserChange(msgspec.Struct):
    """A change of a user. With `null` for `email`, it has none."""

    name: str | None = None
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    status: Status | None = None
    permission: UserPermission | None = None


def create_user(
    transaction: Transaction, actor: Actor, organization: OrganizationRow, new: NewUser
) -> User:
    """Create a user."""
    identity = assigned_id("user") if new.id is None else new.id
    user = User(identity, new.name, new.email, new.status, new.permission)
    refuse(new_user_problems(user))
    if not directory.add_user(transaction, organization.number, user, actor.at):
        raise AlreadyExists(f"user {user.id} exists already in organization {organization.id}")
    details = {"status": user.status, "permission": user.permission}
    what, number = f"user {user.id}", organization.number
    write_act(transaction, actor, "user.create", what, details, organization=number)
    return user


def change_user(
    transaction: Transaction,
    actor: Actor,
    organization: OrganizationRow,
    user: User,
    change: UserChange,
) -> User:
    """Change a user's name, e-mail, status or permission.

    The audit log names the changed fields without their values, which may be personal data.
    """
    changes = changes_of(change)
    changed = msgspec.structs.replace(user, **changes)
    refuse(user_problems(changed))
    directory.change_user(transaction, organization.number, changed, actor.at)
    details = {
        "changed": list(changes),
        "status": changed.status,
        "permission": changed.permission,
    }
    what, number = f"user {user.id}", organization.number
    write_act(transaction, actor, "user.change", what, details, organization=number)
    return changed


def delete_user(
    transaction: Transaction, actor: Actor, organization: OrganizationRow, user: User
) -> None:
    """Delete a user with its budget and its keys. Raise `InUse` when events name it."""
    number = organization.number
    directory.hold_organization(transaction, actor.tenant, number, actor.at)
    if removal.user_has_events(transaction, number, user.id):
        raise InUse(
            f"user {user.id} of {organization.id} has events and cannot be deleted; "
            "erase the personal data instead"
        )
    removal.remove_user(transaction, actor.tenant, number, user.id)
    write_act(transaction, actor, "user.delete", f"user {user.id}", {}, organization=number)
