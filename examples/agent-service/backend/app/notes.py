"""Notes in the database, encrypted."""

import base64
import hashlib
from datetime import datetime

from cryptography.fernet import Fernet
from sqlalchemy import DateTime, String, Text, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.settings import settings

engine = create_engine(
    settings.database_url, pool_pre_ping=True, connect_args={"connect_timeout": 5, "client_encoding": "utf8"}
)
cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.encryption_key.encode()).digest()))


class Base(DeclarativeBase):
    """The tables of the backend."""


class User(Base):
    """Who may sign in: the auth server reads and writes it, the migrations here make it."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password: Mapped[str] = mapped_column(String(200))


class Note(Base):
    """A note of a user."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(320), index=True)
    text: Mapped[str] = mapped_column(Text)
    written: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def add(owner: str, text: str) -> int:
    """Keeps a note, and says its number."""
    with Session(engine) as session, session.begin():
        note = Note(owner=owner, text=cipher.encrypt(text.encode()).decode())
        session.add(note)
        session.flush()
        return note.id


def of(owner: str) -> list[str]:
    """The notes of a user, the oldest first."""
    with Session(engine) as session:
        texts = session.scalars(select(Note.text).where(Note.owner == owner).order_by(Note.id))
        return [cipher.decrypt(text.encode()).decode() for text in texts]
