"""The backend's API."""

import logging
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app import notes
from app.settings import settings
from shared.tokens import Refused, bearer, is_service, user_of

SERVICE = "backend"

logging.basicConfig(level=settings.log_level)
app = FastAPI(title=SERVICE)
app.add_middleware(
    CORSMiddleware,
    allow_origins=[origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()],
    allow_methods=["*"],
    allow_headers=["*"],
)


class NewNote(BaseModel):
    """What is to be kept."""

    text: str = Field(min_length=1, max_length=10_000)


def owner(
    authorization: Annotated[str | None, Header()] = None, x_on_behalf_of: Annotated[str | None, Header()] = None
) -> str:
    """The user who asks, or for whom another service does."""
    token = bearer(authorization)
    if not is_service(token, settings.service_auth_token):
        return user_of(token, settings.jwt_secret, settings.jwt_algorithm)
    if not x_on_behalf_of:
        raise HTTPException(400, "for whom?")
    return x_on_behalf_of


Owner = Annotated[str, Depends(owner)]


@app.exception_handler(Refused)
def refuse(_request: Request, error: Refused) -> JSONResponse:
    """The caller has to sign in first."""
    return JSONResponse({"detail": str(error)}, status_code=401)


@app.get("/health")
def health() -> dict[str, str]:
    """It is its own health: that of the database is told by those who need it."""
    return {"service": SERVICE, "environment": settings.environment}


@app.get("/notes")
def list_notes(user: Owner) -> list[str]:
    """The notes of the user."""
    return notes.of(user)


@app.post("/notes", status_code=201)
def add_note(note: NewNote, user: Owner) -> dict[str, int]:
    """Keeps a note."""
    return {"id": notes.add(user, note.text)}
