"""What an operator sets, checked at the start."""

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Each field is the environment variable of its name."""

    service_auth_token: str = Field(min_length=8)
    fastapi_base_url: HttpUrl
    mcp_server_port: int
    mcp_log_level: str = "INFO"
    backend_timeout: float = Field(default=30.0, gt=0)
    backend_max_retries: int = Field(default=2, ge=0)


settings = Settings()
