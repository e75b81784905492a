import os

from flask import Flask

app = Flask(__name__)
database, cache, stripe = os.environ["DATABASE_URL"], os.environ["CACHE_URL"], os.environ["STRIPE_KEY"]
sender = os.environ.get("MAIL_FROM", "nobody@example.com")


@app.get("/healthz")
def healthz():
    return {"flag": os.environ.get("FLAG")}
