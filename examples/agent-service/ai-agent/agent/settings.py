"""What an operator sets, checked at the start."""

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Each field is the environment variable of its name."""

    environment: str = "dev"
    log_level: str = "INFO"
    database_url: str = Field(pattern=r"^postgresql\+psycopg://")
    service_auth_token: str = Field(min_length=8)
    jwt_secret: str = Field(min_length=8)
    jwt_algorithm: str = "HS256"
    backend_url: HttpUrl
    cors_origins: str = ""
    agent_mcp_server_url: str
    agent_mcp_timeout: float = 10
    agent_mcp_retry_attempts: int = 3
    agent_gemini_api_key: str
    agent_openai_api_key: str = ""
    agent_temperature: float = 0.7
    agent_token_budget: int = 800_000
    agent_encoding_name: str = "cl100k_base"


settings = Settings()
