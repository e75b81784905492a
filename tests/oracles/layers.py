#!/usr/bin/env python3
"""What is in the layers of images: reads `docker save` from stdin.

    docker save shop-web shop-api | layers.py '{"secrets": ["not-a-real-password"], "skip": ["sha256:…"]}'

Prints, by the digest of each layer that is not to be skipped, `{"bytes", "secrets", "packages", "names", "owners"}` as JSON:
the size of its files; the paths of those in which one of the secrets stands, in the name or the text; what is installed for
Node.js and Python; the names of all files; and by owner (`uid:gid`) the paths that are its. What is no layer but speaks of
one (configurations, manifests) is listed under "documents", with the same "secrets". No secret is printed.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from collections import defaultdict
from typing import IO

PACKAGES = (
    re.compile(r"(?:^|/)node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json$"),
    re.compile(r"(?:^|/)site-packages/([^/]+?)-[^/-]+\.dist-info/METADATA$"),
)


def layer(stream: IO[bytes], secrets: list[bytes]) -> dict[str, object]:
    """All that is to be known of one layer."""
    size, found, packages, names = 0, [], set(), set()
    owners: dict[str, list[str]] = defaultdict(list)
    with tarfile.open(fileobj=stream, mode="r|*") as files:
        for entry in files:
            size += entry.size
            owners[f"{entry.uid}:{entry.gid}"].append(entry.name)
            names.add(entry.name.rpartition("/")[2])
            packages |= {match[1].lower() for match in (package.search(entry.name) for package in PACKAGES) if match}
            file = files.extractfile(entry) if entry.isreg() else None
            data = entry.name.encode() + b"\0" + (file.read() if file else entry.linkname.encode())
            if any(secret in data for secret in secrets):
                found.append(entry.name)
    return {
        "bytes": size,
        "secrets": sorted(found),
        "packages": sorted(packages),
        "names": sorted(names),
        "owners": {owner: sorted(paths) for owner, paths in sorted(owners.items())},
    }


def main() -> None:
    """Read the request and the images, print what was found."""
    request = json.loads(sys.argv[1])
    secrets = [secret.encode() for secret in request["secrets"]]
    skip = {digest.removeprefix("sha256:") for digest in request["skip"]}
    layers, documents = {}, []
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as images:
        for blob in images:
            name = blob.name.rpartition("/")[2]
            if not blob.isreg() or name in skip:
                continue
            data = images.extractfile(blob).read()
            # A layer is a tar archive; everything else is JSON.
            if data[:1] in (b"{", b"["):
                documents += [blob.name] if any(secret in data for secret in secrets) else []
            elif data.strip(b"\0"):
                layers[f"sha256:{name}"] = layer(io.BytesIO(data), secrets)
    json.dump({"layers": layers, "documents": {"secrets": documents}}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
