"""The tools: which operation of the API each is, and the parameters it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.document import openapi

Schema = dict[str, Any]
DEFAULT_ROWS = 20
MOST_ROWS = 100
_LEFT_OUT = frozenset({"amounts", "escape_formulas", "format", "include", "min_as_of"})
_ADDED = ("totals", "meta")


@dataclass(frozen=True)
class Tool:
    """A tool: an operation that reads, its parameters as JSON Schema, and the rows of its answer.

    `include` are the parts of the answer that every call asks for.
    """

    name: str
    description: str
    method: str
    path: str
    schema: Schema
    rows: str | None
    include: tuple[str, ...]
    in_path: tuple[str, ...]


_TOOLS = {
    "get_access": ("getOwnKey", None, "Get what the key in use applies to and may do."),
    "list_organizations": (
        "getOrganizationAnalytics",
        "organizations",
        "List organizations with their usage and costs in a period, largest cost first.",
    ),
    "get_overview": ("getOverviewAnalytics", None, "Get the usage and costs of all organizations."),
    "list_users": (
        "getUserAnalytics",
        "users",
        "List the users of an organization with usage and costs in a period, largest cost first.",
    ),
    "get_series": ("getUsageSeries", "series", "Get usage and costs over time, in buckets."),
    "get_changes": ("getChanges", "top", "Compare the costs of two periods: who grew and shrank."),
    "get_forecast": ("getForecast", None, "Get the expected cost of a month."),
    "list_budgets": ("listBudgets", "budgets", "List budgets with what is used of them."),
    "list_events": ("listEvents", "events", "List the events of an organization, newest first."),
    "explain_event": ("getEvent", None, "Explain the cost of one event, step by step."),
    "estimate_cost": ("postRate", "events", "Estimate the cost of an event; nothing is stored."),
}


def tools() -> dict[str, Tool]:
    """Return the tools by name, with the names and enumerations that the API has."""
    document = msgspec.json.decode(msgspec.json.encode(openapi(ENDPOINTS)))
    by_name = {
        operation["operationId"]: (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    event = document["components"]["schemas"]["Event"]
    return {
        name: _tool(name, sentence, rows, *by_name[operation], event)
        for name, (operation, rows, sentence) in _TOOLS.items()
    }


def _tool(
    name: str,
    sentence: str,
    rows: str | None,
    method: str,
    path: str,
    operation: Schema,
    event: Schema,
) -> Tool:
    parameters = {it["name"]: it for it in operation["parameters"]}
    schema = event if method == "post" else _schema(parameters)
    offered = parameters.get("include", {}).get("schema", {}).get("items", {}).get("enum", ())
    return Tool(
        name,
        sentence,
        method.upper(),
        path,
        schema,
        rows,
        tuple(it for it in _ADDED if it in offered),
        tuple(it for it, parameter in parameters.items() if parameter["in"] == "path"),
    )


def _schema(parameters: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(_properties(parameters)),
        "required": [name for name, it in parameters.items() if it["required"]],
    }


def _properties(parameters: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    for name, parameter in parameters.items():
        if name in _LEFT_OUT:
            continue
        described = {"description": parameter.get("description", "")}
        if name == "limit":
            bounds = {"minimum": 1, "maximum": MOST_ROWS, "default": DEFAULT_ROWS}
            yield name, {"type": "integer", **bounds, **described}
        else:
            yield name, {**parameter["schema"], **described}
