"""The database: tasks and how far they have come, and when the scheduler was last heard of."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from assistant.settings import settings

URL = settings.database_url.get_secret_value()


class Base(DeclarativeBase):
    """Whatever has a table."""


class Task(Base):
    """Something that somebody asked for."""

    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    queue: Mapped[str]
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    worker: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Run(Base):
    """When something that comes back was last done."""

    __tablename__ = "runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def pooled() -> AsyncEngine:
    """Connections for a server, which keeps some."""
    return create_async_engine(
        URL, pool_size=settings.db_pool_size, max_overflow=settings.db_max_overflow, pool_pre_ping=True
    )


def single() -> AsyncEngine:
    """A connection for one piece of work in a process of its own."""
    return create_async_engine(URL, poolclass=NullPool)


async def advance(task: UUID, state: str, worker: str) -> None:
    """Notes how far a task has come, and who sees to it."""
    engine = single()
    async with async_sessionmaker(engine)() as session, session.begin():
        if found := await session.get(Task, task):
            found.state, found.worker = state, worker
    await engine.dispose()


async def ran(name: str) -> None:
    """Notes that something that comes back was done."""
    engine = single()
    now = datetime.now(UTC)
    note = insert(Run).values(name=name, at=now).on_conflict_do_update(index_elements=["name"], set_={"at": now})
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM tasks WHERE created_at < now() - interval '30 days'"))
        await connection.execute(note)
    await engine.dispose()
