"""What the environment says, read once when the program starts."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str
    session_secret: str
    openai_key: str
    cors_origins: list[str]
    log_level: str

    @classmethod
    def read(cls) -> "Settings":
        missing = [name for name in ("DATABASE_URL", "BETTER_AUTH_SECRET", "OPENAI_API_KEY") if not os.environ.get(name)]
        if missing:
            raise SystemExit(f"not set: {', '.join(missing)}")
        origins = os.environ.get("CORS_ORIGINS", "")
        return cls(
            database_url=os.environ["DATABASE_URL"],
            session_secret=os.environ["BETTER_AUTH_SECRET"],
            openai_key=os.environ["OPENAI_API_KEY"],
            cors_origins=[origin.strip() for origin in origins.split(",") if origin.strip()],
            log_level=os.environ.get("LOG_LEVEL", "info").upper(),
        )
