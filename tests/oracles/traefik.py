#!/usr/bin/env python3
"""What the real Traefik makes of rendered Compose files, without starting a container.

    docker compose config --format json >dev.json
    echo '[{"method": "GET", "url": "https://localhost/health"}]' | traefik.py dev.json [prod.json …]

Every file is one project. Each project whose services include a Traefik image gets a Traefik of its own (the program
on PATH) with that service's own flags; all of them watch one Docker API on loopback, which shows the containers of
*every* file, as the engine of a shared host would. Behind each container's address an echo server notes what arrives.
The answer on stdout:

    {"traefik": VERSION,
     "proxies": {PROJECT: {
        "entrypoints": {NAME: {"port", "published"}}, what the flags and the published ports say
        "routers", "middlewares", "services": {NAME: {…, "status", "error"?}} of the API, but for Traefik's own,
        "log":     lines at WARN and above: {"level", "message", …},
        "ignored": the known noise among them, each with its "reason",
        "exit":    null, or how Traefik ended when it should have gone on,
        "requests": [{"method", "url", "status", "location", "router", "error", "headers",
                      "project", "service", "port", "network", "path"}] }}}

Each request goes to every proxy, unless it names one in "project". A URL's port is looked for among the published
ports, then among the entry points' own; without one it is the scheme's. `router` is from the access log; the last five
say which container answered and what it saw, and are null where none did.

Changed for Traefik's eyes, and changed back in the answer: every port, so that nothing else on the machine is in the
way and no privilege is needed. Changed in the flags: certificates are asked of a port where nobody listens, log and
access log go to files. Needs Linux, whose whole 127.0.0.0/8 is loopback.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

sys.dont_write_bytecode = True  # the import of a neighbour leaves nothing behind

from docker_host import ARRIVAL, MARK, Host, Json, OracleError, unescaped  # noqa: E402
from request import INSECURE, default_port, exchange  # noqa: E402

PATIENCE = 15.0  # seconds for Traefik to start, to read the containers, and to write its access log
NO_ACME = "https://127.0.0.1:1/no-certificate-authority"

NOISE = {
    NO_ACME: "the certificate authority was replaced by a port where nobody listens",
    "aliasHeadersStrategy is not configured": "Traefik 3.7 says it of every entry point; 3.6 does not know the option",
    "Traefik can reject some encoded characters": "said at every start, whatever the configuration",
}

# Flags that would hide what is to be seen; each ends here or goes on after a dot.
REPLACED = re.compile(
    r"--(providers\.docker\.endpoint|log|accesslog|api\.insecure|global\.(checknewversion|sendanonymoususage)"
    r"|certificatesresolvers\.[^.]+\.acme\.(caserver|storage))(?=[.=]|$)",
    re.IGNORECASE,
)
ENTRY_POINT = re.compile(r"--entrypoints\.([^.=]+)\.address=.*?(\d+)(/\w+)?$", re.IGNORECASE)
RESOLVER = re.compile(r"--certificatesresolvers\.([^.=]+)\.acme\b", re.IGNORECASE)


def is_proxy(service: Json) -> bool:
    """Whether the service runs Traefik: `traefik`, `docker.io/library/traefik:v3.6`, `traefik@sha256:…`."""
    image = str(service.get("image", "")).split("@")[0].rsplit("/", 1)[-1]
    return image.split(":")[0] == "traefik"


@dataclasses.dataclass(frozen=True)
class EntryPoint:
    """Where a proxy listens: as its flags say, as the host publishes it, and for the time of this run."""

    port: int
    published: list[int]
    moved: int


class Proxy:
    """A Traefik with a project's own flags."""

    def __init__(self, project: Json, service: Json, host: Host, work: pathlib.Path) -> None:
        self.project: str = project["name"]
        self.host = host
        self.address = host.loopback.address()
        self.work = work
        self.asked: dict[str, Future[Json]] = {}
        self.networks = {(project["networks"][key] or {}).get("name", key) for key in service.get("networks") or {}}
        self.entrypoints: dict[str, EntryPoint] = {}
        self.api = host.loopback.port()
        self.flags = list(self.translated(service)) + [
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            f"--providers.docker.endpoint={host.docker}",
            "--api=true",
            "--api.insecure=true",
            f"--entrypoints.traefik.address={self.address}:{self.api}",
            "--log.level=DEBUG",  # it says when the containers have been read
            "--log.format=json",
            "--accesslog=true",
            "--accesslog.format=json",
            f"--accesslog.filepath={work / 'access.json'}",
            "--accesslog.addinternals=true",  # redirects are routers of Traefik's own
            f"--accesslog.fields.headers.names.{MARK}=keep",
        ]

    def translated(self, service: Json) -> Iterator[str]:
        """The service's flags, fit for this machine."""
        published: dict[int, list[int]] = {}
        for port in service.get("ports") or []:
            if str(port.get("published", "")).isdigit():
                published.setdefault(int(port["target"]), []).append(int(port["published"]))
        resolvers = []
        for flag in map(unescaped, service.get("command") or []):
            if listener := ENTRY_POINT.match(flag):
                name, port = listener[1], int(listener[2])
                self.entrypoints[name] = EntryPoint(port, published.get(port, []), self.host.loopback.port())
                yield f"--entrypoints.{name}.address={self.address}:{self.entrypoints[name].moved}{listener[3] or ''}"
            elif flag != "traefik" and not REPLACED.match(flag):
                yield flag
            if (resolver := RESOLVER.match(flag)) and resolver[1] not in resolvers:
                resolvers.append(resolver[1])
        for name in resolvers:
            yield f"--certificatesresolvers.{name}.acme.caserver={NO_ACME}"
            yield f"--certificatesresolvers.{name}.acme.storage={self.work / f'{name}.json'}"

    @contextmanager
    def running(self, traefik: str) -> Iterator[None]:
        """Traefik runs inside, with nothing of this process's environment and nothing of its home."""
        with (self.work / "log").open("wb") as log:
            command = [traefik, *self.flags]
            environment = {"HOME": str(self.work)}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.work, env=environment)
            try:
                yield
            finally:
                self.process.kill()
                self.process.wait()

    def wait_until_read(self) -> None:
        """Return once the labels of all containers are in force, or Traefik has ended."""
        deadline = time.monotonic() + PATIENCE
        last: Json | None = None
        while self.process.poll() is None:
            read = self.configuration()
            now = self.raw_data() if read is not None else None
            if now is not None and now == last and (foreign(now) or not any(read or ())):
                return
            last = now
            if time.monotonic() > deadline:
                raise OracleError(f"{self.project}: Traefik has not read the containers in {PATIENCE:.0f} s")
            time.sleep(0.05)

    def configuration(self) -> list[Json] | None:
        """What the Docker provider made of the labels of each protocol, once the log has it; perhaps nothing."""
        for line in self.log_lines():
            if line["message"] == "Configuration received" and line.get("providerName") == "docker":
                return [line["config"].get(protocol) or {} for protocol in ("http", "tcp", "udp")]
        return None

    def raw_data(self) -> Json | None:
        """All that the API knows, or nothing as long as it is not there."""
        connection = HTTPConnection(self.address, self.api, timeout=5)
        try:
            connection.request("GET", "/api/rawdata")
            response = connection.getresponse()
            text = response.read().decode()
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()
        if response.status != 200:
            return None  # it listens before its first configuration is in force
        for echo_server, service in self.host.public.items():
            text = text.replace(echo_server, service)
        data: Json = json.loads(text)
        return data

    def log_lines(self) -> Iterator[Json]:
        """Traefik's log; what it says before the log is set up is no JSON and counts as an error."""
        for line in (self.work / "log").read_text(errors="replace").splitlines():
            try:
                parsed = json.loads(line)
            except ValueError:
                parsed = {"level": "error", "message": line}
            yield {"message": "", **parsed}

    def entrypoint_for(self, url: str) -> EntryPoint | None:
        """The entry point that a URL's port leads to."""
        port = default_port(url)
        every = self.entrypoints.values()
        return next((e for e in every if port in e.published), None) or next((e for e in every if e.port == port), None)

    def ask(self, mark: str, request: Json) -> Json:
        """Send one request; what became of it behind the proxy is added by `report`."""
        answer: Json = {"method": request["method"], "url": request["url"]}
        answer |= dict.fromkeys(("status", "location", "router", "error", *ARRIVAL)) | {"headers": {}}
        entrypoint = self.entrypoint_for(request["url"])
        if entrypoint is None:
            return answer | {"error": "no entry point listens on this port"}
        try:
            headers = {MARK: mark} | (request.get("headers") or {})
            address = (self.address, entrypoint.moved)
            got = exchange(address, request["method"], request["url"], headers, b"", INSECURE)
        except (OSError, HTTPException, ValueError) as error:
            return answer | {"error": f"{type(error).__name__}: {error}"}
        location = self.public(got.headers.get("location"))
        return answer | {"status": got.status, "location": location, "headers": got.headers}

    def public(self, location: str | None) -> str | None:
        """A redirect to an entry point that was moved, as it reads where it was not."""
        for entrypoint in self.entrypoints.values():
            usual = {80: "http", 443: "https"}.get(entrypoint.port)
            port = "" if location and urlsplit(location).scheme == usual else f":{entrypoint.port}"
            location = location and re.sub(rf"^(\w+://[^/]*):{entrypoint.moved}(?=/|$)", rf"\1{port}", location)
        return location

    def routers_by_mark(self, expected: set[str]) -> dict[str, str | None]:
        """The router of each request from the access log, which Traefik writes after it has answered."""
        deadline = time.monotonic() + PATIENCE
        while True:
            text = (self.work / "access.json").read_text() if expected else ""
            lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            found = {line.get(f"request_{MARK}", ""): line.get("RouterName") for line in lines}
            if expected <= found.keys():
                return found
            if time.monotonic() > deadline:
                raise OracleError(f"{self.project}: {len(expected - found.keys())} requests not in the access log")
            time.sleep(0.02)

    def report(self) -> Json:
        """All that is known about this proxy once it has answered everything."""
        answers = {mark: future.result() for mark, future in self.asked.items()}
        routers = self.routers_by_mark({mark for mark, answer in answers.items() if is_logged(answer)})
        for mark, answer in answers.items():
            answer |= {"router": routers.get(mark)} | self.host.seen.get(mark, {})
            if answer["network"] is not None and answer["network"] not in self.networks:
                answer["error"] = f"the proxy is not attached to {answer['network']} and could not have reached it"
        loud = [line for line in self.log_lines() if line.get("level") in ("warn", "error", "fatal", "panic")]
        known = [(line, next((why for sign, why in NOISE.items() if sign in json.dumps(line)), None)) for line in loud]
        data = self.raw_data() if self.process.poll() is None else None
        nothing: Json = {"routers": {}, "middlewares": {}, "services": {}}
        return {
            "exit": self.process.poll(),
            "entrypoints": {
                name: {"port": entrypoint.port, "published": entrypoint.published}
                for name, entrypoint in self.entrypoints.items()
            },
            **(nothing | foreign(data or {})),
            "log": [line for line, reason in known if not reason],
            "ignored": [line | {"reason": reason} for line, reason in known if reason],
            "requests": list(answers.values()),
        }


def is_logged(answer: Json) -> bool:
    """Whether the access log has it: what Go cannot read, it refuses with a closed connection and no log."""
    return bool(answer["status"]) and not (answer["status"] == 400 and answer["headers"].get("connection") == "close")


def foreign(data: Json) -> dict[str, Json]:
    """Routers, middlewares and services of HTTP, TCP and UDP, without those that Traefik makes itself."""
    found: dict[str, Json] = {}
    for kind in ("routers", "middlewares", "services"):
        every = [data.get(key) or {} for key in (kind, f"tcp{kind.capitalize()}", f"udp{kind.capitalize()}")]
        own = {name: spec for specs in every for name, spec in specs.items() if not name.endswith("@internal")}
        if own:
            found[kind] = own
    return found


def consult(projects: list[Json], requests: list[Json], traefik: str, work: pathlib.Path) -> Json:
    """Start everything, ask everything, stop everything."""
    with ExitStack() as stack:
        host = Host(projects, stack)
        proxies = []
        for project in projects:
            for service in filter(is_proxy, (project.get("services") or {}).values()):
                home = work / project["name"]
                home.mkdir()  # fails for a second proxy in a project, whose answers would mix
                proxies.append(Proxy(project, service, host, home))
                stack.enter_context(proxies[-1].running(traefik))
        for proxy in proxies:
            proxy.wait_until_read()
        pool = ThreadPoolExecutor(16)
        stack.callback(pool.shutdown, cancel_futures=True)
        for number, request in enumerate(requests):
            for proxy in proxies:
                if request.get("project", proxy.project) == proxy.project:
                    mark = f"{proxy.project}-{number}"
                    proxy.asked[mark] = pool.submit(proxy.ask, mark, request)
        return {proxy.project: proxy.report() for proxy in proxies}


def main() -> None:
    """Read the arguments, answer, clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", type=pathlib.Path, help="output of `docker compose config --format json`")
    arguments = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))  # leaves every `with` properly
    traefik = shutil.which("traefik")
    if traefik is None:
        raise OracleError("traefik is not on PATH")
    version = subprocess.run([traefik, "version"], capture_output=True, text=True, check=True).stdout
    projects = [json.loads(path.read_text()) for path in arguments.config]
    requests = json.loads(sys.stdin.read() or "[]")
    with tempfile.TemporaryDirectory(prefix="traefik-oracle-") as work:
        proxies = consult(projects, requests, traefik, pathlib.Path(work))
    found = re.search(r"Version:\s+(\S+)", version)
    json.dump({"traefik": found[1] if found else None, "proxies": proxies}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    try:
        main()
    except OracleError as error:
        sys.exit(f"traefik.py: {error}")
