"""The language model, for whatever is no request to remember something."""

import httpx2

from agent.settings import settings

MODEL = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"

# A token of English text has about four characters.
CHARACTERS = 4


async def answer(message: str) -> str:
    """What the model says."""
    if len(message) > settings.agent_token_budget * CHARACTERS:
        return "That is more than I can read at once."
    request = {
        "contents": [{"role": "user", "parts": [{"text": message}]}],
        "generationConfig": {"temperature": settings.agent_temperature},
    }
    async with httpx2.AsyncClient(timeout=60) as client:
        response = await client.post(MODEL, json=request, headers={"x-goog-api-key": settings.agent_gemini_api_key})
        response.raise_for_status()
        return response.json()["candidates"][0]["content"]["parts"][0]["text"]
