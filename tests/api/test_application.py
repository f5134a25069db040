"""What every answer has in common: errors in one shape, their codes, and the headers."""

import httpx
import pytest

from tests.api.conftest import Site, Tenant, error_of
from tollbook.api.application import ENDPOINTS
from tollbook.domain import errors
from tollbook.domain.errors import (
    DatabaseReadOnly,
    DiskFull,
    RequestError,
    StoreUnavailable,
    TollbookError,
)

PATHS = sorted({it.path for it in ENDPOINTS})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

CODES = {
    "RequestError": (400, "invalid_request"),
    "InvalidRequest": (400, "invalid_request"),
    "InvalidOrigin": (400, "invalid_origin"),
    "UnreadableBody": (400, "unreadable_body"),
    "UnreadableRequest": (400, "unreadable_request"),
    "CurrencyRequired": (400, "currency_required"),
    "ApiKeyRequired": (401, "api_key_required"),
    "InvalidApiKey": (401, "invalid_api_key"),
    "PermissionMissing": (403, "permission_missing"),
    "AddressRefused": (403, "address_refused"),
    "OriginRefused": (403, "origin_refused"),
    "NotFound": (404, "not_found"),
    "MethodNotAllowed": (405, "method_not_allowed"),
    "RequestTimeout": (408, "request_timeout"),
    "AlreadyExists": (409, "already_exists"),
    "InUse": (409, "in_use"),
    "AlreadyPublished": (409, "already_published"),
    "KeyEnded": (409, "key_ended"),
    "MeterExists": (409, "meter_exists"),
    "MeterInUse": (409, "meter_in_use"),
    "MeterPriced": (409, "meter_priced"),
    "TooManyMeters": (409, "too_many_meters"),
    "TooManyTriggers": (409, "too_many_triggers"),
    "ManagedByBudget": (409, "managed_by_budget"),
    "ImmutableField": (400, "immutable_field"),
    "InvalidFigure": (400, "invalid_figure"),
    "BuiltInMeter": (409, "built_in_meter"),
    "NameTaken": (409, "name_taken"),
    "TypeMapped": (409, "type_mapped"),
    "TooManyEventTypes": (409, "too_many_event_types"),
    "TooManyEndpoints": (409, "too_many_endpoints"),
    "EndpointDisabled": (409, "endpoint_disabled"),
    "MailNotConfigured": (409, "mail_not_configured"),
    "TooManyReports": (409, "too_many_reports"),
    "TooManyOrigins": (409, "too_many_origins"),
    "RunConflict": (409, "run_conflict"),
    "CursorExpired": (410, "cursor_expired"),
    "ExportExpired": (410, "export_expired"),
    "ArchiveRefused": (409, "archive_refused"),
    "EventArchived": (410, "archived"),
    "EventDiscarded": (410, "discarded"),
    "BodyTooLarge": (413, "body_too_large"),
    "HeadTooLarge": (431, "head_too_large"),
    "UnsupportedBody": (415, "unsupported_body"),
    "QueueFull": (429, "queue_full"),
    "TooManyExports": (429, "too_many_exports"),
    "TooManyAnswers": (429, "too_many_answers"),
    "RateLimited": (429, "rate_limited"),
    "NotYet": (503, "not_yet"),
    "FormatNotInstalled": (501, "format_not_installed"),
    "SecretKeyMissing": (501, "secret_key_missing"),
    "StoreUnavailable": (503, "store_unavailable"),
    "DatabaseReadOnly": (503, "database_read_only"),
    "DiskFull": (503, "disk_full"),
}


def tree(root: type[TollbookError]) -> list[type[TollbookError]]:
    return [root, *(it for child in root.__subclasses__() for it in tree(child))]


def shape(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["success"] is False
    return list(answer.json())


def test_every_error_a_client_can_meet_has_its_stable_code_and_status() -> None:
    met = [*tree(RequestError), StoreUnavailable, DatabaseReadOnly, DiskFull]
    assert {it.__name__: (it.status, it.code) for it in met} == CODES


def test_every_error_is_in_the_picture_at_the_top_of_its_file() -> None:
    picture = errors.__doc__ or ""
    assert [it.__name__ for it in tree(TollbookError) if it.__name__ not in picture] == []


def test_every_error_a_client_can_meet_is_documented(site: Site) -> None:
    paths = site.http.get("/openapi.json").json()["paths"]
    documented = {
        (int(status), code)
        for operations in paths.values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    }
    # 405 answers methods that are not documented, so no documented method can get it.
    expected = {it for name, it in CODES.items() if name != "MethodNotAllowed"}
    assert expected - documented == set()


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/analytics",
        "/v1/events/",
        "/v1//events",
        "/docs/x",
        "/v2/keys",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_404_in_the_shape_of_errors(
    tenant: Tenant, path: str, method: str
) -> None:
    answer = tenant.call(method, path)
    assert answer.status_code == 404
    assert shape(answer) == ["success", "error", "code", "request_id"]
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", PATHS)
def test_a_method_a_path_does_not_take_is_405_and_names_those_it_takes(
    tenant: Tenant, path: str
) -> None:
    taken = {it.method for it in ENDPOINTS if it.path == path}
    taken |= {"HEAD"} if "GET" in taken else set()
    for method in set(METHODS) - taken:
        answer = tenant.call(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, ", ".join(sorted(taken)))
        if method != "HEAD":
            assert shape(answer) == ["success", "error", "code", "request_id"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/reference.css", "/"])
def test_the_documentation_takes_get_only_and_says_so(site: Site, path: str) -> None:
    answer = site.http.post(path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("header", "sentence", "code"),
    [
        (None, "API key is required", "api_key_required"),
        ("", "API key is required", "api_key_required"),
        ("x", "Invalid API key", "invalid_api_key"),
        ("tb_0123456789ab_", "Invalid API key", "invalid_api_key"),
        ("tb_0123456789ab_secret", "Invalid API key", "invalid_api_key"),
        ("Bearer tb_0123456789ab_secret", "Invalid API key", "invalid_api_key"),
        ("tb_0123456789a\xe9_secret", "Invalid API key", "invalid_api_key"),
        ("x" * 8_000, "Invalid API key", "invalid_api_key"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/analytics/users"), ("POST", "/v1/events"), ("POST", "/v1/quarantine/replay")],
)
def test_a_missing_or_wrong_key_is_401_before_anything_else_is_looked_at(
    site: Site, method: str, path: str, header: str | None, sentence: str, code: str
) -> None:
    headers = {} if header is None else {"X-API-Key": header.encode("latin-1")}
    answer = site.http.request(method, f"{path}?unknown=1", headers=headers, content=b"{")
    assert answer.status_code == 401
    assert error_of(answer) == {"success": False, "error": sentence, "code": code}


def test_a_key_is_compared_to_its_last_character(tenant: Tenant) -> None:
    for wrong in (tenant.admin[:-1], f"{tenant.admin}x", tenant.admin.upper()):
        assert tenant.get("/v1/organizations", wrong).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_key_is_asked_for_on_every_path(site: Site, path: str) -> None:
    for method in {it.method for it in ENDPOINTS if it.path == path}:
        answer = site.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "api_key_required")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/organizations", 200),
        ("GET", "/v1/analytics/users", 400),
        ("GET", "/v1/analytics/users?organization_id=org_1", 200),
        ("PUT", "/v1/organizations", 405),
        ("GET", "/v1/organizations/nobody", 404),
        ("POST", "/v1/events", 400),
        ("GET", "/nothing", 404),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs/reference.css", 200),
        ("POST", "/docs", 405),
    ],
)
def test_no_answer_may_be_taken_for_another_type(
    tenant: Tenant, method: str, path: str, status: int
) -> None:
    answer = tenant.call(method, path)
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (status, "nosniff")


def test_an_answer_does_not_say_which_server_it_comes_from(tenant: Tenant) -> None:
    assert "server" not in tenant.get("/v1/organizations").headers


def test_the_front_door_is_the_page(site: Site) -> None:
    answer = site.http.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
