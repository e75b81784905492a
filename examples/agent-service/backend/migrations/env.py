"""Runs the migrations of the backend."""

from alembic import context
from sqlalchemy import text

from app.notes import Base, engine

# Several containers may start at the same time: the first one migrates, the others wait and find nothing to do.
LOCK = 2_001

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()
