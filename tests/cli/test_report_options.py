"""Each report has the parameters of its endpoint as options, with the same choices."""

from importlib import import_module

import click
import pytest

from tollbook.api.application import ENDPOINTS
from tollbook.cli.report import QUESTIONS

ENDPOINT_OF = {
    "users": "getUserAnalytics",
    "organizations": "getOrganizationAnalytics",
    "overview": "getOverviewAnalytics",
    "usage": "getUsage",
    "series": "getUsageSeries",
    "events": "listEvents",
    "changes": "getChanges",
    "forecast": "getForecast",
    "budgets": "listBudgets",
}
OTHER_NAMES = {
    "organization_id": "organization",
    "user_id": "user",
    "resource_id": "resource",
    "start_date": "start",
    "end_date": "end",
    "bucket": "by",
    "split_by": "split",
}
NOT_OPTIONS = {
    "format": "--csv and --json",
    "cursor": "a report is not divided into pages",
    "min_as_of": "a command reads the database itself, not a copy that may be older",
}
OWN_OPTIONS = {
    "tenant": "the API takes it from the key",
    "csv": "format=csv",
    "json": "format=json",
    "exact": "the API is always exact",
    "margin": "include=margin",
    "meters": "include=meters",
}


def command_of(verb: str) -> click.Command:
    (lazy,) = [it for it in QUESTIONS if it.name == verb]
    command: click.Command = import_module(lazy.module).verb
    return command


def test_every_report_has_an_endpoint() -> None:
    assert {it.name for it in QUESTIONS} == set(ENDPOINT_OF)


@pytest.mark.parametrize(("verb", "name"), ENDPOINT_OF.items())
def test_a_report_has_the_parameters_of_its_endpoint(verb: str, name: str) -> None:
    (endpoint,) = [it for it in ENDPOINTS if it.name == name]
    parameters = {it.name: it for it in endpoint.parameters}
    options = {it.name: it for it in command_of(verb).params}
    offered = {OTHER_NAMES.get(it, it): it for it in parameters if it not in NOT_OPTIONS}
    assert set(options) - set(OWN_OPTIONS) == set(offered)
    for option, parameter in offered.items():
        choices = parameters[parameter].choices
        kind = options[option].type
        if choices and isinstance(kind, click.Choice):
            assert sorted(map(str, kind.choices)) == sorted(choices), option
