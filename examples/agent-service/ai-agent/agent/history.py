"""What has been said, in tables of the agent's own."""

from datetime import datetime

from sqlalchemy import DateTime, String, Text, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from agent.settings import settings

engine = create_engine(
    settings.database_url, pool_pre_ping=True, connect_args={"connect_timeout": 5, "client_encoding": "utf8"}
)


class Base(DeclarativeBase):
    """The tables of the agent."""


class Turn(Base):
    """A message and its answer."""

    __tablename__ = "agent_turns"

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(String(320), index=True)
    message: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    said: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def keep(user: str, message: str, answer: str) -> None:
    """Writes down a turn."""
    with Session(engine) as session, session.begin():
        session.add(Turn(user=user, message=message, answer=answer))
