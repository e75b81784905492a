"""A host full of containers that do not exist: a Docker API on loopback, and an echo server behind each address."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

MARK = "X-Oracle-Request"  # a request header that names the request, here and in the access log

ARRIVAL = ("project", "service", "port", "network", "path")  # what is known of a request that reached a container

SERVER_PORT = re.compile(r".+\.loadbalancer\.server\.port", re.IGNORECASE)


class OracleError(Exception):
    """The oracle itself cannot work; what is wrong with a stack is part of the answer instead."""


def unescaped(text: object) -> str:
    """A value as a container gets it: `docker compose config` writes `$$` for a `$`."""
    return str(text).replace("$$", "$")


@dataclasses.dataclass(frozen=True)
class Container:
    """One running container per service."""

    project: str
    service: str
    name: str
    labels: dict[str, str]
    addresses: dict[str, str]  # by network
    ports: dict[int, int]  # where it listens as declared → where its echo server does
    probed: bool

    def moved_labels(self) -> dict[str, str]:
        """Its labels, with the ports of the echo servers in place of its own."""
        moved = {str(declared): str(port) for declared, port in self.ports.items()}
        return self.labels | {key: moved.get(self.labels[key], self.labels[key]) for key in self.port_labels()}

    def port_labels(self) -> list[str]:
        """The labels that say where it listens."""
        return [key for key in self.labels if SERVER_PORT.fullmatch(key)]

    def inspected(self) -> Json:
        """The answer of `GET /containers/<name>/json`, as far as Traefik reads it."""
        state: Json = {"Status": "running", "Running": True}
        if self.probed:
            state["Health"] = {"Status": "healthy"}
        ports: Json = {f"{port}/tcp": [] for port in self.ports.values()}
        networks = {name: {"NetworkID": name, "IPAddress": address} for name, address in self.addresses.items()}
        return {
            "Id": self.name,
            "Name": f"/{self.name}",
            "Created": "2000-01-01T00:00:00Z",
            "State": state,
            "HostConfig": {"NetworkMode": next(iter(networks), "none")},
            "Config": {"Labels": self.moved_labels(), "ExposedPorts": {port: {} for port in ports}},
            "NetworkSettings": {"Ports": ports, "Networks": networks},
        }

    def listed(self) -> Json:
        """Its entry in the answer of `GET /containers/json`."""
        whole = self.inspected()
        return {
            "Id": self.name,
            "Names": [whole["Name"]],
            "Labels": whole["Config"]["Labels"],
            "State": "running",
            "Status": "Up 1 second",
            "HostConfig": whole["HostConfig"],
            "NetworkSettings": {"Networks": whole["NetworkSettings"]["Networks"]},
        }


class Loopback:
    """Addresses and ports for one run, from a block that two oracles at the same time hardly share."""

    def __init__(self) -> None:
        self.block = f"127.{random.randint(16, 250)}.{random.randint(1, 250)}"
        self.hosts = iter(range(1, 255))
        self.ports = iter(range(20_000, 32_768))  # below the ports that outgoing connections use

    def address(self) -> str:
        """An address that nobody else gets."""
        return f"{self.block}.{next(self.hosts)}"

    def port(self) -> int:
        """A port that is free on all the block's addresses, and that nobody else gets."""
        for port in self.ports:
            with socket.socket() as probe:
                try:
                    probe.bind((f"{self.block}.255", port))
                    return port
                except OSError:
                    continue  # some program of this machine listens on every address
        raise OracleError("no port is free")


def containers_of(project: Json, loopback: Loopback) -> list[Container]:
    """The containers that `up` would make of a project."""
    network_names = {key: (spec or {}).get("name", key) for key, spec in (project.get("networks") or {}).items()}
    found = []
    for service, spec in (project.get("services") or {}).items():
        labels = {key: unescaped(value) for key, value in (spec.get("labels") or {}).items()}
        ports = {int(value) for key, value in labels.items() if SERVER_PORT.fullmatch(key) and value.isdigit()}
        ports |= {int(port["target"]) for port in spec.get("ports") or []}
        ports |= {int(str(port).split("/")[0]) for port in spec.get("expose") or []}
        own = {"com.docker.compose.project": project["name"], "com.docker.compose.service": service}
        container = Container(
            project=project["name"],
            service=service,
            name=spec.get("container_name") or f"{project['name']}-{service}-1",
            labels=labels | own,
            addresses={network_names.get(key, key): loopback.address() for key in spec.get("networks") or {}},
            ports={port: loopback.port() for port in sorted(ports)},
            probed=bool(spec.get("healthcheck")) and not spec["healthcheck"].get("disable"),
        )
        found.append(container)
    return found


class Handler(BaseHTTPRequestHandler):
    """An HTTP/1.1 handler that keeps quiet and answers with JSON."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait for each other's acknowledgement

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stderr is for what a reader should act on."""

    def reply(self, body: object, status: int = 200) -> None:
        """Send one JSON document."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """A server for many connections at once, none of which outlives the program."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def serving(address: str, port: int, handler: type[Handler]) -> Iterator[None]:
    """A server in the background."""
    try:
        server = Server((address, port), handler)
    except OSError as error:
        raise OracleError(f"cannot listen on {address}:{port}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def docker_api(containers: Iterable[Container], over: threading.Event) -> type[Handler]:
    """The few calls of the Docker API that Traefik's provider makes."""
    by_name = {container.name: container for container in containers}

    class DockerApi(Handler):
        def end_headers(self) -> None:
            self.send_header("Api-Version", "1.51")
            super().end_headers()

        def do_GET(self) -> None:
            path = re.sub(r"^/v[\d.]+", "", self.path.split("?")[0])
            inspected = re.fullmatch(r"/containers/([^/]+)/json", path)
            if path == "/_ping":
                self.reply("OK")
            elif path == "/version":
                self.reply({"Version": "28.5.0", "ApiVersion": "1.51", "MinAPIVersion": "1.24", "Os": "linux"})
            elif path == "/containers/json":
                self.reply([container.listed() for container in by_name.values()])
            elif inspected and inspected[1] in by_name:
                self.reply(by_name[inspected[1]].inspected())
            elif path == "/events":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.flush()
                over.wait()
            else:
                self.reply({"message": f"the oracle does not know {path}"}, status=404)

        do_HEAD = do_GET

    return DockerApi


def echo(container: Container, network: str, port: int, seen: dict[str, Json]) -> type[Handler]:
    """The process behind one address of a container: notes what a marked request brought."""

    class Echo(Handler):
        def do_GET(self) -> None:
            arrival = (container.project, container.service, port, network, self.path)
            seen[self.headers.get(MARK, "")] = dict(zip(ARRIVAL, arrival, strict=True))
            self.reply({"service": container.service})

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    return Echo


class Host:
    """The machine that the projects share: its Docker API, its containers, and what they have seen."""

    def __init__(self, projects: list[Json], stack: ExitStack) -> None:
        self.loopback = Loopback()
        self.containers = [found for project in projects for found in containers_of(project, self.loopback)]
        self.seen: dict[str, Json] = {}
        self.over = threading.Event()
        address, port = self.loopback.address(), self.loopback.port()
        self.docker = f"tcp://{address}:{port}"
        stack.enter_context(serving(address, port, docker_api(self.containers, self.over)))
        stack.callback(self.over.set)
        self.public: dict[str, str] = {}  # where an echo server listens → the service it stands for
        for container in self.containers:
            for (network, address), (declared, moved) in itertools.product(
                container.addresses.items(), container.ports.items()
            ):
                self.public[f"{address}:{moved}"] = f"{container.service}:{declared}"
                stack.enter_context(serving(address, moved, echo(container, network, declared, self.seen)))
