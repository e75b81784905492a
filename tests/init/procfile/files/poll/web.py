import os

import redis
from flask import Flask

app = Flask(__name__)
store = redis.Redis.from_url(os.environ["REDIS_URL"])
salt = os.environ["VOTE_SALT"]


@app.route("/health")
def health():
    return {"votes": store.get("votes")}
