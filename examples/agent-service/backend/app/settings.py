"""What an operator sets, checked at the start."""

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Each field is the environment variable of its name."""

    environment: str = "dev"
    log_level: str = "INFO"
    database_url: str = Field(pattern=r"^postgresql\+psycopg://")
    jwt_secret: str = Field(min_length=8)
    jwt_algorithm: str = "HS256"
    service_auth_token: str = Field(min_length=8)
    cors_origins: str = ""
    encryption_key: str = Field(min_length=8)


settings = Settings()
