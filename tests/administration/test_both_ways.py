"""Every action validates and audits the same, whether it comes by HTTP or by the command line."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest

from tests.alerts.builders import make_endpoint
from tests.api.conftest import Site, Tenant, site  # noqa: F401
from tests.builders import Json, event
from tests.cli.conftest import Ran, Tollbook
from tests.servers import SECRET_KEY
from tollbook.administration.budgets import NewBudget, set_budget
from tollbook.administration.endpoints import NewEndpoint, Protection, add_endpoint
from tollbook.administration.event_types import set_event_type
from tollbook.administration.meters import MeterChange, add_meter, change_meter
from tollbook.administration.origins import add_origin
from tollbook.administration.price_books import load_book
from tollbook.administration.reports import NewReport, add_report
from tollbook.administration.viewer_tokens import NewViewer, create_viewer_token
from tollbook.domain.directory import User
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.keys import Permission
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.reports import ReportSchedule
from tollbook.domain.sealing import Sealer
from tollbook.domain.viewers import SecretKeys
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.store import directory
from tollbook.store.audit import COMMAND_LINE, Act, Actor, acts
from tollbook.wiring import now

ORGANIZATION = "/v1/organizations/org_1"
USERS = f"{ORGANIZATION}/users"
METERS = "/v1/meters"
OWN = ("own.meter", "own.retired")
BUDGET = "/v1/budgets/org_1"
TYPES = "/v1/event-types"
KEY = "/v1/keys/{key}"
TOKENS = "/v1/viewer-tokens"
ORIGINS = "/v1/origins"
PAGE = "https://app.example.com"
ENDPOINTS = "/v1/endpoints"
HOOK = "https://hooks.example.com/tollbook"
BOOKS = "/v1/price-books"
BOOK = """
name: {name}
currency: {currency}
effective_from: 2024-02-01
source: test
rates:
  - meter: voice.call
    price: "0.02"
    per: minute
"""
GOOD_BOOK = BOOK.format(name="February", currency="USD")
BAD_BOOK = BOOK.format(name='" "', currency="USD")
OTHER_BOOK = BOOK.format(name="February", currency="EUR")


class Case(NamedTuple):
    """An action as a request and as a command; `{key}` is the prefix of a key, `{file}` a file."""

    method: str
    path: str
    command: str
    body: Json | str | None = None
    """The body, a text for a price book, which is the command's file too."""


ALLOWED = {
    "organization.create": Case(
        "POST",
        "/v1/organizations",
        "organizations create org_2 --name Acme --timezone Asia/Tokyo --currency JPY "
        "--email x@acme.example",
        {
            "id": "org_2",
            "name": "Acme",
            "timezone": "Asia/Tokyo",
            "currency": "JPY",
            "email": "x@acme.example",
        },
    ),
    "organization.change": Case(
        "PATCH",
        ORGANIZATION,
        "organizations change org_1 --number-format GB --name Acme --status suspended "
        "--timezone Asia/Tokyo",
        {
            "number_format": "GB",
            "name": "Acme",
            "status": "suspended",
            "timezone": "Asia/Tokyo",
        },
    ),
    "user.change": Case(
        "PATCH",
        f"{USERS}/ann",
        "users change org_1 ann --name Anna --email anna@acme.example --status inactive "
        "--permission admin",
        {
            "name": "Anna",
            "email": "anna@acme.example",
            "status": "inactive",
            "permission": "admin",
        },
    ),
    "user.create": Case(
        "POST",
        USERS,
        "users create org_1 bob --name Bob --email bob@acme.example --permission admin",
        {"id": "bob", "name": "Bob", "email": "bob@acme.example", "permission": "admin"},
    ),
    "user.delete": Case("DELETE", f"{USERS}/ann", "users delete org_1 ann --yes"),
    "organization.delete": Case("DELETE", ORGANIZATION, "organizations delete org_1 --yes"),
    "user.erase": Case("DELETE", f"{USERS}/ann/personal-data", "users erase org_1 ann --yes"),
    "key.create": Case(
        "POST",
        "/v1/keys",
        "keys create --name door --organization org_1 --user ann --permission analytics:read "
        "--meter voice.call --allow-from 192.0.2.0/24 --rate-limit 60 --id-prefix ann-",
        {
            "name": "door",
            "organization_id": "org_1",
            "user_id": "ann",
            "permissions": ["analytics:read"],
            "meters": ["voice.call"],
            "allowed_addresses": ["192.0.2.0/24"],
            "requests_per_minute": 60,
            "id_prefix": "ann-",
        },
    ),
    "key.rotate": Case(
        "POST", f"{KEY}/rotation", "keys rotate {key} --overlap 60", {"overlap_seconds": 60}
    ),
    "key.revoke": Case("DELETE", KEY, "keys revoke {key}"),
    "viewer_token.create": Case(
        "POST",
        TOKENS,
        f"viewers create org_1 --user ann --key {{key}} --expires-in-seconds 60 --origin {PAGE}",
        {"organization_id": "org_1", "user_id": "ann", "expires_in": 60, "origins": [PAGE]},
    ),
    "viewer_token.revoke": Case("DELETE", f"{TOKENS}/{{token}}", "viewers revoke {token}"),
    "viewer_token.revoke_all": Case("DELETE", TOKENS, "viewers revoke --all"),
    "origin.add": Case(
        "POST",
        ORIGINS,
        "origins add https://app.example.com:8443",
        {"origin": "https://app.example.com:8443"},
    ),
    "origin.remove": Case("DELETE", f"{ORIGINS}?origin={PAGE}", f"origins remove {PAGE}"),
    "price_book.load": Case(
        "POST",
        f"{BOOKS}?organization_id=org_1",
        "prices load {file} --organization org_1",
        GOOD_BOOK,
    ),
    "price_book.publish": Case(
        "POST",
        f"{BOOKS}/2/publish?effective_from=2024-03-01",
        "prices publish 2 --effective-from 2024-03-01",
    ),
    "meter.add": Case(
        "POST",
        METERS,
        "meters add fax.page --unit page --category messaging --name Faxes --whole "
        "--resource-required",
        {
            "type": "fax.page",
            "unit": "page",
            "category": "messaging",
            "name": "Faxes",
            "whole": True,
            "resource_required": True,
        },
    ),
    "meter.change": Case(
        "PATCH",
        f"{METERS}/own.meter",
        "meters change own.meter --name Other --unit session --category voice --whole",
        {"name": "Other", "unit": "session", "category": "voice", "whole": True},
    ),
    "meter.retire": Case(
        "PATCH", f"{METERS}/own.meter", "meters retire own.meter", {"retired": True}
    ),
    "meter.activate": Case(
        "PATCH", f"{METERS}/own.retired", "meters retire own.retired --undo", {"retired": False}
    ),
    "trigger.add": Case(
        "POST",
        "/v1/triggers",
        "triggers add Calls --organization org_1 --period day --at 50.5 --category voice_cost",
        {
            "name": "Calls",
            "organization_id": "org_1",
            "figure": "cost",
            "period": "day",
            "at": [50.5],
            "category": "voice_cost",
        },
    ),
    "report.add": Case(
        "POST",
        "/v1/reports",
        "reports add {mail} --schedule weekly --hour 6 --organization org_1 --user ann",
        {
            "endpoint_id": "{mail}",
            "schedule": "weekly",
            "hour": 6,
            "organization_id": "org_1",
            "user_id": "ann",
        },
    ),
    "report.remove": Case("DELETE", "/v1/reports/{report}", "reports remove {report}"),
    "endpoint.create": Case(
        "POST",
        ENDPOINTS,
        f"endpoints add {HOOK} --name Billing --type trigger.* --organization org_1",
        {"name": "Billing", "url": HOOK, "types": ["trigger.*"], "organization_id": "org_1"},
    ),
    "endpoint.change": Case(
        "PATCH",
        f"{ENDPOINTS}/{{endpoint}}",
        f"endpoints change {{endpoint}} --name Other --url {HOOK}/2 --type key.expiring "
        "--disable --skip-pending",
        {
            "name": "Other",
            "url": f"{HOOK}/2",
            "types": ["key.expiring"],
            "enabled": False,
            "skip_pending": True,
        },
    ),
    "endpoint.rotate": Case(
        "POST",
        f"{ENDPOINTS}/{{endpoint}}/rotation",
        "endpoints rotate {endpoint} --overlap-seconds 60",
        {"overlap_seconds": 60},
    ),
    "endpoint.test": Case("POST", f"{ENDPOINTS}/{{endpoint}}/test", "endpoints test {endpoint}"),
    "endpoint.remove": Case("DELETE", f"{ENDPOINTS}/{{endpoint}}", "endpoints remove {endpoint}"),
    "budget.set": Case(
        "PUT",
        BUDGET,
        "budgets set org_1 250.5 --alert-at 0.9 --alert-at 0.4",
        {"monthly": 250.5, "alert_at": [0.9, 0.4]},
    ),
    "budget.remove": Case("DELETE", f"{BUDGET}/users/ann", "budgets remove org_1 --user ann"),
    "event_type.set": Case(
        "PUT", f"{TYPES}/call.made", "event-types set call.made voice.call", {"meter": "voice.call"}
    ),
    "event_type.remove": Case("DELETE", f"{TYPES}/call.ended", "event-types remove call.ended"),
    "quarantine.replay": Case(
        "POST",
        "/v1/quarantine/replay?organization_id=org_1",
        "quarantine replay --organization org_1",
    ),
    "quarantine.discard": Case(
        "DELETE",
        "/v1/quarantine?codes=no_price&type=voice.call&start_date=2024-01-01&end_date=2024-01-31",
        "quarantine discard --code no_price --type voice.call --start 2024-01-01 "
        "--end 2024-01-31 --yes",
    ),
    "quarantine.discard_event": Case(
        "DELETE", "/v1/quarantine/nobody/lost", "quarantine discard nobody lost --yes"
    ),
}
NEW = {"id": "org_2", "name": "Acme"}
REFUSED = {
    "an organization with several problems": Case(
        "POST",
        "/v1/organizations",
        "organizations create . --name {control} --timezone Mars",
        {"id": ".", "name": "\t", "timezone": "Mars"},
    ),
    "an organization in no currency": Case(
        "POST",
        "/v1/organizations",
        "organizations create org_2 --currency ZZZ",
        {**NEW, "currency": "ZZZ"},
    ),
    "an organization with an unknown number format": Case(
        "POST",
        "/v1/organizations",
        "organizations create org_2 --number-format ZZ",
        {**NEW, "number_format": "ZZ"},
    ),
    "an organization that exists": Case(
        "POST", "/v1/organizations", "organizations create org_1", {"id": "org_1", "name": "o"}
    ),
    "a change to an unknown number format": Case(
        "PATCH",
        ORGANIZATION,
        "organizations change org_1 --number-format ZZ",
        {"number_format": "ZZ"},
    ),
    "a currency with budgets": Case(
        "PATCH", ORGANIZATION, "organizations change org_1 --currency EUR", {"currency": "EUR"}
    ),
    "a change of a user to no address": Case(
        "PATCH", f"{USERS}/ann", "users change org_1 ann --email x", {"email": "x"}
    ),
    "a user with several problems": Case(
        "POST",
        USERS,
        "users create org_1 .. --name {control} --email x",
        {"id": "..", "name": "\t", "email": "x"},
    ),
    "a user that exists": Case(
        "POST", USERS, "users create org_1 ann", {"id": "ann", "name": "Ann"}
    ),
    "a key with several problems": Case(
        "POST",
        "/v1/keys",
        "keys create --name {control} --user ann --permission admin --meter voice.call",
        {"name": "\t", "user_id": "ann", "permissions": ["admin"], "meters": ["voice.call"]},
    ),
    "a key of a user without a prefix": Case(
        "POST",
        "/v1/keys",
        "keys create --organization org_1 --user ann --permission events:write",
        {
            "name": "n",
            "organization_id": "org_1",
            "user_id": "ann",
            "permissions": ["events:write"],
        },
    ),
    "a token for a user that cannot be": Case(
        "POST",
        TOKENS,
        "viewers create org_1 --key {key} --user {control}",
        {"organization_id": "org_1", "user_id": "\t"},
    ),
    "a token that is none": Case("DELETE", f"{TOKENS}/nothing", "viewers revoke nothing"),
    "a token for a page that is not registered": Case(
        "POST",
        TOKENS,
        "viewers create org_1 --key {key} --origin https://other.example",
        {"organization_id": "org_1", "origins": ["https://other.example"]},
    ),
    "an origin with a path": Case(
        "POST",
        ORIGINS,
        "origins add https://app.example.com/usage",
        {"origin": "https://app.example.com/usage"},
    ),
    "an origin that is not registered": Case(
        "DELETE", f"{ORIGINS}?origin=https://other.example", "origins remove https://other.example"
    ),
    "a book without a name": Case("POST", BOOKS, "prices load {file}", BAD_BOOK),
    "a book in another currency than its organization": Case(
        "POST",
        f"{BOOKS}?organization_id=org_1",
        "prices load {file} --organization org_1",
        OTHER_BOOK,
    ),
    "a published book from another day": Case(
        "POST",
        f"{BOOKS}/1/publish?effective_from=2024-03-01",
        "prices publish 1 --effective-from 2024-03-01",
    ),
    "a meter of one word": Case(
        "POST",
        METERS,
        "meters add fax --unit page --category voice",
        {"type": "fax", "unit": "page", "category": "voice"},
    ),
    "a meter by the minute": Case(
        "POST",
        METERS,
        "meters add fax.call --unit minute --category voice",
        {"type": "fax.call", "unit": "minute", "category": "voice"},
    ),
    "a meter that exists with another unit": Case(
        "POST",
        METERS,
        "meters add own.meter --unit page --category messaging",
        {"type": "own.meter", "unit": "page", "category": "messaging"},
    ),
    "a built-in meter": Case(
        "PATCH", f"{METERS}/voice.call", "meters retire voice.call", {"retired": True}
    ),
    "a meter that is not there": Case(
        "PATCH", f"{METERS}/own.mete", "meters retire own.mete", {"retired": True}
    ),
    "a trigger on events of every meter": Case(
        "POST",
        "/v1/triggers",
        "triggers add x --figure count --period day --at 1",
        {"name": "x", "figure": "count", "period": "day", "at": [1]},
    ),
    "a trigger of an unknown organization": Case(
        "POST",
        "/v1/triggers",
        "triggers add x --organization org_9 --period day --at 1",
        {"name": "x", "organization_id": "org_9", "figure": "cost", "period": "day", "at": [1]},
    ),
    "a report to an endpoint that gets no mails": Case(
        "POST",
        "/v1/reports",
        "reports add {endpoint} --schedule daily",
        {"endpoint_id": "{endpoint}", "schedule": "daily"},
    ),
    "a report on a user of nobody": Case(
        "POST",
        "/v1/reports",
        "reports add {mail} --schedule daily --user ann",
        {"endpoint_id": "{mail}", "schedule": "daily", "user_id": "ann"},
    ),
    "an endpoint in a private network": Case(
        "POST",
        ENDPOINTS,
        "endpoints add https://10.0.0.1/ --name {control} --type trigger",
        {"name": "\t", "url": "https://10.0.0.1/", "types": ["trigger"]},
    ),
    "a change of an endpoint to no URL": Case(
        "PATCH",
        f"{ENDPOINTS}/{{endpoint}}",
        "endpoints change {endpoint} --url ftp://example.com --type trigger",
        {"url": "ftp://example.com", "types": ["trigger"]},
    ),
    "a budget of nothing": Case("PUT", BUDGET, "budgets set org_1 0", {"monthly": 0}),
    "a budget with an alert at nothing": Case(
        "PUT",
        BUDGET,
        "budgets set org_1 1 --alert-at 0",
        {"monthly": 1, "alert_at": [0]},
    ),
    "a type of no meter": Case(
        "PUT", f"{TYPES}/call.made", "event-types set call.made fax.sent", {"meter": "fax.sent"}
    ),
    "a type that is a meter": Case(
        "PUT",
        f"{TYPES}/sms.inbound",
        "event-types set sms.inbound voice.call",
        {"meter": "voice.call"},
    ),
    "a type of another meter": Case(
        "PUT",
        f"{TYPES}/call.ended",
        "event-types set call.ended sms.inbound",
        {"meter": "sms.inbound"},
    ),
    "a type that is not mapped": Case("DELETE", f"{TYPES}/nothing", "event-types remove nothing"),
    "a budget that is not there": Case("DELETE", BUDGET, "budgets remove org_1"),
}


class Door:
    """A tenant with an organization, a user, a key, a draft and a budget, for one way in."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        number = tenant.organization()
        self.key = tenant.key(Permission.READ_ANALYTICS)
        self.prefix = self.key.rpartition("_")[0]
        actor, key = Actor(tenant.tenant, COMMAND_LINE, now()), tenant.api_key(tenant.key())
        with tenant.database.writing() as transaction:
            directory.add_user(transaction, number, User("ann", "Ann"), now())
            load_book(transaction, actor, parse_price_book(GOOD_BOOK), draft=True)
            row = directory.find_organization(transaction, tenant.tenant, "org_1")
            assert row is not None
            set_budget(transaction, actor, row, "ann", NewBudget("1"))
            set_event_type(transaction, actor, "call.ended", "voice.call")
            add_origin(transaction, actor, PAGE)
            new = NewViewer("org_1")
            keys = SecretKeys((SECRET_KEY,))
            endpoint, _ = add_endpoint(
                transaction, actor, NewEndpoint("Old", HOOK), None, Protection(Sealer(keys), ())
            )
            viewer, _ = create_viewer_token(transaction, actor, key, row, new, keys)
            terms = [MeterTerms(it, "message", Category.MESSAGING) for it in OWN]
            for it in terms:
                add_meter(transaction, actor, it)
            change_meter(transaction, actor, OWN[1], MeterChange(retired=True))
        mail = make_endpoint(
            tenant.database,
            None,
            tenant=tenant.tenant,
            kind=EndpointKind.MAIL,
            addresses=("a@example.com",),
        )
        with tenant.database.writing() as transaction:
            new_report = NewReport(ReportSchedule.DAILY, mail.id)
            self.report = add_report(transaction, actor, new_report, None).id
        self.mail = mail.id
        tenant.send(event(id="lost", organization_id="nobody"))
        self.token = viewer.id
        self.endpoint = endpoint.id
        self.before = len(self.acts())

    @property
    def given(self) -> dict[str, str]:
        """Return the ids that a case may name."""
        names = ("token", "endpoint", "mail", "report")
        return {"key": self.prefix, **{it: getattr(self, it) for it in names}}

    def acts(self) -> list[Act]:
        with self.tenant.database.reading() as snapshot:
            return acts(snapshot, self.tenant.tenant)

    def new_acts(self) -> list[Json]:
        """Return the acts since the beginning, without random values and the key of a token.

        The end of a run is left out: a server logs it later.
        """
        new = [it for it in self.acts()[: -self.before] if it.action != "quarantine.done"]
        return [
            {
                "action": act.action,
                "object": _RANDOM.sub("…", act.object),
                "organization_id": act.organization_id,
                "details": {
                    name: _RANDOM.sub("…", value) if isinstance(value, str) else value
                    for name, value in act.details.items()
                    if name != "key"
                },
            }
            for act in new
        ]


_RANDOM = re.compile(
    r"end_[0-9a-f]{26}|rep_[0-9a-f]{26}|trg_[0-9a-z]{26}|tb_[0-9a-f]{12}|tbv_[0-9a-f]{16}|\d{4}-\d\d-\d\dT.*"
)
Send = Callable[[Door, Case], httpx.Response]
Call = Callable[[Door, Case], Ran]


@pytest.fixture
def doors(site: Site) -> tuple[Door, Door]:  # noqa: F811
    return Door(site.tenant()), Door(site.tenant())


@pytest.fixture
def send() -> Send:
    def by_http(door: Door, case: Case) -> httpx.Response:
        # A token is signed for the key of its request, the key that a command names.
        key = door.key if case.path == TOKENS and case.method == "POST" else None
        given: dict[str, Any] = {"json": case.body} if case.body is not None else {}
        if isinstance(case.body, str):
            given = {"content": case.body, "headers": {"Content-Type": "application/yaml"}}
        if isinstance(case.body, dict):
            texts = {it: text for it, text in case.body.items() if isinstance(text, str)}
            named = {it: text.format(**door.given) for it, text in texts.items() if "{" in text}
            given = {"json": {**case.body, **named}}
        path = case.path.format(**door.given)
        return door.tenant.call(case.method, path, key, **given)

    return by_http


@pytest.fixture
def call(
    site: Site,  # noqa: F811
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", site.server.database_url)
    tollbook = Tollbook(capsys, tmp_path)

    def by_command(door: Door, case: Case) -> Ran:
        file = tollbook.write("book.yaml", case.body) if isinstance(case.body, str) else ""
        words = (it.format(**door.given, file=file, control="\t") for it in case.command.split(" "))
        return tollbook(*words, "--tenant", door.tenant.tenant)

    return by_command


@pytest.mark.parametrize("action", ALLOWED)
def test_an_action_is_audited_the_same_by_both_ways(
    doors: tuple[Door, Door], send: Send, call: Call, action: str
) -> None:
    by_http, by_command = doors
    response = send(by_http, ALLOWED[action])
    assert response.is_success, response.text
    ran = call(by_command, ALLOWED[action])
    assert ran.code == 0, ran.err
    *later, act = by_http.new_acts()
    assert act["action"] == action
    # An erasure is finished by an act of its own.
    assert {it["action"] for it in later} <= {f"{action}_finished"}
    assert by_command.new_acts() == [*later, act]


@pytest.mark.parametrize("reason", REFUSED)
def test_an_action_is_refused_the_same_by_both_ways(
    doors: tuple[Door, Door], send: Send, call: Call, reason: str
) -> None:
    by_http, by_command = doors
    response = send(by_http, REFUSED[reason])
    assert response.is_client_error, response.text
    answer = response.json()
    sentences = [it["error"] for it in answer.get("details", ())] or [answer["error"]]
    ran = call(by_command, REFUSED[reason])
    assert ran.code in (1, 2)
    assert [it for it in sentences if it not in ran.err] == []
    assert by_http.new_acts() == by_command.new_acts() == []
