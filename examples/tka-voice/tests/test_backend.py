"""Run on demand: `docker compose run --rm test-runner`."""

import json
import os
import urllib.error
import urllib.request

import psycopg
import pytest

BACKEND = os.environ["BACKEND_URL"]


def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(BACKEND + path, data=body, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_backend_reaches_what_it_depends_on():
    status, body = ask("GET", "/health")
    health = json.loads(body)
    assert (status, health["database"], health["cache"]) == (200, True, True)


def test_a_call_is_kept():
    call = {"caller": "+15550111", "said": "hello"}
    status, body = ask("POST", "/calls", json.dumps(call).encode())
    assert status == 201
    kept = json.loads(body)
    assert kept in json.loads(ask("GET", "/calls")[1])


@pytest.mark.parametrize("call", [{"caller": "nobody", "said": "hello"}, {"caller": "+15550111", "said": ""}, {}])
def test_what_is_no_call_is_refused(call):
    assert ask("POST", "/calls", json.dumps(call).encode())[0] == 422


def test_an_upload_cannot_leave_its_directory():
    assert ask("PUT", "/uploads/..%2Fmain.py", b"")[0] in (404, 422)


def test_the_database_of_the_tests_is_not_that_of_the_backend():
    with psycopg.connect(os.environ["DATABASE_URL"], client_encoding="utf8") as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("tka_voice_test",)
        connection.execute("CREATE TEMPORARY TABLE calls (id int)")
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (0,)
