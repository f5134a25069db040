"""Price books that can be drafts or an organization's own, and decks of a hundred thousand rates.

Why: a row of `rates` held the whole rate, some 300 bytes, and its book had to be named in each. Now
what rates have in common is stored once, as a template, and a row is a number and two prefixes. A
book owns one block of rate ids, so that the id an event names leads to its book.

Books and rates that are there keep their versions and ids: events name them. There are only as
many as people wrote by hand, so they go through memory, which both engines allow alike.

Revision: 0002, after 0001.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
STRICT: dict[str, Any] = {"sqlite_strict": True}
Row = Mapping[str, Any]


def upgrade() -> None:
    books = _rows("SELECT * FROM price_books ORDER BY tenant_id, version")
    rates = _rows("SELECT * FROM rates ORDER BY rate_id")
    op.drop_table("rates")
    op.drop_table("price_books")
    tables = _tables()
    blocks: dict[tuple[str, int], list[int]] = {}
    numbers: dict[tuple[str, int], dict[str, int]] = {}
    kept: list[Row] = []
    for rate in rates:
        book = rate["tenant_id"], rate["version"]
        blocks.setdefault(book, []).append(rate["rate_id"])
        template = _template(rate)
        prefixes = template.pop("to", ""), template.pop("from_", "") or template.pop("from", "")
        known = numbers.setdefault(book, {})
        number = known.setdefault(json.dumps(template, separators=(",", ":")), len(known))
        kept.append(
            {
                "rate_id": rate["rate_id"],
                "template": number,
                "to_prefix": prefixes[0],
                "from_prefix": prefixes[1],
            }
        )
    _insert(tables["price_books"], [_book(book, blocks) for book in books])
    _insert(tables["rates"], kept)
    _insert(
        tables["rate_templates"],
        [
            {"tenant_id": tenant, "version": version, "number": number, "rate": template}
            for (tenant, version), known in numbers.items()
            for template, number in known.items()
        ],
    )


def _tables() -> dict[str, sa.Table]:
    text, integer = sa.Text(), sa.Integer()
    book = {"tenant_id": text, "version": integer}
    made = (
        _table(
            "price_books",
            book,
            {
                "organization_id?": BIG,
                "name": text,
                "currency": text,
                "effective_from": integer,
                "source": text,
                "created_at": BIG,
                "published_at?": BIG,
                "first_rate": BIG,
                "last_rate": BIG,
            },
            **CLUSTERED,
        ),
        _table("rate_templates", {**book, "number": integer}, {"rate": text}, **CLUSTERED),
        _table(
            "rates",
            {"rate_id": BIG},
            {"template": integer, "to_prefix": text, "from_prefix": text},
            **STRICT,
        ),
    )
    return {table.name: table for table in made}


def _table(name: str, keys: Row, columns: Row, **options: Any) -> sa.Table:
    return op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *(
            sa.Column(column.removesuffix("?"), kind, nullable=column.endswith("?"))
            for column, kind in columns.items()
        ),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        **options,
    )


def _book(book: Row, blocks: Mapping[tuple[str, int], list[int]]) -> Row:
    """Publish a book since it was loaded: until now every book was in force from its first day."""
    ids = blocks.get((book["tenant_id"], book["version"]), [1, 0])
    return {
        **book,
        "organization_id": None,
        "published_at": book["created_at"],
        "first_rate": ids[0],
        "last_rate": ids[-1],
    }


def _template(rate: Row) -> dict[str, Any]:
    """Read a whole rate, or make one of the columns where only its conditions were written."""
    conditions = json.loads(rate["conditions"])
    if isinstance(conditions, dict):
        conditions.pop("id", None)
        return conditions
    pricing = {name: rate[name] for name in ("price", "per", "price_picos", "per_micros")}
    if rate["per_event"]:
        pricing["basis"] = "event"
    made: dict[str, Any] = {"meter": rate["meter"], "pricing": pricing}
    return {**made, "when": conditions} if conditions else made


def _rows(statement: str) -> list[Row]:
    return [dict(row) for row in op.get_bind().execute(sa.text(statement)).mappings()]


def _insert(table: sa.Table, rows: list[Row]) -> None:
    if rows:
        op.bulk_insert(table, [dict(row) for row in rows])
