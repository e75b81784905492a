#!/usr/bin/env python3
"""How long stackgen takes beside `docker compose config`, and how that grows with the stack.

    benches/compare.py                        builds the release binary first
    benches/compare.py --stackgen PATH        measures this one
    benches/compare.py --only growth          voice-stack, thousand, growth or sources; may be repeated
    benches/compare.py --rounds 5 --assert    faster; and a missed goal exits with 1

Whole processes are measured, from start to exit. What is compared runs in turns (A B A B …), so that a machine that is
busy or slow is so for both; a ratio is that of the medians. Seconds are printed to be read, never judged: they belong
to the machine. CPU is user and system time. Peak memory is at least Python's own, which every child begins with.

Needs Python 3.10 and nothing else; `docker compose` on PATH for the comparisons, which are left out aloud without it.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SIZES = (100, 1_000, 10_000)
MIB = 1024 * 1024

# Whatever else is set could stand in for a variable of the stack, or name another file.
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT")
ENVIRONMENT = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}

HEAD = """\
[stack]
name = "shop"
environments = ["dev"]
production = false
host = "${DOMAIN_NAME}"

[variables]
DOMAIN_NAME = { default = "localhost", help = "Public host name of the shop" }
LOG_LEVEL   = { default = "info", values = ["debug", "info", "warn"] }

[services.traefik]
kind = "traefik"
version = "3.6"

[services.traefik.entrypoints]
web = { port = 80 }
"""

SERVICE = """
[services.{name}]
image = "nginx:1.29"
port = 8080
publish = false
health = ["nginx", "-t"]
{depends_on}
[services.{name}.env]
WORKER_PROCESSES = 4
LOG_LEVEL = "${{LOG_LEVEL}}"
{token} = {{ secret = true, help = "Signs what {name} sends" }}
{upstream}
[services.{name}.routes]
api = {{ path = "/{name}" }}
"""


SOURCE_SERVICE = """
[services.{name}]
kind = "{kind}"
version = "{version}"
source = "{name}"
port = 3000
{rest}
[services.{name}.env]
"""


def service_name(number: int) -> str:
    """The name of a generated service, from 1."""
    return f"svc-{number:04}"


def manifest(size: int) -> Iterator[str]:
    """A services.toml with a proxy and this many routed services, each referring to an earlier one."""
    yield HEAD
    for number in range(1, size + 1):
        name = service_name(number)
        earlier = service_name(max(1, number // 2))
        yield SERVICE.format(
            name=name,
            token=f"{name.upper().replace('-', '_')}_TOKEN",
            depends_on=f'depends-on = ["{service_name(number - 1)}"]\n' if number % 4 == 0 else "",
            upstream=f'UPSTREAM = "http://${{services.{earlier}.address}}/api"\n' if number > 1 else "",
        )


@dataclasses.dataclass(frozen=True)
class Run:
    """One process, from start to exit."""

    wall: float  # seconds
    cpu: float  # seconds
    memory: int  # bytes, at its peak


def run(command: list[str], folder: Path) -> Run:
    """Runs a program, which must succeed."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace")[-2000:]
            sys.exit(f"`{' '.join(command)}` in {folder} exits with {process.returncode}:\n{said}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


@dataclasses.dataclass
class Subject:
    """Something to measure, again and again."""

    name: str
    command: list[str]
    folder: Callable[[], Path]
    runs: list[Run] = dataclasses.field(default_factory=list)

    def measure(self) -> None:
        """One more run."""
        self.runs.append(run(self.command, self.folder()))

    @property
    def wall(self) -> float:
        """The median in seconds."""
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """The median in seconds."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def memory(self) -> int:
        """The highest of all peaks."""
        return max(run.memory for run in self.runs)


SOURCE_FILES = 10_000

JAVASCRIPT = """\
import {{ createServer }} from "node:http";
import {{ helper{number} }} from "./helpers.js";

// A file as there are many, of which one in ten reads a variable.
export function handle{number}(request, response) {{
  const pattern = /^\\/items\\/(\\d+)$/;
  const match = pattern.exec(request.url ?? "");
  const title = `item ${{match ? match[1] : "none"}} of {number}`;
  if (!match) {{
    response.writeHead(404, {{ "content-type": "text/plain" }}).end("no such item\\n");
    return;
  }}
  response.writeHead(200, {{ "content-type": "application/json" }});
  response.end(JSON.stringify({{ title, items: [1, 2, 3].map((each) => each * {number}) }}));
}}
{read}
"""

PYTHON = """\
\"\"\"A module as there are many, of which one in ten reads a variable.\"\"\"

import json
import os
from dataclasses import dataclass


@dataclass
class Item{number}:
    name: str
    price: float = 0.0

    def total(self, count: int) -> float:
        # The price of all of them, rounded as on a bill.
        return round(self.price * count, 2)


def describe(items: list[Item{number}]) -> str:
    return json.dumps({{item.name: item.total({number}) for item in items}}, indent=2)


{read}
"""


def in_turns(subjects: list[Subject], rounds: int) -> None:
    """Measures all of them side by side, after one run of each that does not count."""
    for subject in subjects:
        subject.measure()
        subject.runs.clear()
    for _ in range(rounds):
        for subject in subjects:
            subject.measure()


class Report:
    """The tables, and whether every goal was met."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def title(self, text: str) -> None:
        """Begins a table."""
        print(f"\n{text}\n{'-' * len(text)}")

    def subject(self, subject: Subject) -> None:
        """The line of what was measured."""
        times = f"{subject.wall * 1e3:9.1f} ms {subject.cpu * 1e3:9.1f} ms CPU"
        print(f"{subject.name:<40} {times} {subject.memory / MIB:7.1f} MiB   {len(subject.runs)} runs")

    def goal(self, what: str, value: str, goal: str, met: bool) -> None:
        """The line of a goal."""
        print(f"  {what:<58} {value:>7}   goal {goal}: {'met' if met else 'MISSED'}")
        if not met:
            self.missed.append(f"{what}: {value}, goal {goal}")

    def ratio(self, ours: Subject, theirs: Subject, at_least: float) -> None:
        """How many times as long the other one takes."""
        ratio = theirs.wall / ours.wall
        what = f"{ours.name} ({theirs.cpu / ours.cpu:.1f}× in CPU)"
        self.goal(what, f"{ratio:.1f}×", f"≥ {at_least:g}×", ratio >= at_least)


@dataclasses.dataclass(frozen=True)
class Bench:
    """What every measurement needs."""

    stackgen: str
    compose: list[str] | None
    scratch: Path
    rounds: int
    report: Report

    def stack(self, size: int) -> Path:
        """A new folder with a generated services.toml."""
        folder = Path(tempfile.mkdtemp(prefix=f"{size}-", dir=self.scratch))
        with (folder / "services.toml").open("w", encoding="utf-8") as file:
            file.writelines(manifest(size))
        return folder

    def emptied(self, folder: Path) -> Callable[[], Path]:
        """The folder, with nothing in it but services.toml each time."""

        def prepare() -> Path:
            for path in folder.iterdir():
                if path.name != "services.toml":
                    path.unlink()
            return folder

        return prepare

    def voice_stack(self) -> None:
        """`check` of all environments of the voice stack beside `config` of one of them."""
        self.report.title("The voice stack")
        # Apart from the repository, whose own templates would be read as a project's.
        folder = Path(tempfile.mkdtemp(prefix="voice-stack-", dir=self.scratch))
        for name in ("services.toml", "services.schema.json", "stackgen.lock"):
            shutil.copy(REPOSITORY / name, folder)
        left_out = shutil.ignore_patterns("node_modules", "dist")
        shutil.copytree(REPOSITORY / "examples/voice-stack", folder / "examples/voice-stack", ignore=left_out)
        check = Subject("stackgen check", [self.stackgen, "check"], lambda: folder)
        subjects = [check]
        if self.compose:
            config = [*self.compose, "-f", "docker-compose.yml", "--env-file", ".env.example", "config", "-q"]
            subjects.append(Subject("docker compose config -q", config, lambda: folder / "examples/voice-stack"))
        in_turns(subjects, self.rounds * 3)
        for subject in subjects:
            self.report.subject(subject)
        if self.compose:
            self.report.ratio(check, subjects[1], at_least=15)

    def thousand(self) -> None:
        """1,000 services: rendering them all, rendering nothing, and Compose that only reads them."""
        self.report.title("1,000 services")
        rendered = self.stack(1_000)
        run([self.stackgen, "render", "-q"], rendered)
        first = Subject(
            "stackgen render, all to be written", [self.stackgen, "render", "-q"], self.emptied(self.stack(1_000))
        )
        again = Subject("stackgen render, nothing to be written", [self.stackgen, "render", "-q"], lambda: rendered)
        check = Subject("stackgen check", [self.stackgen, "check", "-q"], lambda: rendered)
        subjects = [first, again, check]
        if self.compose:
            config = [*self.compose, "--env-file", ".env.example", "config", "-q"]
            subjects.append(Subject("docker compose config -q", config, lambda: rendered))
        in_turns(subjects, self.rounds)
        for subject in subjects:
            self.report.subject(subject)
        if self.compose:
            self.report.ratio(first, subjects[-1], at_least=10)
            self.report.ratio(again, subjects[-1], at_least=20)
        peak = max(first.memory, again.memory, check.memory) / MIB
        self.report.goal("peak memory", f"{peak:.0f} MiB", "≤ 100 MiB", peak <= 100)

    def sources(self) -> None:
        """What it costs to look at 10,000 source files, with one variable in each tenth of them."""
        self.report.title(f"{SOURCE_FILES:,} source files")
        folders = {}
        for count in (0, SOURCE_FILES):
            folder = Path(tempfile.mkdtemp(prefix=f"sources-{count}-", dir=self.scratch))
            folders[count] = folder
            read = [f"NAME_{number}" for number in range(0, count, 10)]
            services = "".join(
                SOURCE_SERVICE.format(name=name, kind=kind, version=version, rest=rest)
                + "".join(f'{variable} = "x"\n' for variable in read)
                for name, kind, version, rest in (("web", "node", "22", ""), ("api", "python", "3.13", 'command = "python -m api"\n'))
            )
            (folder / "services.toml").write_text(f'[stack]\nname = "shop"\n{services}', encoding="utf-8")
            for name in ("web", "api"):
                (folder / name / "src").mkdir(parents=True)
            (folder / "web/package.json").write_text('{ "main": "src/0/file_0.js" }', encoding="utf-8")
            (folder / "web/package-lock.json").write_text('{ "lockfileVersion": 3 }', encoding="utf-8")
            (folder / "api/requirements.txt").write_text("", encoding="utf-8")
            for number in range(count):
                name, suffix, text = ("web", "js", JAVASCRIPT) if number % 2 == 0 else ("api", "py", PYTHON)
                spelling = "run(process.env.{0});" if suffix == "js" else 'NAME = os.environ["{0}"]'
                line = spelling.format(f"NAME_{number - number % 10}") if number % 10 < 2 else ""
                path = folder / name / "src" / str(number // 100) / f"file_{number}.{suffix}"
                path.parent.mkdir(exist_ok=True)
                path.write_text(text.format(number=number, read=line), encoding="utf-8")
        subjects = [
            Subject(f"stackgen check, {count:,} files", [self.stackgen, "check", "-q"], lambda folder=folder: folder)
            for count, folder in folders.items()
        ]
        for folder in folders.values():
            run([self.stackgen, "render", "-q"], folder)
        in_turns(subjects, self.rounds)
        for subject in subjects:
            self.report.subject(subject)
        seconds = subjects[1].wall - subjects[0].wall
        self.report.goal(f"{SOURCE_FILES:,} files more", f"{seconds:.2f} s", "< 1 s", seconds < 1)

    def growth(self) -> None:
        """What one service costs as their number grows."""
        self.report.title("From 100 to 10,000 services: stackgen render, all to be written")
        subjects = [
            Subject(f"{size:,} services", [self.stackgen, "render", "-q"], self.emptied(self.stack(size)))
            for size in SIZES
        ]
        in_turns(subjects, self.rounds)
        for size, subject in zip(SIZES, subjects, strict=True):
            self.report.subject(subject)
            per_service = f"{subject.wall / size * 1e6:.0f} µs, {subject.cpu / size * 1e6:.0f} µs CPU"
            print(f"  {'each service':<38} {per_service}")
        for (less, few), (more, many) in [
            ((SIZES[0], subjects[0]), (SIZES[2], subjects[2])),
            ((SIZES[1], subjects[1]), (SIZES[2], subjects[2])),
        ]:
            growth = (many.wall / more) / (few.wall / less) - 1
            cpu = (many.cpu / more) / (few.cpu / less) - 1
            what = f"{less:,} → {more:,}, beyond linear ({cpu:+.0%} CPU)"
            self.report.goal(what, f"{growth:+.0%}", "≤ +30%", growth <= 0.30)


def release_binary() -> str:
    """Builds stackgen as it is released."""
    target = os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=REPOSITORY, check=True)
    return str(Path(target).resolve() / "release" / f"stackgen{'.exe' if os.name == 'nt' else ''}")


def compose() -> list[str] | None:
    """`docker compose`, where it runs."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    print("`docker compose` does not run here: nothing is compared with it", file=sys.stderr)
    return None


def main() -> None:
    """Measures and prints."""
    parts = {"voice-stack": Bench.voice_stack, "thousand": Bench.thousand, "growth": Bench.growth, "sources": Bench.sources}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stackgen", metavar="PATH", help="measure this binary instead of building one")
    parser.add_argument("--only", action="append", choices=parts, help="measure only this; may be repeated")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is run [default: 9]")
    parser.add_argument("--assert", action="store_true", dest="strict", help="exit with 1 when a goal is missed")
    arguments = parser.parse_args()
    stackgen = str(Path(arguments.stackgen).resolve()) if arguments.stackgen else release_binary()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="stackgen-bench-") as scratch:
        bench = Bench(stackgen, compose(), Path(scratch), arguments.rounds, report)
        for name, measure in parts.items():
            if not arguments.only or name in arguments.only:
                measure(bench)
    if report.missed:
        print("\nmissed:", *report.missed, sep="\n  ")
        if arguments.strict:
            sys.exit(1)


if __name__ == "__main__":
    main()
