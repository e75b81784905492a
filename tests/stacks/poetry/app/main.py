"""Says whether its dependencies are those of where it runs."""

import importlib.util
import json
import os

import pytimeparse


async def app(scope, receive, send):
    """Answers every request with the same."""
    if scope["type"] != "http":
        return
    answer = {
        "service": "app",
        "day": pytimeparse.parse("1 day") * 1000,
        "development": importlib.util.find_spec("iniconfig") is not None,
        "user": os.getuid(),
    }
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
