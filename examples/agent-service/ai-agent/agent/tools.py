"""The tools of the MCP server."""

import asyncio
import logging

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from agent.settings import settings

log = logging.getLogger(__name__)


async def call(tool: str, arguments: dict[str, str]) -> list[str]:
    """What a tool says; it is asked again where the server cannot be reached."""
    headers = {"authorization": f"Bearer {settings.service_auth_token}"}
    for attempt in range(1, settings.agent_mcp_retry_attempts + 1):
        try:
            async with httpx2.AsyncClient(headers=headers, timeout=settings.agent_mcp_timeout) as http:
                transport = streamable_http_client(settings.agent_mcp_server_url, http_client=http)
                async with Client(transport) as client:
                    result = await client.call_tool(tool, arguments)
            if result.is_error:
                raise RuntimeError(f"{tool}: {result.content}")
            return [part.text for part in result.content if part.type == "text"]
        except (httpx2.TransportError, ExceptionGroup) as error:
            if attempt == settings.agent_mcp_retry_attempts:
                raise
            log.warning("%s: attempt %d: %s", tool, attempt, error)
            await asyncio.sleep(attempt / 4)
    return []
