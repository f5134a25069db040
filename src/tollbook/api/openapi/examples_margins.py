"""The published examples of `include=margin`: the documented ones, with what is known of costs."""

from typing import Any

from tollbook.api.openapi.examples import USERS_ANSWER
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER, OVERVIEW_ANSWER


def _margin(
    buy_cost: float | None, margin: float | None, share: float | None
) -> dict[str, float | None]:
    return {"buy_cost": buy_cost, "margin": margin, "buy_known_share": share}


_ALL_KNOWN, _PARTLY_KNOWN, _SOLD_BELOW, _UNKNOWN = (
    _margin(150.20, 43.15, 1),
    _margin(80.00, 20.00, 0.692089),
    _margin(95.40, -3.10, 0.421615),
    _margin(None, None, 0),
)


def _with_margins(answer: dict[str, Any], rows: str, *margins: dict[str, Any]) -> dict[str, Any]:
    """Return an answer whose rows have these margins."""
    pairs = zip(answer[rows], margins, strict=True)
    return {**answer, rows: [{**row, **margin} for row, margin in pairs]}


USERS_WITH_MARGIN = _with_margins(USERS_ANSWER, "users", _ALL_KNOWN, _PARTLY_KNOWN)
ORGANIZATIONS_WITH_MARGIN = _with_margins(
    ORGANIZATIONS_ANSWER,
    "organizations",
    _margin(300.00, 204.58, 1),
    _margin(200.00, 40.00, 0.691384),
    _SOLD_BELOW,
    _UNKNOWN,
    _UNKNOWN,
)
OVERVIEW_WITH_MARGIN = {**OVERVIEW_ANSWER, **_margin(595.40, 241.48, 0.671831)}
