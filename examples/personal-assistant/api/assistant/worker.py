"""The Celery application: a queue for each sort of work, and what comes back by itself."""

import asyncio
import time
from uuid import UUID

from celery import Celery, Task

from assistant import database
from assistant.settings import settings

QUEUES = ("ai", "sms", "grocery")
HOUSEKEEPING = "housekeeping"

app = Celery(
    "assistant",
    broker=settings.celery_broker_url.get_secret_value(),
    backend=settings.celery_result_backend.get_secret_value(),
)
app.conf.update(
    broker_connection_retry_on_startup=True,
    result_expires=3600,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    beat_schedule={HOUSEKEEPING: {"task": HOUSEKEEPING, "schedule": 10.0, "options": {"queue": "grocery"}}},
)


@app.task(name="see_to", bind=True)
def see_to(self: Task, task: str) -> None:
    """Does what a task asks for. Here it only takes its time."""
    worker = self.request.hostname or "nobody"
    asyncio.run(database.advance(UUID(task), "running", worker))
    time.sleep(0.2)
    asyncio.run(database.advance(UUID(task), "done", worker))


@app.task(name=HOUSEKEEPING)
def housekeeping() -> None:
    """Forgets what is long done."""
    asyncio.run(database.ran(HOUSEKEEPING))


def hand_over(queue: str, task: UUID) -> None:
    """Gives a task to whoever works on this queue."""
    see_to.apply_async([str(task)], queue=queue)
