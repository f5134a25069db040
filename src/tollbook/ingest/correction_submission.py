"""The corrections of one request on their way through a commit."""

from collections.abc import Sequence
from typing import NamedTuple

from tollbook.domain.keys import ApiKey, KeyScope
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode_corrections import Decoded, IndexedCorrection
from tollbook.ingest.problems import UNKNOWN_TYPE
from tollbook.ingest.submit import months_around_time
from tollbook.store.audit import Actor


class CorrectionSubmission(NamedTuple):
    """The corrections of one request, and the receipts of those that are not valid.

    `key` is None on the command line. The actor's clock is the server's when the request came.
    """

    scope: KeyScope
    key: ApiKey | None
    actor: Actor
    corrections: Sequence[IndexedCorrection]
    rejections: Sequence[Receipt]
    atomic: bool = False

    @property
    def has_unknown_types(self) -> bool:
        """Return whether a correction was rejected for a type that a newer catalog may have."""
        return any(it.code == UNKNOWN_TYPE for receipt in self.rejections for it in receipt.details)

    @property
    def size(self) -> int:
        """Return the number of corrections."""
        return len(self.corrections)

    @property
    def key_prefix(self) -> str | None:
        """Return the prefix of the key; None on the command line."""
        return None if self.key is None else self.key.prefix

    def months(self) -> set[int]:
        """Return the months that corrected times may fall into, in any time zone."""
        times = (it.values.get("time") for _, it in self.corrections)
        return {
            month for time in times if isinstance(time, int) for month in months_around_time(time)
        }


def correction_submission(
    decoded: Sequence[Decoded],
    scope: KeyScope,
    actor: Actor,
    key: ApiKey | None = None,
    *,
    atomic: bool = False,
) -> CorrectionSubmission:
    """Separate valid corrections from rejected ones."""
    return CorrectionSubmission(
        scope=scope,
        key=key,
        actor=actor,
        corrections=[it for it in decoded if not isinstance(it, Receipt)],
        rejections=[it for it in decoded if isinstance(it, Receipt)],
        atomic=atomic,
    )
