"""An independent model of trends: every event looked at again, every minute of a period walked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.builders import Json

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BRAND = "brand.registration"
CATEGORIES = {
    "sms.outbound": "messaging",
    "sms.inbound": "messaging",
    "voice.call": "voice",
    "api.request": "api_request",
    BRAND: "brand_registration",
}
UNITS = {
    "sms.outbound": "segment",
    "sms.inbound": "segment",
    "voice.call": "second",
    "api.request": "request",
    BRAND: "registration",
}


@dataclass(frozen=True)
class Fact:
    """An event that was charged, and whether it was taken back."""

    organization: str
    user: str | None
    meter: str
    at: datetime
    quantity: Decimal
    cost: Decimal
    country: str
    reversed: bool

    @property
    def owner(self) -> str:
        return "" if self.meter == BRAND else self.user or ""


@dataclass(frozen=True)
class Asked:
    """A question as the model understands it."""

    organization: str | None
    user: str | None
    start: date
    end: date
    bucket: str
    split_by: str | None
    meters: tuple[str, ...] | None
    country: str | None
    compare: str | None
    top: int


class Trends:
    """Facts of organizations with their zones."""

    def __init__(self, zones: dict[str, str]) -> None:
        self.zones = {name: ZoneInfo(zone) for name, zone in zones.items()}
        self.facts: list[Fact] = []

    def answer(self, asked: Asked) -> Json:
        """Return buckets, series by key in order, and costs, of the period and the one before."""
        periods = [(asked.start, asked.end)]
        if asked.compare:
            periods.append(before(asked))
        parts = [self._part(asked, *period) for period in periods]
        keys = self._keys(asked, parts)
        shown = [_shown(asked, part, *keys) for part in parts]
        return {"now": shown[0], "before": shown[1] if asked.compare else None}

    def _part(self, asked: Asked, start: date, end: date) -> Json:
        zone = self.zones[asked.organization or next(iter(self.zones))]
        names = list(_buckets(asked.bucket, start, end, zone))
        rows: dict[str, list[list[Decimal]]] = {}
        for fact in self.facts:
            day = fact.at.astimezone(self.zones[fact.organization]).date()
            if start <= day <= end and _counts(asked, fact) and not fact.reversed:
                sums = rows.setdefault(_key(asked, fact), [[Decimal(0)] * 3 for _ in names])
                name = _bucket(asked.bucket, fact.at, self.zones[fact.organization])
                one = sums[names.index(name)]
                for n, more in enumerate((Decimal(1), fact.quantity, fact.cost)):
                    one[n] += more
        return {"names": names, "rows": rows}

    def _keys(self, asked: Asked, parts: list[Json]) -> tuple[list[str], bool]:
        if asked.split_by is None:
            return ["total"], False
        if asked.split_by == "user" and asked.user:
            return [asked.user], False
        if asked.split_by == "organization" and asked.organization:
            return [asked.organization], False

        def cost(part: Json, key: str) -> Decimal:
            return sum((one[2] for one in part["rows"].get(key, ())), Decimal(0))

        def rank(key: str) -> tuple[list[Decimal], int | str]:
            return [-cost(part, key) for part in parts], _order(asked, key)

        ordered = sorted({key for part in parts for key in part["rows"]}, key=rank)
        return ordered[: asked.top], len(ordered) > asked.top


def _order(asked: Asked, key: str) -> int | str:
    """Break a tie: meters in the order of the catalogue, organizations in that of creation."""
    if asked.split_by == "meter":
        return list(UNITS).index(key)
    return key


def _shown(asked: Asked, part: Json, keys: list[str], others: bool) -> Json:
    nothing = [[Decimal(0)] * 3 for _ in part["names"]]
    series = [_series(asked, key, part["rows"].get(key, nothing)) for key in keys]
    if others:
        rest = [list(one) for one in nothing]
        for key, sums in part["rows"].items():
            if key not in keys:
                rest = [
                    [a + b for a, b in zip(x, y, strict=True)]
                    for x, y in zip(rest, sums, strict=True)
                ]
        series.append(_series(asked, "other", rest, is_rest=True))
    return {
        "buckets": part["names"],
        "series": series,
        "total_cost": sum((it["total_cost"] for it in series), Decimal(0)),
    }


def _series(asked: Asked, key: str, sums: list[list[Decimal]], *, is_rest: bool = False) -> Json:
    series: Json = {
        "key": key,
        "events": [one[0] for one in sums],
        "costs": [one[2] for one in sums],
        "total_events": sum(one[0] for one in sums),
        "total_cost": sum(one[2] for one in sums),
    }
    if is_rest:
        series["rest"] = True
    elif asked.split_by == "meter":
        series["unit"] = UNITS[key]
        series["quantities"] = [one[1] for one in sums]
        series["total_quantity"] = sum(one[1] for one in sums)
    return series


def _counts(asked: Asked, fact: Fact) -> bool:
    return (
        asked.organization in (None, fact.organization)
        and asked.user in (None, fact.owner)
        and (asked.meters is None or fact.meter in asked.meters)
        and asked.country in (None, fact.country)
    )


def _key(asked: Asked, fact: Fact) -> str:
    return {
        None: "total",
        "meter": fact.meter,
        "category": CATEGORIES[fact.meter],
        "user": fact.owner,
        "organization": fact.organization,
        "country": fact.country,
    }[asked.split_by]


def _bucket(bucket: str, at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if bucket == "hour":
        return _start_of_hour(at, zone)
    return _of_day(bucket, local.date())


def _of_day(bucket: str, day: date) -> str:
    if bucket == "week":
        return (day - day.weekday() * DAY).isoformat()
    return day.isoformat()[: 7 if bucket == "month" else 10]


def _start_of_hour(at: datetime, zone: ZoneInfo) -> str:
    """Go back by minutes for as long as it is the same hour by the same offset."""
    start = at.replace(second=0, microsecond=0).astimezone(UTC)
    while _hour(start - MINUTE, zone) == _hour(at, zone):
        start -= MINUTE
    return start.astimezone(zone).isoformat()


def _hour(at: datetime, zone: ZoneInfo) -> tuple[date, int, timedelta | None]:
    local = at.astimezone(zone)
    return local.date(), local.hour, local.utcoffset()


def _buckets(bucket: str, start: date, end: date, zone: ZoneInfo) -> Iterator[str]:
    if bucket != "hour":
        days = (date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1))
        yield from dict.fromkeys(_of_day(bucket, day) for day in days)
        return
    at = datetime.combine(start, time(), UTC) - DAY
    seen = None
    while at < datetime.combine(end, time(), UTC) + 2 * DAY:
        hour = _hour(at, zone)
        if hour != seen and start <= hour[0] <= end:
            yield at.astimezone(zone).isoformat()
        seen = hour
        at += MINUTE


def before(asked: Asked) -> tuple[date, date]:
    """Return the days to compare with, as the words of the documentation say."""
    start, end = asked.start, asked.end
    of_months = start.day == 1 and (end + DAY).day == 1
    if asked.compare == "previous_year":
        if start.weekday() == 0 and end.weekday() == 6 and not of_months:
            return start - 364 * DAY, end - 364 * DAY
        return _a_year_before(start), _a_year_before(end)
    if of_months:
        months = {(n.year, n.month) for n in _days(start, end)}
        first = start
        for _ in months:
            first = (first - DAY).replace(day=1)
        return first, start - DAY
    days = (end - start).days + 1
    return start - days * DAY, start - DAY


def _days(start: date, end: date) -> Iterator[date]:
    return (date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1))


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
