"""The todos, as PostgreSQL keeps them."""

from sqlalchemy import Boolean, Engine, String, create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Todo(Base):
    __tablename__ = "todos"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(200))
    done: Mapped[bool] = mapped_column(Boolean, default=False)


def connect(url: str) -> Engine:
    """An engine that looks at a connection before it hands it out: the database may have been restarted."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(address, client_encoding="utf8", pool_pre_ping=True)
    Base.metadata.create_all(engine)
    return engine


def answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except Exception:
        return False
    return True


def todos(session: Session, owner: str) -> list[Todo]:
    return list(session.scalars(select(Todo).where(Todo.owner == owner).order_by(Todo.id)))


def add(session: Session, owner: str, title: str) -> Todo:
    todo = Todo(owner=owner, title=title)
    session.add(todo)
    session.commit()
    return todo


def finish(session: Session, owner: str, number: int) -> Todo | None:
    todo = session.scalar(select(Todo).where(Todo.owner == owner, Todo.id == number))
    if todo is not None:
        todo.done = True
        session.commit()
    return todo
