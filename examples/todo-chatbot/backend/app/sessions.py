"""Who asks: a random name, signed, that the browser keeps and sends with every request."""

import hashlib
import hmac
import secrets


class Sessions:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def begin(self) -> str:
        name = secrets.token_hex(16)
        return f"{name}.{self._signature(name)}"

    def owner(self, token: str) -> str | None:
        """The name in a token; none where somebody else signed it."""
        name, _, signature = token.partition(".")
        return name if hmac.compare_digest(signature.encode(), self._signature(name).encode()) else None

    def _signature(self, name: str) -> str:
        return hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()
