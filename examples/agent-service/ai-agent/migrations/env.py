"""Runs the migrations of the agent, which counts its versions apart from the backend's in the same database."""

from alembic import context
from sqlalchemy import text

from agent.history import Base, engine

# Several containers may start at the same time: the first one migrates, the others wait and find nothing to do.
LOCK = 2_002

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, version_table="agent_version")
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()
