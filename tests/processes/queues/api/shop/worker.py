"""Work that somebody else does."""

import os
import time

import redis
from celery import Celery

VERSION = 1

app = Celery("shop", broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])
app.conf.broker_connection_retry_on_startup = True
app.conf.beat_schedule = {"tick": {"task": "shop.worker.tick", "schedule": 2.0}}

# Numbered beside those of the broker and the results.
notes = redis.Redis.from_url(os.environ["CELERY_BROKER_URL"].replace("/0", "/2"))


@app.task(bind=True)
def who(self) -> dict:
    """Who works on it."""
    queue = self.request.delivery_info["routing_key"]
    return {"queue": queue, "worker": self.request.hostname, "user": os.getuid(), "version": VERSION}


@app.task
def tick() -> None:
    """Counts what the scheduler sends."""
    notes.incr("ticks")


@app.task
def slow(seconds: float) -> None:
    """Says when it has ended."""
    notes.set("slow", "begun")
    time.sleep(seconds)
    notes.set("slow", "ended")
