from fastapi import FastAPI

from weather.settings import settings

app = FastAPI(title="weather")


@app.get("/healthz")
def healthz() -> dict[str, int]:
    return {"cache": settings.cache_seconds}
