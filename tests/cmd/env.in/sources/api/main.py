import os

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    model_config = {"env_prefix": "SHOP_"}

    token: str
    region: str
    pool_size: int = 5


settings = Settings()
flags = {name: os.environ.get(f"FLAG_{name}") for name in ("A", "B")}
app = None
