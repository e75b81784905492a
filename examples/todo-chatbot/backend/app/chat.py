"""What a message means: what is said in so many words is done at once, anything else is asked of the model."""

import json
import urllib.request

ENDPOINT = "https://api.openai.com/v1/chat/completions"
INSTRUCTION = "Answer with one line: `add <title>`, `done <number>` or `list`, whichever the user wants of a todo list."


def command(message: str) -> tuple[str, str] | None:
    """The word and what follows it."""
    word, _, rest = message.strip().partition(" ")
    word, rest = word.lower(), rest.strip()
    if word == "list" or (word == "add" and rest) or (word == "done" and rest.isdigit()):
        return word, rest
    return None


def understand(message: str, key: str) -> tuple[str, str] | None:
    return command(message) or command(ask(message, key))


def ask(message: str, key: str) -> str:
    body = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": message}],
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(ENDPOINT, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=15) as response:
        return json.load(response)["choices"][0]["message"]["content"]
