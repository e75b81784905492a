#!/usr/bin/env python3
"""Many requests at once, as the browsers of many people would send them, to an address of one's own choice.

    load.py --requests 2000 --connections 20 --connect 127.0.0.1:8443 --ca root.pem GET https://voice.example.com/health
    load.py --until-closed --connections 4 --connect 127.0.0.1:8443 GET https://voice.example.com/health

Each connection is kept for as long as the server keeps it, and opened anew where it has gone. Prints
`{"answers": {"200": 2000}, "errors": {}, "seconds", "slowest", "gap"}` as JSON: how often each status came, and each way of
getting none (with `--body TEXT`, an answer of 2xx without that text is one, "AnotherBody"); what the slowest request took, and the longest time in which no request was answered well, in seconds. With `--until-closed` it goes on until its stdin is closed. Without `--ca`, any certificate will do.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds for each step of an exchange


class Load:
    """What all connections share."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.url = urlsplit(arguments.url)
        self.method, self.count, self.body = arguments.method, arguments.requests, arguments.body.encode()
        host, _, port = arguments.connect.rpartition(":")
        self.address = (host, int(port))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if arguments.ca:
            self.tls.load_verify_locations(arguments.ca)
        else:
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.answers, self.errors, self.slowest, self.gap = Counter(), Counter(), 0.0, 0.0
        self.answered = time.monotonic()  # when a request was last answered well
        self.lock, self.next, self.closed = threading.Lock(), itertools.count(), threading.Event()

    def connect(self) -> HTTPConnection:
        """A new connection."""
        connection = HTTPConnection(self.address[0])
        connection.sock = socket.create_connection(self.address, TIMEOUT)
        if self.url.scheme == "https":
            connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=self.url.hostname)
        return connection

    def work(self) -> None:
        """Sends one request after the other over one connection."""
        connection = None
        while not self.closed.is_set() and (self.count is None or next(self.next) < self.count):
            start = time.monotonic()
            try:
                if connection is None or connection.sock is None:
                    connection = self.connect()
                connection.request(self.method, self.url.path or "/", headers={"Host": self.url.netloc})
                response = connection.getresponse()
                body = response.read()
                outcome, into = str(response.status), self.answers
                if outcome.startswith("2") and self.body not in body:
                    outcome, into = "AnotherBody", self.errors
            except (OSError, HTTPException) as error:
                if connection is not None:
                    connection.close()
                connection = None
                outcome, into = type(error).__name__, self.errors
                time.sleep(0.02)  # or a closed port is asked a thousand times
            with self.lock:
                now = time.monotonic()
                into[outcome] += 1
                self.slowest, self.gap = max(self.slowest, now - start), max(self.gap, now - self.answered)
                if outcome.startswith("2"):
                    self.answered = now


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method")
    parser.add_argument("url")
    parser.add_argument("--connect", metavar="HOST:PORT", required=True, help="where to send them")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--body", metavar="TEXT", default="", help="what stands in the body of a good answer")
    parser.add_argument("--ca", metavar="FILE", help="whose certificates to take")
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--requests", type=int, help="how many of all")
    end.add_argument("--until-closed", action="store_true", help="until stdin is closed")
    arguments = parser.parse_args()
    load = Load(arguments)
    start = time.monotonic()
    workers = [threading.Thread(target=load.work) for _ in range(arguments.connections)]
    for worker in workers:
        worker.start()
    if arguments.until_closed:
        sys.stdin.read()
        load.closed.set()
    for worker in workers:
        worker.join()
    times = {"seconds": time.monotonic() - start, "slowest": load.slowest, "gap": load.gap}
    outcome = {"answers": load.answers, "errors": load.errors}
    json.dump(outcome | {name: round(value, 3) for name, value in times.items()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
