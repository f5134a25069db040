"""A plain service of FastAPI and SQLAlchemy: events with a unique id, and sums by GROUP BY.

It has one table, one price for each meter, and no API keys, quarantine, rollups or corrections.
"""

import os
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import (
    JSON,
    BigInteger,
    Index,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.peers.question import MICROS, statement

PRICES = {
    "sms.outbound": 30_000_000,
    "sms.inbound": 10_000_000,
    "voice.call": 2_000_000,
    "api.request": 40_000,
}
"""Nanos of the currency for one unit: those of Tollbook's example book."""

_URL = os.environ["PEER_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1)
_IS_SQLITE = _URL.startswith("sqlite")
_CONNECTIONS = 40
"""As many as FastAPI has threads for synchronous endpoints."""


class Base(DeclarativeBase):
    """The tables."""


class Event(Base):
    """An event, with its cost."""

    __tablename__ = "events"
    __table_args__ = (Index("by_day", "organization", "day"),)

    organization: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    meter: Mapped[str]
    day: Mapped[date]
    time: Mapped[datetime]
    quantity: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)


class UsageEvent(BaseModel):
    """An event as it is sent."""

    id: str
    type: str
    organization_id: str
    user_id: str
    time: datetime
    quantity: int
    attributes: dict[str, str] = {}

    def row(self) -> dict[str, Any]:
        """Return the columns of the event."""
        return {
            "organization": self.organization_id,
            "id": self.id,
            "user_id": self.user_id,
            "meter": self.type,
            "day": self.time.date(),
            "time": self.time,
            "quantity": self.quantity * MICROS,
            "cost": self.quantity * PRICES[self.type],
            "attributes": self.attributes,
        }


_engine = create_engine(
    _URL,
    pool_size=_CONNECTIONS,
    connect_args={"timeout": 60} if _IS_SQLITE else {},
)


@event.listens_for(_engine, "connect")
def _durable(connection: Any, _record: Any) -> None:
    """Write as durably as Tollbook does: a commit is on disk."""
    if _IS_SQLITE:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")


Base.metadata.create_all(_engine)
_insert = sqlite.insert if _IS_SQLITE else postgresql.insert
app = FastAPI()


@app.get("/healthz")
def healthz() -> dict[str, bool]:
    """Return that the service is running."""
    return {"success": True}


@app.post("/v1/events")
def record(events: UsageEvent | list[UsageEvent]) -> dict[str, int]:
    """Store events, each id of an organization only once."""
    listed = events if isinstance(events, list) else [events]
    with Session(_engine) as session:
        statement = _insert(Event).on_conflict_do_nothing()
        session.connection().execute(statement, [it.row() for it in listed])
        session.commit()
    return {"accepted": len(listed)}


@app.get("/v1/analytics/users")
def users(
    organization_id: str,
    start_date: Annotated[date, Query()],
    end_date: Annotated[date, Query()],
) -> dict[str, Any]:
    """Return the figures of each user in a period: rows of the statement."""
    sql = statement(str(start_date), str(end_date), ":organization")
    with Session(_engine) as session:
        rows = session.execute(text(sql), {"organization": organization_id}).all()
    return {"users": [[*it] for it in rows]}
