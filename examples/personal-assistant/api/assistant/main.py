"""The API: takes tasks, tells of them, and says how it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Response
from fastapi.concurrency import run_in_threadpool
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from assistant.database import Run, Task, pooled
from assistant.settings import settings
from assistant.worker import HOUSEKEEPING, app as celery, hand_over

ACCEPTED = Counter("assistant_tasks_accepted_total", "Tasks that somebody asked for", ["queue"])

engine = pooled()
session_of = async_sessionmaker(engine, expire_on_commit=False)


class Wish(BaseModel):
    """What somebody asks for."""

    queue: Literal["ai", "sms", "grocery"]
    text: Annotated[str, Field(min_length=1, max_length=200)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


# The proxy takes /api away.
app = FastAPI(title="Assistant", root_path="/api", debug=settings.debug, lifespan=lifespan)


def shown(task: Task) -> dict[str, Any]:
    return {"id": task.id, "queue": task.queue, "text": task.text, "state": task.state, "worker": task.worker}


@app.get("/tasks")
async def tasks() -> list[dict[str, Any]]:
    async with session_of() as session:
        found = await session.scalars(select(Task).order_by(Task.created_at.desc()).limit(50))
        return [shown(task) for task in found]


@app.post("/tasks", status_code=201)
async def ask(wish: Wish) -> dict[str, Any]:
    async with session_of() as session, session.begin():
        task = Task(queue=wish.queue, text=wish.text)
        session.add(task)
    await run_in_threadpool(hand_over, task.queue, task.id)
    ACCEPTED.labels(task.queue).inc()
    return shown(task)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether this program answers: what it depends on has probes of its own."""
    return {"service": "api", "status": "ok"}


@app.get("/health/overall")
async def overall(response: Response) -> dict[str, Any]:
    """Whether database and broker answer, and when the scheduler last did."""
    parts: dict[str, Any] = {"service": "api", "environment": settings.environment, "pool": settings.db_pool_size}
    try:
        async with session_of() as session:
            run = await session.get(Run, HOUSEKEEPING)
        parts |= {"database": "connected", "housekeeping": run.at if run else None}
    except Exception as error:  # Refused, unknown, too many: each has a class of its own.
        parts |= {"database": type(error).__name__}
    try:
        await run_in_threadpool(lambda: celery.connection_for_read().ensure_connection(max_retries=1, timeout=2))
        parts |= {"broker": "connected"}
    except Exception as error:  # Each transport has its own.
        parts |= {"broker": type(error).__name__}
    if parts["database"] != "connected" or parts["broker"] != "connected":
        response.status_code = 503
    return parts


@app.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


if settings.otel_exporter_otlp_endpoint:
    provider = TracerProvider(resource=Resource.create({"service.name": "api"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    FastAPIInstrumentor.instrument_app(app, excluded_urls="health,metrics")
