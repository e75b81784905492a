"""Runs the migrations."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from assistant.database import Base, single

# Several containers may start at the same time: the first one migrates, the others wait and find nothing to do.
LOCK = 3_001


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()


async def connect() -> None:
    async with single().connect() as connection:
        await connection.run_sync(run)


asyncio.run(connect())
