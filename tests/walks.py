"""Walks along the links of the OpenAPI document, on a running server.

Schemathesis makes up requests and follows links. Most of what it makes up is refused for what no
schema says, such as an organization that nobody has, and then a walk ends soon. So two steps in
three are tame: what the link gives, and for the rest the documented example.
"""

from collections import Counter
from contextlib import suppress
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import httpx
import hypothesis
import schemathesis
from hypothesis.errors import FlakyReplay, FlakyStrategyDefinition
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.stateful.control import TransitionController
from schemathesis.specs.openapi import stateful

from tests.builders import Json, Platform, event
from tollbook.store.database import Database

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "use_after_free",
    "ensure_resource_availability",
)
# Receipts tell of each event: a batch with a bad one is 207, one with too many events 413.
REFUSALS = ["207", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "431"]
SETTINGS = {
    "checks": {
        "enabled": False,
        **{check: {"enabled": True} for check in CHECKS},
        "negative_data_rejection": {"enabled": True, "expected-statuses": REFUSALS},
    },
    # The links are those of the document: none is guessed.
    "phases": {"stateful": {"inference": {"algorithms": []}}},
}
WILD_STEP = 3
OFTEN_ENOUGH = 2

Pair = tuple[str, str]
"""An operation, and one that it leads to."""


class Walks:
    """Walks on one server, each as a fresh tenant, and what came of them.

    `taken` and `went_well` count links, by operation, status and operation led to; `gone` counts
    things that were asked for again after they were taken away; `wrong` says what was not right.
    """

    def __init__(self, http: httpx.Client, database: Database) -> None:
        self.http = http
        self.database = database
        config = SchemathesisConfig.from_dict(SETTINGS)
        self.schema = schemathesis.openapi.from_url(f"{http.base_url}/openapi.json", config=config)
        self.links = {
            f"{operation['operationId']} {status} {link}"
            for methods in self.schema.raw_schema["paths"].values()
            for operation in methods.values()
            for status, answer in operation["responses"].items()
            for link in answer.get("links", {})
        }
        self.pairs: set[Pair] = {
            (source, link.target.label)
            for source, it in stateful.collect_transitions(
                [it.ok() for it in self.schema.get_all_operations()]
            ).operations.items()
            for link in it.outgoing
        }
        self.between: Counter[Pair] = Counter()
        self.taken: Counter[str] = Counter()
        self.went_well: Counter[str] = Counter()
        self.steps = 0
        self.gone = 0
        self.wrong: list[str] = []

    def go(self, seed: int, *, walks: int = 3, steps: int = 50, everywhere: bool = False) -> None:
        """Go some walks: everywhere, or by links seldom taken before and those that lead to them.

        What a server answers may depend on how far a run is by now. To Hypothesis that is flaky,
        and the end of these walks; what was wrong until then is not forgotten.
        """
        seldom = {pair for pair in self.pairs if self.between[pair] < OFTEN_ENOUGH}
        onward = {source for source, _ in seldom}
        ways = {it for it in self.pairs if it in seldom or it[1] in onward}
        settings = hypothesis.settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        flaky = suppress(FlakyReplay, FlakyStrategyDefinition)
        with flaky, patch.object(stateful, "is_likely_root_transition", may_begin):
            bases = (Walker, self.schema.as_state_machine())
            on = self.pairs if everywhere else ways or self.pairs
            machine: Any = type("Walk", bases, {"walks": self, "ways": on})
            hypothesis.seed(seed)(machine).run(settings=settings)

    def ask(self, method: str, path: str, key: str) -> httpx.Response:
        return self.http.request(method, path, headers={"X-API-Key": key})

    def require_gone(self, name: str, answer: httpx.Response, status: int) -> None:
        self.gone += 1
        if answer.status_code != status:
            self.wrong.append(f"{name} is not gone: {answer.status_code} {answer.text}")


def may_begin(operation: Any, *_: object) -> bool:
    """Return whether a walk may begin here: whether nothing is needed from an answer before."""
    return operation.method in ("get", "post") and not operation.path_parameters


def new_tenant(database: Database) -> str:
    """Make a tenant in which the documented examples are true; give its key."""
    platform = Platform(database, f"tenant_{uuid4().hex}")
    platform.organization("org_abc123")
    usual = {"organization_id": "org_abc123", "user_id": "user_123"}
    platform.send(
        *(event(**usual, id=f"call-773{digit}") for digit in range(3)),
        *(event(organization_id="org_new", id=f"waiting {it}") for it in range(2)),
    )
    return platform.key()


class InTurn(TransitionController):
    """Allows some ways only."""

    def __init__(self, transitions: Any, roots: Any, ways: set[Pair]) -> None:
        super().__init__(transitions, roots)
        self.ways = ways

    def allow_transition(self, source: str, target: str) -> bool:
        return (source, target) in self.ways and super().allow_transition(source, target)

    def allow_root_transition(self, source: str, bundles: Any) -> bool:
        return source in self.roots and super().allow_root_transition(source, bundles)


class Walker:
    """The steps that a walk adds to the state machine."""

    walks: Walks
    ways: set[Pair]

    def __init__(self) -> None:
        super().__init__()
        begin = {source for source, _ in self.ways} & self._root_labels
        self.control = InTurn(self._transitions, begin or self._root_labels, self.ways)
        self.key = new_tenant(self.walks.database)
        self.turn = 0
        self.known: Json = {"organization_id": "org_abc123", "version": "1", "run": "1"}
        self.secrets: dict[str, str] = {}

    def get_call_kwargs(self, case: schemathesis.Case) -> Json:
        headers = {"X-API-Key": self.key}
        # A book is sent as the text that it is, and not as YAML of a text.
        is_text = case.media_type == "application/yaml" and isinstance(case.body, str)
        return (
            {"headers": headers, "data": case.body.encode(errors="replace")}
            if is_text
            else {"headers": headers}
        )

    def step(self, asked: Any) -> Any:
        self.walks.steps += 1
        self.turn += 1
        positive = asked.case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
        if positive and self.turn % WILD_STEP:
            given = {name for _, name in asked.applied_parameters}
            tame(asked.case, given, self.known, self.turn)
        return super().step(asked)

    def validate_response(
        self, response: schemathesis.Response, case: schemathesis.Case, **given: Any
    ) -> None:
        try:
            super().validate_response(response, case, **given)
        except FailureGroup as found:
            said = f"{case.as_curl_command()}\n{response.text}"
            self.walks.wrong.extend(f"{it}\n{said}" for it in found.exceptions)

    def after_call(self, response: schemathesis.Response, case: schemathesis.Case) -> None:
        super().after_call(response, case)
        well = response.status_code < 300
        node = self.recorder.cases[case.id]
        if node.transition is not None and node.is_transition_applied:
            parent = self.recorder.cases[node.parent_id].value
            status = self.recorder.interactions[parent.id].response.status_code
            name = f"{operation_id(parent)} {status} {operation_id(case)}"
            self.walks.between[parent.operation.label, case.operation.label] += 1
            self.walks.taken[name] += 1
            self.walks.went_well[name] += well
        if well and response.headers["content-type"] == ["application/json"]:
            self.learn(case, response.json())

    def learn(self, case: schemathesis.Case, answer: Json) -> None:
        """Remember what later steps may ask for, and ask for what is gone."""
        match operation_id(case):
            case "createOrganization":
                self.known["organization_id"] = answer["organization"]["id"]
            case "postEvents" if isinstance(case.body, dict) and answer["success"]:
                self.known["reversible"] = {
                    "organization_id": organization_of(case.body),
                    "reverses": answer["receipts"][0]["id"],
                }
            case "createKey" | "rotateKey":
                self.secrets[answer["key"]["prefix"]] = answer["api_key"]
            case "createViewerToken":
                self.secrets[answer["viewer_token"]["id"]] = answer["token"]
            case "revokeKey":
                self.require_refused(answer["key"]["prefix"])
            case "revokeViewerToken":
                self.require_refused(answer["id"])
            case "removeOrganizationBudget" | "removeUserBudget":
                again = self.walks.ask("DELETE", case.formatted_path, self.key)
                self.walks.require_gone("a budget", again, 404)
            case "erasePersonalData":
                path = case.formatted_path.removesuffix("/personal-data")
                user = self.walks.ask("GET", path, self.key).json()["user"]
                assert (user["name"], user["email"]) == (user["id"], None)
                self.walks.gone += 1

    def require_refused(self, name: str) -> None:
        if name in self.secrets:
            own = self.walks.ask("GET", "/v1/keys/self", self.secrets[name])
            self.walks.require_gone(name, own, 401)


def operation_id(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def organization_of(event: Json) -> str:
    """Return the organization of an event, which may be a CloudEvent."""
    said = event.get("organization_id") or event.get("organizationid")
    return str(said or event["data"]["organization_id"])


def tame(case: schemathesis.Case, given: set[str | None], known: Json, turn: int) -> None:
    """Leave what a link gives; take the rest from the example and from what is known."""
    operation = case.operation.definition.raw
    for it in operation["parameters"]:
        name = it["name"]
        if name in given:
            continue
        if it["in"] == "path":
            case.path_parameters[name] = known.get(name, it["example"])
        elif it["required"]:
            case.query[name] = known.get(name, it["example"])
        elif name == "limit" and turn % 2:
            case.query[name] = 1
        else:
            case.query.pop(name, None)
    if "requestBody" in operation:
        case.media_type, content = next(iter(operation["requestBody"]["content"].items()))
        # What an optional body says may be what the link has put into the query.
        example = content["example"] if operation["requestBody"]["required"] else {}
        case.body = example if isinstance(example, str) else fresh(example, known, turn)


def fresh(example: Json, known: Json, turn: int) -> Json:
    """Make of the example of a body one that has not come yet, about what is there."""
    body = {**example}
    if "id" in body:
        body["id"] = f"walk {turn}"
    if "reverses" in body:
        body |= known.get("reversible", {})
    elif "corrects" in body:
        reversible = known.get("reversible", {})
        body |= {name: it for name, it in reversible.items() if name in body}
        body["corrects"] = reversible.get("reverses", body["corrects"])
    elif "time" in body:
        body["organization_id"] = known["organization_id"] if turn % 4 else "org_new"
    elif "end_date" in body:
        body["apply"] = turn % 2 == 0
    return body
