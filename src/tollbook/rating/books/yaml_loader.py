"""Composing the nodes of a YAML document with a bound on the work, and none for a certain refusal.

PyYAML takes about 20 microseconds for each token, and more for each level of nesting.
"""

from collections.abc import Collection
from typing import Any

import yaml
from yaml.events import MappingStartEvent

_LEVELS_OF_A_TOKEN = 100
"""This many keys that may still begin on a line double the time of a token."""
_WORK_AFTER_AN_ERROR = 50_000
"""The tokens that are read after an unknown field, to report what else is wrong."""


class TooMuchWork(Exception):
    """The document has more tokens than it may, with the nodes of unknown fields found so far."""

    def __init__(self, unknown: list[yaml.ScalarNode]) -> None:
        super().__init__()
        self.unknown = unknown


class BoundedLoader(yaml.SafeLoader):
    """A loader that reads up to `most` tokens, and stops sooner when the verdict is certain.

    The root must be a mapping with the fields in `known`: anything else is refused, so that little
    more is read of it.
    """

    def __init__(self, text: str, known: Collection[str], most: int) -> None:
        super().__init__(text)
        self._known = known
        self._left = most
        self._root: Any = None
        self._unknown: list[yaml.ScalarNode] = []

    def compose_root(self) -> yaml.Node | None:
        """Return the root of the only document, None when there is none.

        A root that is no mapping comes without what is inside.
        """
        events: Any = self  # the types of PyYAML leave the results out
        events.get_event()
        if self.check_event(yaml.StreamEndEvent):
            return None
        start = events.get_event().start_mark
        if not self.check_event(MappingStartEvent):
            return yaml.ScalarNode("", "", start, start)
        root: yaml.Node = self.compose_node(None, None)
        events.get_event()
        if not self.check_event(yaml.StreamEndEvent):
            mark = events.get_event().start_mark
            raise yaml.composer.ComposerError(
                "expected a single document in the stream",
                root.start_mark,
                "but found another document",
                mark,
            )
        return root

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node, and look at the names of the root's fields."""
        if parent is not None and self._root is None:
            self._root = parent
        node = super().compose_node(parent, index)
        is_of_root = parent is not None and parent is self._root and index is None
        if is_of_root and isinstance(node, yaml.ScalarNode) and node.value not in self._known:
            self._unknown.append(node)
            self._left = min(self._left, _WORK_AFTER_AN_ERROR)
        return node

    def fetch_more_tokens(self) -> Any:
        """Read the next tokens, or raise `TooMuchWork`."""
        self._left -= 1 + len(self.possible_simple_keys) // _LEVELS_OF_A_TOKEN
        if self._left < 0:
            raise TooMuchWork(self._unknown)
        return super().fetch_more_tokens()
