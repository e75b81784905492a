"""What the environment says. A variable that is missing stops the program at its start, and is named."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Read from variables of the same names, in capitals."""

    environment: str
    debug: bool = False
    database_url: SecretStr
    db_pool_size: int = 5
    db_max_overflow: int = 10
    celery_broker_url: SecretStr
    celery_result_backend: SecretStr
    secret_key: SecretStr
    openai_api_key: SecretStr
    otel_exporter_otlp_endpoint: str | None = None


settings = Settings()
