"""Tools for agents: what the backend keeps, by the Model Context Protocol."""

import hmac
import logging

import httpx2
import uvicorn
from mcp.server.mcpserver import MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_server.settings import settings

SERVICE = "mcp-server"

server = MCPServer(SERVICE, instructions="What users want to be remembered.")


async def ask(method: str, path: str, owner: str, body: object = None) -> object:
    """What the backend says; asked again where it cannot be reached."""
    headers = {"authorization": f"Bearer {settings.service_auth_token}", "x-on-behalf-of": owner}
    transport = httpx2.AsyncHTTPTransport(retries=settings.backend_max_retries)
    async with httpx2.AsyncClient(
        base_url=str(settings.fastapi_base_url), headers=headers, timeout=settings.backend_timeout, transport=transport
    ) as client:
        response = await client.request(method, path, json=body)
        response.raise_for_status()
        return response.json()


@server.tool()
async def add_note(owner: str, text: str) -> str:
    """Remembers something for a user."""
    await ask("POST", "/notes", owner, {"text": text})
    return "noted"


@server.tool()
async def list_notes(owner: str) -> list[str]:
    """Everything that a user wanted to be remembered."""
    return await ask("GET", "/notes", owner)


def for_services(app: ASGIApp) -> ASGIApp:
    """Only for those who know the token of the services."""
    expected = f"Bearer {settings.service_auth_token}".encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, expected):
                await send({"type": "http.response.start", "status": 401})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return guarded


if __name__ == "__main__":
    logging.basicConfig(level=settings.mcp_log_level)
    app = server.streamable_http_app(stateless_http=True, json_response=True, host="0.0.0.0")
    level = settings.mcp_log_level.lower()
    uvicorn.run(for_services(app), host="0.0.0.0", port=settings.mcp_server_port, log_level=level)
