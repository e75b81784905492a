#!/usr/bin/env bash
# The first step of action.yml: puts stackgen on PATH for the steps that follow. A release is downloaded and checked;
# where there is none for the version or the machine, cargo builds it.
#
# Reads VERSION (empty: that of this checkout), RUNNER_TEMP, GITHUB_PATH, GITHUB_OUTPUT; writes the output `version`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${VERSION=}" "${RUNNER_TEMP:?}"
to=$RUNNER_TEMP/stackgen/bin
version=${VERSION#v}

if [[ -n $version && ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]]; then
  # Nothing of it is printed raw: a line of its own would be a command to the runner.
  printf '::error title=stackgen::the input "version" is %q: it has to be a version such as 0.1.0\n' "$version"
  exit 2
fi

code=0
sh "$root/packaging/install.sh" --to "$to" ${version:+--version "$version"} || code=$?
if [[ $code == 3 ]]; then
  if ! command -v cargo >/dev/null; then
    echo "::error title=stackgen::there is no release to download, and no cargo to build it with"
    exit 1
  fi
  # This checkout is what the workflow asked for, unless it named a version.
  from=(--path "$root")
  [[ -z $version ]] || from=("stackgen@$version")
  cargo install --locked --root "$RUNNER_TEMP/stackgen" "${from[@]}"
elif [[ $code != 0 ]]; then
  echo "::error title=stackgen::stackgen was not installed; the log says why"
  exit "$code"
fi

said=$("$to/stackgen" --version)
echo "$to" >>"$GITHUB_PATH"
echo "version=${said#stackgen }" >>"$GITHUB_OUTPUT"
