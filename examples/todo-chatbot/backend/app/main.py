"""The API: todos, and a chat that works on them."""

import logging
from typing import Annotated, Iterator

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app import chat, database
from app.sessions import Sessions
from app.settings import Settings

settings = Settings.read()
logging.basicConfig(level=settings.log_level)
engine = database.connect(settings.database_url)
sessions = Sessions(settings.session_secret)

app = FastAPI(title="Todos")
app.add_middleware(
    CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["*"], allow_headers=["Authorization", "Content-Type"]
)


class NewTodo(BaseModel):
    title: str = Field(min_length=1, max_length=200)


class TodoOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    done: bool


class Message(BaseModel):
    text: str = Field(min_length=1, max_length=500)


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


def owner(authorization: Annotated[str, Header()] = "") -> str:
    name = sessions.owner(authorization.removeprefix("Bearer "))
    if name is None:
        raise HTTPException(401, "begin a session first: POST /api/session")
    return name


Database = Annotated[Session, Depends(session)]
Owner = Annotated[str, Depends(owner)]


@app.get("/health")
def health() -> dict[str, str]:
    """The process is well as long as it answers; what it depends on is told beside that."""
    return {"service": "backend", "status": "ok", "database": "ok" if database.answers(engine) else "down"}


@app.post("/api/session", status_code=201)
def begin() -> dict[str, str]:
    return {"token": sessions.begin()}


@app.get("/api/todos")
def list_todos(db: Database, owner: Owner) -> list[TodoOut]:
    return [TodoOut.model_validate(todo) for todo in database.todos(db, owner)]


@app.post("/api/todos", status_code=201)
def add_todo(new: NewTodo, db: Database, owner: Owner) -> TodoOut:
    return TodoOut.model_validate(database.add(db, owner, new.title))


@app.post("/api/todos/{number}/done")
def finish_todo(number: int, db: Database, owner: Owner) -> TodoOut:
    todo = database.finish(db, owner, number)
    if todo is None:
        raise HTTPException(404, "there is no such todo")
    return TodoOut.model_validate(todo)


@app.post("/api/chat")
def talk(message: Message, db: Database, owner: Owner) -> dict[str, str]:
    try:
        understood = chat.understand(message.text, settings.openai_key)
    except OSError as error:
        raise HTTPException(502, f"the model does not answer: {error}") from error
    match understood:
        case ("add", title):
            return {"reply": f"Added: {database.add(db, owner, title[:200]).title}"}
        case ("done", number):
            todo = database.finish(db, owner, int(number))
            return {"reply": f"Done: {todo.title}" if todo else f"There is no todo {number}."}
        case ("list", _):
            open_ones = [todo.title for todo in database.todos(db, owner) if not todo.done]
            return {"reply": "To do: " + ", ".join(open_ones) if open_ones else "Nothing to do."}
        case _:
            return {"reply": "Say `add <title>`, `done <number>` or `list`."}
