"""The agent's API."""

import asyncio
import logging
from typing import Annotated

import httpx2
import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, Field

from agent import history, model, tools
from agent.settings import settings

SERVICE = "agent"

logging.basicConfig(level=settings.log_level)
log = logging.getLogger(__name__)
app = FastAPI(title=SERVICE)
app.add_middleware(
    CORSMiddleware,
    allow_origins=[origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()],
    allow_methods=["*"],
    allow_headers=["*"],
)


class Message(BaseModel):
    """What a user says."""

    text: str = Field(min_length=1)


def user(authorization: Annotated[str | None, Header()] = None) -> str:
    """The user to whom the auth server gave the token."""
    token = (authorization or "").removeprefix("Bearer ")
    try:
        return jwt.decode(token, settings.jwt_secret, algorithms=[settings.jwt_algorithm])["sub"]
    except (jwt.InvalidTokenError, KeyError) as error:
        raise HTTPException(401, "sign in first") from error


@app.get("/health")
async def health() -> dict[str, object]:
    """It is its own health; of the others it only tells."""
    async with httpx2.AsyncClient(timeout=2) as client:
        try:
            backend = (await client.get(f"{settings.backend_url}health")).status_code == 200
        except httpx2.HTTPError:
            backend = False
    tracing = bool(settings.agent_openai_api_key)
    return {"service": SERVICE, "environment": settings.environment, "backend": backend, "tracing": tracing}


@app.post("/chat")
async def chat(message: Message, who: Annotated[str, Depends(user)]) -> dict[str, object]:
    """Remembers, recalls, or asks the model."""
    match message.text.strip().split(maxsplit=1):
        case [word, what] if word.lower() == "remember":
            said = (await tools.call("add_note", {"owner": who, "text": what}))[0]
        case [word] if word.lower() == "recall":
            said = "\n".join(await tools.call("list_notes", {"owner": who}))
        case _:
            said = await model.answer(message.text)
    kept = True
    try:
        await asyncio.to_thread(history.keep, who, message.text, said)
    except Exception:
        # It can do without its own tables: a failed migration of theirs is only a warning.
        log.exception("this turn is not written down")
        kept = False
    return {"answer": said, "kept": kept}
