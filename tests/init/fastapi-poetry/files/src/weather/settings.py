from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    station_api_key: str
    cache_seconds: int = 300
    log_level: str = "info"


settings = Settings()
