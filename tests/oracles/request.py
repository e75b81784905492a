#!/usr/bin/env python3
"""One HTTP request as a client would send it, to an address of one's own choice.

    request.py --insecure --connect 127.0.0.1:8443 GET https://voice.example.com/health
    request.py --sign 'x-webhook-signature: the-secret' --data '{"a": 1}' POST http://localhost/webhook

Prints `{"status", "headers", "body"}` as JSON; no redirect is followed, and the path goes out exactly as given. With
`--connect`, the URL's host is still the server name that TLS asks for and the Host header. `--sign` adds the
HMAC-SHA256 of the body's bytes, in hex. With `--ca FILE`, only a certificate of that authority will do, and its serial number
and issuer are printed as "certificate". Exits 1 with one line on stderr when there is no answer.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import hmac
import json
import re
import socket
import ssl
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds for each step of an exchange

INSECURE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
INSECURE.check_hostname, INSECURE.verify_mode = False, ssl.CERT_NONE


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: str
    certificate: dict[str, str] | None = None


def default_port(url: str) -> int:
    """The port that a URL means: its own or its scheme's."""
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def exchange(
    address: tuple[str, int], method: str, url: str, headers: dict[str, str], body: bytes, tls: ssl.SSLContext
) -> Answer:
    """Send one request to an address and read the answer; OSError, HTTPException or ValueError where there is none."""
    parts = urlsplit(url)
    target = re.sub(r"^\w+://[^/?#]*|#.*$", "", url)
    certificate = None
    connection = HTTPConnection(address[0])
    connection.sock = socket.create_connection(address, TIMEOUT)
    try:
        if parts.scheme == "https":
            name = (parts.hostname or "").rstrip(".")  # as every browser does; with the dot it is no server name
            connection.sock = tls.wrap_socket(connection.sock, server_hostname=name)
            certificate = checked(connection.sock)
        slash = "" if target.startswith("/") else "/"
        connection.putrequest(method, slash + target, skip_host=True, skip_accept_encoding=True)
        for key, value in ({"Host": parts.netloc, "Content-Length": str(len(body))} | headers).items():
            connection.putheader(key, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    finally:
        connection.close()
    headers = {key.lower(): value for key, value in response.getheaders()}
    return Answer(response.status, headers, text, certificate)


def checked(connection: ssl.SSLSocket) -> dict[str, str] | None:
    """The certificate of a connection; none where nobody checks it."""
    certificate = connection.getpeercert()
    if not certificate:
        return None
    issuer = {key: value for parts in certificate["issuer"] for key, value in parts}
    return {"serial": certificate["serialNumber"], "issuer": issuer.get("commonName", "")}


def header(text: str) -> tuple[str, str]:
    """`Name: value`, taken apart."""
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} has no colon")
    return name.strip(), value.strip()


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method")
    parser.add_argument("url")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--insecure", action="store_true", help="take any certificate")
    trust.add_argument("--ca", metavar="FILE", help="take certificates of this authority alone")
    parser.add_argument("--connect", metavar="HOST:PORT", help="where to send it, whatever the URL says")
    parser.add_argument("--header", metavar="'NAME: VALUE'", action="append", type=header, default=[])
    parser.add_argument("--data", default="", help="the body")
    parser.add_argument("--sign", metavar="'NAME: SECRET'", type=header, help="the header for the body's HMAC")
    arguments = parser.parse_args()
    headers, body = dict(arguments.header), arguments.data.encode()
    if arguments.sign:
        name, secret = arguments.sign
        headers[name] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    host, _, port = (
        arguments.connect or f"{urlsplit(arguments.url).hostname}:{default_port(arguments.url)}"
    ).rpartition(":")
    tls = INSECURE if arguments.insecure else ssl.create_default_context(cafile=arguments.ca)
    try:
        answer = exchange((host, int(port)), arguments.method, arguments.url, headers, body, tls)
    except (OSError, HTTPException, ValueError) as error:
        sys.exit(f"request.py: {arguments.method} {arguments.url}: {type(error).__name__}: {error}")
    json.dump(dataclasses.asdict(answer), sys.stdout)
    print()


if __name__ == "__main__":
    main()
