"""The backend of a voice assistant: calls, what was recorded of them, and the words with which Twilio is answered."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import psycopg
import redis
from fastapi import FastAPI, HTTPException, Request, Response
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

UPLOADS = Path("/app/uploads")

# What is missing stops the start, with its name.
for required in ["SECRET_KEY", "GEMINI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"]:
    if not os.environ.get(required):
        raise SystemExit(f"{required} is not set")

database = ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=5, open=False, kwargs={"row_factory": dict_row})
cache = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2, socket_connect_timeout=2)


@asynccontextmanager
async def lifespan(_: FastAPI):
    database.open()
    yield
    database.close()
    cache.close()


app = FastAPI(title="tka voice", debug=os.environ.get("DEBUG") == "true", lifespan=lifespan)


class Call(BaseModel):
    caller: str = Field(pattern=r"^\+[0-9]{6,15}$")
    said: str = Field(min_length=1, max_length=2000)


@contextmanager
def connection() -> Iterator[psycopg.Connection]:
    try:
        with database.connection(timeout=2) as open_connection:
            yield open_connection
    except psycopg.OperationalError as error:
        raise HTTPException(503, "the database does not answer") from error


def is_reached(ask) -> bool:
    try:
        ask()
        return True
    except Exception:
        return False


def ask_database() -> None:
    with database.connection(timeout=1) as open_connection:
        open_connection.execute("SELECT 1")


@app.get("/health")
def health() -> dict:
    """The process is well; what it depends on is only reported."""
    return {
        "status": "ok",
        "environment": os.environ.get("ENVIRONMENT"),
        "database": is_reached(ask_database),
        "cache": is_reached(cache.ping),
    }


@app.post("/calls", status_code=201)
def add_call(call: Call) -> dict:
    with connection() as open_connection:
        row = open_connection.execute(
            "INSERT INTO calls (caller, said) VALUES (%s, %s) RETURNING id, caller, said", (call.caller, call.said)
        ).fetchone()
    cache.incr(f"calls:{call.caller}")
    return row


@app.get("/calls")
def list_calls() -> list[dict]:
    with connection() as open_connection:
        return open_connection.execute("SELECT id, caller, said FROM calls ORDER BY id").fetchall()


@app.get("/callers/{caller}")
def caller(caller: str) -> dict:
    return {"caller": caller, "calls": int(cache.get(f"calls:{caller}") or 0)}


@app.post("/voice")
def voice() -> Response:
    """What Twilio does with a call: it says something, records, and posts the recording to the webhook."""
    action = escape(os.environ["TWILIO_WEBHOOK_URL"], {'"': "&quot;"})
    words = f'<Response><Say>What can I do for you?</Say><Record action="{action}"/></Response>'
    return Response(words, media_type="application/xml")


def path_of(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}\.(wav|txt)", name):
        raise HTTPException(422, "a name is lower-case letters, digits and hyphens, and ends with .wav or .txt")
    return UPLOADS / name


@app.put("/uploads/{name}", status_code=201)
async def upload(name: str, request: Request) -> dict:
    path = path_of(name)
    path.write_bytes(await request.body())
    return {"name": name, "size": path.stat().st_size}


@app.get("/uploads/{name}")
def download(name: str) -> Response:
    path = path_of(name)
    if not path.is_file():
        raise HTTPException(404, "there is no such upload")
    return Response(path.read_bytes(), media_type="application/octet-stream")


@app.post("/tones/{name}", status_code=201)
def tone(name: str) -> dict:
    """A second of a tone, which ffmpeg makes, and what ffprobe finds in it."""
    path = path_of(name)
    quiet = ["-hide_banner", "-loglevel", "error"]
    make = ["ffmpeg", *quiet, "-y", "-f", "lavfi", "-i", "sine=frequency=440:duration=1", str(path)]
    subprocess.run(make, check=True, timeout=20)
    look = ["ffprobe", *quiet, "-show_format", "-of", "json", str(path)]
    found = json.loads(subprocess.run(look, check=True, timeout=20, capture_output=True).stdout)
    return {"name": name, "seconds": float(found["format"]["duration"])}
