import os
from os import environ as e, getenv
from pydantic_settings import BaseSettings, SettingsConfigDict
class S(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")
    a: str
    b: int = 3
    c: str = Field(validation_alias=AliasChoices("C", "D"))
x = e["E"] or getenv("F", f"{os.environ['G']}")
"""os.environ["NOT"]"""
