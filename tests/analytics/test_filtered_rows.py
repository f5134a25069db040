"""The users answer by meter and country: the empty organization first, statements, and tables."""

from datetime import date

import msgspec
import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Platform, event, reversal
from tollbook.analytics import filtered_users
from tollbook.analytics.filtered_organizations import (
    filtered_organizations_sql,
    organization_countries_sql,
    organization_meters_sql,
)
from tollbook.analytics.filtered_users import (
    OrganizationLevel,
    countries_sql,
    filtered_users_sql,
    meters_sql,
    organization_level_sql,
    read_filtered_users,
    read_organization_level,
    read_user_groups,
    read_user_total,
    shared_knowledge_bases_sql,
    write_organization_level,
    write_user_totals,
)
from tollbook.analytics.filters import Filters, Sort, meter_bits
from tollbook.analytics.groups import groups_table
from tollbook.analytics.tables import ColumnKind
from tollbook.analytics.users import USER_ROW
from tollbook.domain.periods import Period
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Row

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
GB = {"to": "+442071838750"}


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def rows(platform: Platform, filters: Filters, user: str | None = None) -> list[Row]:
    with platform.database.reading() as snapshot:
        number = platform.number("org_1")
        return read_filtered_users(snapshot, number, JANUARY, filters, user_id=user, sort=Sort())


def total(platform: Platform, filters: Filters) -> Row:
    with platform.database.reading() as snapshot:
        number = platform.number("org_1")
        return read_user_total(snapshot, number, JANUARY, filters, rows(platform, filters))


def own(platform: Platform, filters: Filters) -> OrganizationLevel:
    with platform.database.reading() as snapshot:
        level = read_organization_level(snapshot, platform.number("org_1"), JANUARY, filters)
    return write_organization_level(level)


@pytest.mark.parametrize(
    "filters", [Filters(), Filters(country="GB"), Filters(meters=("voice.call",))]
)
def test_an_empty_organization_has_no_rows_and_nothing_of_its_own(
    platform: Platform, filters: Filters
) -> None:
    assert rows(platform, filters) == rows(platform, filters, "user_1") == []
    assert set(msgspec.json.decode(msgspec.json.encode(own(platform, filters))).values()) == {0}
    assert bytes(write_user_totals(total(platform, filters)).total_cost) == b"0.00"


def cells(row: Row, *names: str) -> tuple[object, ...]:
    return tuple(row[USER_ROW.place[name]] for name in names)


def test_knowledge_bases_of_a_country_are_those_used_with_it(platform: Platform) -> None:
    def use(identity: str, base: str, user: str = "user_1", **attributes: str) -> None:
        platform.send(
            event(
                id=identity, type="kb.usage", resource_id=base, user_id=user, attributes=attributes
            )
        )

    use("1", "kb_1", **GB)
    use("2", "kb_1", **GB)
    use("3", "kb_2", to="+4930123456")
    use("4", "kb_3")
    use("5", "kb_4", **GB)
    use("6", "kb_5", user="user_2", **GB)
    platform.reverse(reversal("5"), key=platform.key())
    found = [
        cells(it, "user_id", "kb_count", "kb_minutes")
        for it in rows(platform, Filters(country="GB"))
    ]
    assert found == [("user_1", 1, 122_000_000), ("user_2", 1, 61_000_000)]
    assert (
        rows(platform, Filters(country="GB"), "user_2")[0]
        == rows(platform, Filters(country="GB"))[1]
    )


def test_a_meter_that_leaves_knowledge_bases_out_counts_none(platform: Platform) -> None:
    platform.send(event(type="kb.usage", resource_id="kb_1"), event(id="2"))
    filters = Filters(meters=("voice.call",))
    assert cells(rows(platform, filters)[0], "kb_count", "total_cost") == (0, 122_000_000)


@pytest.mark.parametrize("country", [None, "GB", ""])
def test_a_knowledge_base_of_several_users_counts_once_in_the_total(
    platform: Platform, country: str | None
) -> None:
    used = [("ann", "kb_1"), ("ann", "kb_2"), ("bob", "kb_1"), ("bob", "kb_3"), ("eve", "kb_2")]
    platform.send(
        *(
            event(
                id=f"{user} {base} {to}",
                type="kb.usage",
                user_id=user,
                resource_id=base,
                attributes={"to": to} if to else {},
            )
            for user, base in used
            for to in (GB["to"], "", "+80012345678")
        ),
        event(id="own", type="kb.usage", user_id=None, resource_id="kb_own"),
    )
    filters = Filters(country=country)
    assert [cells(row, "kb_count") for row in rows(platform, filters)] == [(2,), (2,), (1,)]
    assert cells(total(platform, filters), "kb_count") == (3,)
    assert cells(total(platform, Filters(country=country, search="E")), "kb_count") == (1,)
    few = Filters(country=country, meters=("kb.rental",))
    assert cells(total(platform, few), "kb_count") == (0,)
    platform.reverse(
        *(reversal(f"bob kb_3 {to}") for to in (GB["to"], "", "+80012345678")), key=platform.key()
    )
    assert cells(total(platform, filters), "kb_count") == (2,)


def test_whose_usage_was_all_taken_back_is_not_active(platform: Platform) -> None:
    platform.send(event(), event(id="2", user_id="user_2", type="api.storage", cost=0))
    platform.reverse(reversal("call-1"), key=platform.key())
    assert [it[0] for it in rows(platform, Filters(active=True))] == ["user_2"]
    assert [it[0] for it in rows(platform, Filters(active=False))] == ["user_1"]


def test_a_table_has_the_fields_of_the_answer_in_their_order(platform: Platform) -> None:
    platform.send(event(type="api.request", quantity=3), event(id="2", type="phone.purchase"))
    table = USER_ROW.table(rows(platform, Filters()))
    assert [it.name for it in table.columns] == [
        *("user_id", "user_name", "total_sms_sent", "total_sms_received"),
        *("total_mms_sent", "total_mms_received", "total_voice_calls", "total_voice_seconds"),
        *("messaging_cost", "voice_cost", "api_request_cost", "api_requests_count"),
        *("api_storage_cost", "phone_rental_cost", "phone_rental_count"),
        *("phone_purchase_cost", "phone_purchase_count", "kb_cost", "kb_count", "kb_minutes"),
        "total_cost",
    ]
    (line,) = table.rows
    named = dict(zip((it.name for it in table.columns), line, strict=True))
    assert (named["api_requests_count"], named["phone_purchase_count"]) == (3, 61)
    assert named["total_cost"] == 61_000_120_000


@pytest.mark.parametrize(
    ("group_by", "columns", "lines"),
    [
        (
            "meter",
            ["user_id", "user_name", "meter", "events", "quantity", "cost"],
            [("user_1", "user_1", 5, 2, 122_000_000, 244_000_000)],
        ),
        (
            "country",
            ["user_id", "user_name", "country", "events", "cost"],
            [
                ("user_1", "user_1", "", 1, 122_000_000),
                ("user_1", "user_1", "GB", 1, 122_000_000),
            ],
        ),
    ],
)
def test_groups_as_a_table_have_a_line_each(
    platform: Platform, group_by: str, columns: list[str], lines: list[Row]
) -> None:
    platform.send(event(), event(id="2", attributes=GB))
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        groups = read_user_groups(
            snapshot, number, JANUARY, Filters(), user_id=None, group_by=group_by
        )
    table = groups_table(rows(platform, Filters()), groups, USER_ROW, group_by)
    assert [it.name for it in table.columns] == columns
    assert list(table.rows) == lines
    assert table.columns[-1].kind is ColumnKind.AMOUNT


def test_meters_are_named_by_the_bits_of_their_codes() -> None:
    assert meter_bits(["sms.outbound", "voice.call"]) == 0b100010
    assert meter_bits([]) == 0b1111111111110


USERS = {
    "users_filtered": filtered_users_sql(one_user=False, in_country=False),
    "users_filtered_one": filtered_users_sql(one_user=True, in_country=False),
    "users_filtered_in_country": filtered_users_sql(one_user=False, in_country=True),
    "users_filtered_one_in_country": filtered_users_sql(one_user=True, in_country=True),
    "users_shared_knowledge_bases": shared_knowledge_bases_sql(in_country=False),
    "users_shared_knowledge_bases_in_country": shared_knowledge_bases_sql(in_country=True),
    "users_meters": meters_sql(one_user=False, in_country=False),
    "users_meters_one": meters_sql(one_user=True, in_country=False),
    "users_meters_in_country": meters_sql(one_user=False, in_country=True),
    "users_meters_one_in_country": meters_sql(one_user=True, in_country=True),
    "users_countries": countries_sql(one_user=False),
    "users_countries_one": countries_sql(one_user=True),
}
ORGANIZATIONS = {
    "organizations_filtered": filtered_organizations_sql(in_country=False),
    "organizations_filtered_in_country": filtered_organizations_sql(in_country=True),
    "organizations_meters": organization_meters_sql(in_country=False),
    "organizations_meters_in_country": organization_meters_sql(in_country=True),
    "organizations_countries": organization_countries_sql(),
    "organization_level": organization_level_sql(in_country=False),
    "organization_level_in_country": organization_level_sql(in_country=True),
}


@pytest.mark.parametrize(
    ("family", "statements"),
    [("filtered_users", USERS), ("filtered_organizations", ORGANIZATIONS)],
)
def test_the_statements_are_the_golden_ones(family: str, statements: dict[str, str]) -> None:
    assert lines_of(statements) == golden_lines(family, statements)


def test_the_arguments_are_those_of_the_period_with_the_filters() -> None:
    asked = filtered_users._parameters(
        7, JANUARY, Filters(meters=("sms.outbound",), country="GB"), "user_1"
    )
    assert {it: asked[it] for it in ("organization", "meters", "country", "user")} == {
        "organization": 7,
        "meters": 2,
        "country": "GB",
        "user": "user_1",
    }
    assert not {"country", "user"} & set(filtered_users._parameters(7, JANUARY, Filters(), None))


def test_sqlite_finds_the_knowledge_bases_of_a_country_by_the_index_of_users(
    sqlite_url: str,
) -> None:
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization()
    sql = filtered_users_sql(one_user=False, in_country=True, match="")
    bound = filtered_users._parameters(1, JANUARY, Filters(country="GB"), None)
    plan = " ".join(row[3] for row in platform.rows(f"EXPLAIN QUERY PLAN {sql}", **bound))
    assert "SEARCH mine USING COVERING INDEX ix_events_by_user" in plan
    assert "SEARCH events USING PRIMARY KEY (organization_id=? AND day=? AND id=?)" in plan
    database.close()
