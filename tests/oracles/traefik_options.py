#!/usr/bin/env python3
"""Every option of Traefik's dynamic configuration, read from the types in the program itself.

    traefik_options.py /usr/local/bin/traefik

A line per option: its path in lower case, with `*` for free names, its type, and `bare` where the option may stand alone in
a label or `ignored` where labels do not reach it. Go keeps the types of what it reflects on in the program, with the tags of
their fields: package `internal/abi` says in which form. Understood are 64-bit ELF programs that are not relocated.
"""

from __future__ import annotations

import mmap
import re
import struct
import sys
from collections.abc import Iterator

KINDS = {
    **dict.fromkeys(range(2, 12), "int"),
    1: "bool",
    20: "interface",
    21: "map",
    22: "pointer",
    23: "slice",
    24: "text",
    25: "struct",
}


class Program:
    """The types of a Go program."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (table,) = struct.unpack_from("<Q", self.bytes, 32)
        size, count = struct.unpack_from("<HH", self.bytes, 54)
        headers = [struct.unpack_from("<IIQQQQQQ", self.bytes, table + index * size) for index in range(count)]
        self.segments = [(h[3], h[2], h[5]) for h in headers if h[0] == 1]

    def offset(self, address: int) -> int:
        """Where in the file an address lies."""
        for start, offset, size in self.segments:
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"no such address: {address:#x}")

    def addresses(self, pattern: bytes) -> Iterator[int]:
        """The addresses at which these bytes lie."""
        for start, offset, size in self.segments:
            at = self.bytes.find(pattern, offset, offset + size)
            while at >= 0:
                yield at - offset + start
                at = self.bytes.find(pattern, at + 1, offset + size)

    def word(self, address: int) -> int:
        """A pointer or a length."""
        value: int = struct.unpack_from("<Q", self.bytes, self.offset(address))[0]
        return value

    def text(self, at: int) -> tuple[str, int]:
        """A text with its length before it, and where it ends."""
        length = shift = 0
        while True:
            byte = self.bytes[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return self.bytes[at : at + length].decode(errors="replace"), at + length

    def name(self, address: int) -> tuple[str, str]:
        """The name of a field, and its tag."""
        at = self.offset(address)
        flags = self.bytes[at]
        name, end = self.text(at + 1)
        return name, self.text(end)[0] if flags & 2 else ""

    def kind(self, address: int) -> str:
        """What sort of type it is."""
        return KINDS.get(self.bytes[self.offset(address) + 23] & 31, "other")

    def fields(self, address: int) -> Iterator[tuple[str, str, int]]:
        """The exported fields of a struct with those of its embedded ones: name, tag and type."""
        start, count = self.word(address + 56), self.word(address + 64)
        for field in range(start, start + 24 * count, 24):
            at = self.offset(self.word(field))
            name, tag = self.name(self.word(field))
            if self.bytes[at] & 8:
                yield from self.fields(self.word(field + 8))
            elif self.bytes[at] & 1:
                yield name, tag, self.word(field + 8)

    def structs(self, names: list[str]) -> Iterator[int]:
        """The structs whose fields have these names."""
        first = names[0].encode()
        for name in self.addresses(bytes([len(first)]) + first):
            for field in self.addresses(struct.pack("<Q", name - 1)):
                for header in self.addresses(struct.pack("<Q", field)):
                    try:
                        if self.kind(header - 56) == "struct":
                            if [found for found, _, _ in self.fields(header - 56)] == names:
                                yield header - 56
                    except (ValueError, IndexError, struct.error):
                        continue


class Options:
    """The options below a struct."""

    def __init__(self, program: Program, durations: set[int]) -> None:
        self.program = program
        self.durations = durations

    def named(self, address: int) -> str:
        """The type as the table calls it."""
        kind = self.program.kind(address)
        if address in self.durations:
            return "duration"
        if kind == "pointer":
            return self.named(self.program.word(address + 48))
        if kind == "slice":
            return "tables" if self.inner(self.program.word(address + 48)) else "list"
        if kind == "map":
            value = self.named(self.program.word(address + 56))
            return "free" if value == "interface" else f"map of {value}"
        return "table" if kind == "struct" else kind

    def inner(self, address: int) -> int | None:
        """The struct that a type is, or points at."""
        if self.program.kind(address) == "pointer":
            return self.inner(self.program.word(address + 48))
        return address if self.program.kind(address) == "struct" else None

    def below(self, address: int, prefix: str) -> Iterator[str]:
        """A line for every option below a struct."""
        for name, tag, kind in self.program.fields(address):
            one = re.search(r'label-slice-as-struct:"(\w+)"', tag)
            label = re.search(r'\blabel:"([^"]*)"', tag)
            path = prefix + (one[1] if one else name).lower()
            special = {"-": " ignored", "allowEmpty": " bare"}.get(label[1] if label else "", "")
            named = "one table" if one else self.named(kind)
            yield f"{path} {named}{special if special != ' bare' or named == 'table' else ''}"
            while kind and self.program.kind(kind) in ("map", "slice", "pointer"):
                is_map = self.program.kind(kind) == "map"
                path += ".*" if is_map else ""
                kind = self.program.word(kind + (56 if is_map else 48))
            if self.program.kind(kind) == "struct":
                yield from self.below(kind, path + ".")


def main() -> None:
    """Print every option."""
    program = Program(sys.argv[1])
    roots = list(program.structs(["HTTP", "TCP", "UDP", "TLS"]))
    if not roots:
        sys.exit("traefik_options.py: the program has no type of the dynamic configuration")
    # The only integers among the timeouts are durations.
    timeouts = program.structs(["FailureWindow", "MaxFailedAttempts"])
    durations = {kind for struct in timeouts for name, _, kind in program.fields(struct) if name == "FailureWindow"}
    for line in Options(program, durations).below(roots[0], ""):
        print(line)


if __name__ == "__main__":
    main()
