"""Users that are known to be in the directory, so that a commit need not add them again."""

from collections.abc import Iterable, Mapping

User = tuple[int, str]
"""The number of an organization and the id of one of its users."""

_MOST_USERS = 1_000_000


class KnownUsers:
    """The users that commits of this process have seen, while nobody else changes their ledgers.

    A restored database may lack some of them. So each commit compares the token that it replaces
    with the token that this process left there.
    """

    def __init__(self) -> None:
        self._left: dict[int, int] = {}
        self._users: dict[int, set[str]] = {}
        self._count = 0

    def unknown(self, users: Iterable[User], replaced: Mapping[int, int]) -> set[User]:
        """Return the users that may not exist, given the tokens that a commit replaces."""
        known: dict[int, set[str]] = {
            number: self._users.get(number, set())
            for number, token in replaced.items()
            if self._left.get(number) == token
        }
        return {it for it in set(users) if it[1] not in known.get(it[0], ())}

    def remember(self, users: Iterable[User], token: int, replaced: Mapping[int, int]) -> None:
        """Add the users of a commit; forget those of ledgers that others have changed before it."""
        if self._count + len(self._left) > _MOST_USERS:
            self._left, self._users, self._count = {}, {}, 0
        for number, before in replaced.items():
            if self._left.get(number) != before:
                self._count -= len(self._users.pop(number, ()))
            self._left[number] = token
        for number, identity in users:
            known = self._users.setdefault(number, set())
            self._count += identity not in known
            known.add(identity)
