"""`deploy/` and the documentation name the metrics of a server."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tollbook.api.operation.metrics import Measured, Metrics
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.cli.import_metrics import ImportMetrics
from tollbook.store.engine import NodeFigures

ROOT = Path(__file__).parent.parent.parent
_NAME = re.compile(r"(?:tollbook|process)_[a-z_]+")


def measured() -> set[str]:
    """Return the name of every metric, with or without labels."""
    instruments = Metrics(
        Measured(
            int,
            int,
            dict,
            lambda: {"under_1_day": 1},
            int,
            int,
            int,
            lambda: [NodeFigures("a:1", 1, 1)],
            int,
            int,
            lambda: None,
        )
    )
    instruments.count_events({"accepted": 1})
    instruments.count_request("endpoint", 200, 0.1)
    instruments.count_answer("cache")
    instruments.count_refusal("queue_full")
    instruments.count_notification("trigger.reached")
    texts = instruments.text_of_process() + instruments.text_of_database()
    lines = texts.decode().splitlines()
    lines += ConsumeMetrics().text().decode().splitlines()
    lines += ImportMetrics().text().decode().splitlines()
    return {name for it in lines if not it.startswith("#") for name in _NAME.findall(it)[:1]}


def families() -> set[str]:
    """Return the names of metrics without the parts of histograms."""
    return {re.sub("_(bucket|sum|count|created)$", "", name) for name in measured()}


@pytest.mark.parametrize("file", ["deploy/alerts.yaml", "deploy/grafana-dashboard.json"])
def test_every_metric_named_is_measured(file: str) -> None:
    named = set(_NAME.findall((ROOT / file).read_text()))
    assert named
    assert named - measured() - families() == set()


def test_every_metric_measured_is_documented() -> None:
    pages = ("operations.md", "brokers.md", "import.md")
    page = "".join((ROOT / "docs" / name).read_text() for name in pages)
    assert [name for name in sorted(families()) if name not in page] == []


def test_every_alert_has_instructions() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(rule["annotations"]["do"].endswith(".") for rule in rules)


def test_a_node_of_a_cluster_that_is_away_has_one_alert_for_all_servers() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"]
    (rule,) = [
        rule for group in groups for rule in group["rules"] if "tollbook_node_up" in rule["expr"]
    ]
    assert rule["expr"] == "min by (node) (tollbook_node_up) == 0"
    assert "$labels.node " in rule["annotations"]["summary"]


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
