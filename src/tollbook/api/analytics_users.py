"""GET /v1/analytics/users: usage and cost by user, the main job."""

from datetime import date
from hashlib import blake2b

import msgspec
from starlette.responses import Response

from tollbook import __version__
from tollbook.analytics.users import users_report
from tollbook.api.access import organization_of
from tollbook.api.cache import Answer
from tollbook.api.endpoint import Body, Call, Endpoint, Kind, Parameter
from tollbook.api.examples import USERS_ANSWER
from tollbook.api.responses import answer_response
from tollbook.api.schemas import USERS_REPORT
from tollbook.domain.directory import zone
from tollbook.domain.errors import InvalidRequest, NotFound, Problem, SumOutOfRange
from tollbook.domain.events import instant_of
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period, resolve
from tollbook.store import directory
from tollbook.store.database import Snapshot


def get_users(call: Call, snapshot: Snapshot) -> Response:
    """Answer from the cache while the organization has not changed, else from the rollups."""
    organization = organization_of(snapshot, call.key, call.query["organization_id"])
    now = instant_of(call.services.clock())
    today = now.astimezone(zone(organization.timezone)).date()
    period = resolved_period(call.query["start_date"], call.query["end_date"], today)
    head = directory.head(snapshot, organization.number)
    user = call.key.scope.user_id
    state = (__version__, organization, period.start, period.end, user, head.revision)
    digest = blake2b(msgspec.json.encode(state), digest_size=12).hexdigest()
    headers = {
        "ETag": f'W/"{digest}"',
        "Cache-Control": "private, no-cache",
        "Vary": "X-API-Key, Accept-Encoding",
        "X-As-Of": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if _matches(call.headers.get("if-none-match", ""), digest):
        return Response(None, 304, headers)
    answer = call.services.cache.get(digest)
    if answer is None:
        report = users_report(
            snapshot, organization.number, organization.id, organization.name, period, user
        )
        answer = Answer(msgspec.json.encode(report))
        call.services.cache.put(digest, answer)
    compress = call.services.compression and _takes_gzip(call.headers.get("accept-encoding", ""))
    return answer_response(answer, headers, compress=compress)


def resolved_period(start: date | None, end: date | None, today: date) -> Period:
    """Fill in the defaults and refuse a period that ends before it starts."""
    period = resolve(start, end, today)
    if period.start > period.end:
        raise InvalidRequest.of(
            [Problem("start_date", "start_after_end", "start_date must not be after end_date")]
        )
    return period


def _matches(if_none_match: str, digest: str) -> bool:
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return f'"{digest}"' in tags


def _takes_gzip(accept_encoding: str) -> bool:
    for choice in accept_encoding.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


GET_USERS = Endpoint(
    method="GET",
    path="/v1/analytics/users",
    name="getUserAnalytics",
    summary="Usage and cost by user",
    description=(
        "Usage and cost of every user of an organization in a period, both days inclusive, in the "
        "organization's time zone. Users without usage are listed with zeros; the order is by "
        "total cost, highest first. Brand registration, an organization-level cost, is not in it. "
        "A key bound to one user sees that user only."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization to answer for.",
            required=True,
            example="org_abc123",
        ),
        Parameter(
            "start_date",
            "First day, YYYY-MM-DD. Default: 30 days before `end_date`.",
            Kind.DATE,
            example="2024-01-01",
        ),
        Parameter(
            "end_date",
            "Last day, YYYY-MM-DD. Default: today in the organization's time zone.",
            Kind.DATE,
            example="2024-01-31",
        ),
    ),
    answers={200: Body(USERS_REPORT, USERS_ANSWER)},
    read=get_users,
    errors=(InvalidRequest, NotFound, SumOutOfRange),
)
