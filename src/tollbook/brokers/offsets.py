"""Which messages of a partition are settled: the offset that may be committed."""


class PartitionOffsets:
    """The offsets of a partition since it was assigned; they are added in order.

    The position is the first offset that is not settled. A broker stores only that one, so messages
    after it are delivered again when the partition changes its owner.
    """

    def __init__(self) -> None:
        self._open: dict[int, bool] = {}
        self._next: int | None = None
        self._committed: int | None = None

    def add(self, offset: int) -> None:
        """Add a message that was received."""
        self._open[offset] = False

    def settle(self, offset: int) -> None:
        """Note that a message is settled."""
        if offset in self._open:
            self._open[offset] = True
        for it in list(self._open):
            if not self._open[it]:
                break
            del self._open[it]
            self._next = it + 1

    def forget_from(self, offset: int) -> None:
        """Forget this message and those after it, which will be received again."""
        self._open = {it: is_settled for it, is_settled in self._open.items() if it < offset}

    def uncommitted(self) -> int | None:
        """Return the position to commit; None when it is committed already."""
        return None if self._next == self._committed else self._next

    def committed(self, position: int) -> None:
        """Note that a position is committed."""
        self._committed = position
