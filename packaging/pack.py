#!/usr/bin/env python3
"""Packs a folder into a .tar.gz or a .zip, and writes its SHA-256 beside it.

The same folder gives the same bytes on every machine: members are sorted, belong to nobody, have one of two modes,
and are all as old as SOURCE_DATE_EPOCH says (in seconds; 1980 without it).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import tarfile
import time
import zipfile
from pathlib import Path

# The oldest time that a zip archive can hold.
ZIP_EPOCH = 315532800


def members(folder: Path) -> list[tuple[str, Path, int]]:
    """Every file below the folder: its name in the archive, where it is, its mode."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    mode = lambda path: 0o755 if os.access(path, os.X_OK) else 0o644  # noqa: E731
    return [(path.relative_to(folder.parent).as_posix(), path, mode(path)) for path in files]


def tar(folder: Path, epoch: int) -> bytes:
    """The folder as a compressed tape archive."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path, mode in members(folder):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = path.stat().st_size, mode, epoch
            with path.open("rb") as file:
                archive.addfile(member, file)
    return gzip.compress(plain.getvalue(), mtime=epoch)


def zipped(folder: Path, epoch: int) -> bytes:
    """The folder as a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path, mode in members(folder):
            member = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            member.create_system = 3  # Unix, so that the mode below means something
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, path.read_bytes())
    return packed.getvalue()


def main() -> None:
    """Packs what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what is packed; its name is the one folder in the archive")
    parser.add_argument("archive", type=Path, help="where to: a path that ends in .tar.gz or .zip")
    arguments = parser.parse_args()
    epoch = max(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), ZIP_EPOCH)
    pack = zipped if arguments.archive.suffix == ".zip" else tar
    data = pack(arguments.folder.resolve(), epoch)
    arguments.archive.write_bytes(data)
    sums = arguments.archive.with_name(f"{arguments.archive.name}.sha256")
    sums.write_bytes(f"{hashlib.sha256(data).hexdigest()}  {arguments.archive.name}\n".encode())


if __name__ == "__main__":
    main()
