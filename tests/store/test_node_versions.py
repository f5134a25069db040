"""The versions of ledgers on a cluster, from a row for each shard."""

from tollbook.store.citus.versions import NodeVersion, ShardVersions

HALF = 2**63


def row(shard: int, as_of: int, received_at: int, newest: int, arrived: int) -> tuple[object, ...]:
    return f"ledger_versions_{shard}", 7, as_of, received_at, newest * HALF - arrived


def test_a_tenant_without_ledgers_has_no_changes_on_any_node() -> None:
    none = ShardVersions([])
    assert none.whole == (0, 0, 0, 0, 0)
    assert none.by_node({101: 1, 102: 2}) == (NodeVersion("node_1", 0), NodeVersion("node_2", 0))


def test_the_whole_has_the_newest_event_that_came_first() -> None:
    rows = [row(101, 10, 11, 500, 40), row(102, 30, 5, 500, 20), row(103, 1, 1, -3, 90)]
    assert ShardVersions(rows).whole == (21, 30, 500, 11, 20)
    assert ShardVersions(rows[2:]).whole == (7, 1, -3, 1, 90)


def test_a_node_has_the_newest_change_of_its_shards() -> None:
    shards = ShardVersions([row(101, 10, 11, 1, 1), row(102, 30, 5, 1, 1), row(103, 20, 2, 1, 1)])
    places = {103: 4, 101: 1, 102: 4, 104: 5}
    found = shards.by_node(places)
    assert found == (NodeVersion("node_1", 11), NodeVersion("node_4", 30), NodeVersion("node_5", 0))


def test_a_shard_that_was_split_since_does_not_make_its_node_newer() -> None:
    shards = ShardVersions([row(101, 10, 11, 1, 1), row(201, 30, 5, 1, 1)])
    assert shards.by_node({101: 1, 102: 2}) == (NodeVersion("node_1", 11), NodeVersion("node_2", 0))
