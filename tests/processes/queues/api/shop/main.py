"""Hands work to others, and says what has become of it."""

import asyncio
import json
from urllib.parse import parse_qs

from shop.worker import notes, slow, who


def answer(path: str, query: dict[str, str]) -> object:
    """What it says to a request."""
    match path:
        case "/health":
            return {"service": "api"}
        case "/who":
            return who.apply_async(queue=query.get("queue")).get(timeout=20)
        case "/slow":
            slow.apply_async([float(query["seconds"])], queue=query["queue"])
            return {}
        case "/notes":
            return {name: (notes.get(name) or b"").decode() for name in ("ticks", "slow")}
    return None


async def app(scope, receive, send) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    body = await asyncio.to_thread(answer, scope["path"], query)
    await send({"type": "http.response.start", "status": 404 if body is None else 200})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
