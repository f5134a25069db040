"""The metrics of the nodes of a cluster, which are asked once for all of them."""

import pytest

from tollbook.api.operation.metrics import Measured, Metrics
from tollbook.store.engine import NodeFigures

ONE, TWO = NodeFigures("a:1", 100, 3), NodeFigures("b:1", 20, 4)
AWAY = NodeFigures("b:1", None, None)


class Nodes:
    """What a server measures: nodes that count how often they are asked."""

    def __init__(self, figures: list[NodeFigures] | None) -> None:
        self.asked = 0
        self._figures = figures

    def ask(self) -> list[NodeFigures] | None:
        self.asked += 1
        return self._figures

    def text(self) -> str:
        measured = Measured(
            int, int, dict, dict, int, int, lambda: 7, self.ask, int, int, lambda: None
        )
        return Metrics(measured).text_of_database().decode()


@pytest.mark.parametrize(
    ("figures", "size"),
    [([ONE, TWO], "120.0"), ([ONE, AWAY], "NaN"), ([], "7.0"), (None, "NaN")],
)
def test_the_size_of_the_database_is_that_of_its_nodes_which_are_asked_once(
    figures: list[NodeFigures] | None, size: str
) -> None:
    nodes = Nodes(figures)
    assert f"tollbook_database_bytes {size}\n" in nodes.text()
    assert nodes.asked == 1


def test_a_node_that_does_not_answer_is_not_up() -> None:
    text = Nodes([ONE, AWAY]).text()
    assert 'tollbook_node_up{node="a:1"} 1.0\n' in text
    assert 'tollbook_node_up{node="b:1"} 0.0\n' in text
    assert 'tollbook_node_bytes{node="b:1"}' not in text
