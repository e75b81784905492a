#!/bin/sh
# Installs the released stackgen that this script belongs to, for one user, without root:
#
#   curl --proto '=https' --tlsv1.2 -fsSL https://github.com/stackgen/stackgen/releases/latest/download/install.sh | sh
#
#   install.sh [--version VERSION] [--to DIRECTORY]
#
# DIRECTORY is ~/.local/bin unless it is said. STACKGEN_RELEASES is another place with the same files, such as a mirror:
# a URL below which v0.1.0/stackgen-0.1.0-TARGET.tar.gz is found.
#
# Exit codes: 0 installed; 1 not installed; 3 there is no such release, or none for this machine.
set -eu

version=0.1.0
to=${HOME:+$HOME/.local/bin}
releases=${STACKGEN_RELEASES:-https://github.com/stackgen/stackgen/releases/download}

say() { printf 'stackgen: %s\n' "$*" >&2; }

fail() {
  say "$2"
  exit "$1"
}

while [ $# -gt 0 ]; do
  case $1:$# in
    --version:1 | --to:1) fail 1 "$1 needs a value" ;;
    --version:*) version=${2#v} ;;
    --to:*) to=$2 ;;
    *) fail 1 "unknown argument $1; install.sh [--version VERSION] [--to DIRECTORY]" ;;
  esac
  shift 2
done
[ -n "$to" ] || fail 1 "there is no HOME: say where to with --to"
# It becomes part of a URL and of paths.
case $version in
  '' | *[!0-9A-Za-z.+-]*) fail 1 "'$version' is no version; one looks like 0.1.0" ;;
esac

kernel=$(uname -s)
machine=$(uname -m)
case $machine in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
esac
case $kernel in
  Linux) target=$machine-unknown-linux-musl ;;
  Darwin)
    # A shell that is translated says x86_64 on Apple silicon.
    [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" != 1 ] || machine=aarch64
    target=$machine-apple-darwin
    ;;
  # Windows runs x86_64 programs on arm64 too.
  MINGW* | MSYS* | CYGWIN*) target=x86_64-pc-windows-msvc ;;
  *) fail 3 "there is no release for $kernel on $machine; cargo install stackgen builds it" ;;
esac
case $target in
  x86_64-* | aarch64-*) ;;
  *) fail 3 "there is no release for $kernel on $machine; cargo install stackgen builds it" ;;
esac
case $target in
  *-windows-*) suffix=zip program=stackgen.exe ;;
  *) suffix=tar.gz program=stackgen ;;
esac
name=stackgen-$version-$target
archive=$name.$suffix

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Fetches one file of the release into the scratch folder.
fetch() {
  url=$releases/v$version/$1
  if command -v curl >/dev/null; then
    case $releases in
      https:*) protocols='=https' ;;
      *) protocols='=https,http,file' ;;
    esac
    code=0
    status=$(curl --proto "$protocols" --tlsv1.2 --fail --silent --show-error --location --retry 3 \
      --write-out '%{http_code}' --output "$scratch/$1" "$url") || code=$?
    # 37 is a file: URL to nothing.
    case $code:$status in
      0:*) ;;
      *:404 | 37:*) fail 3 "there is no $url" ;;
      *) fail 1 "cannot fetch $url" ;;
    esac
  elif command -v wget >/dev/null; then
    # It does not say reliably why it failed.
    wget -q -O "$scratch/$1" "$url" || fail 1 "cannot fetch $url"
  else
    fail 1 "neither curl nor wget is installed"
  fi
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  elif command -v shasum >/dev/null; then
    shasum -a 256 "$1"
  else
    fail 1 "neither sha256sum nor shasum is installed, so $archive cannot be checked"
  fi
}

fetch "$archive.sha256"
fetch "$archive"
expected=$(cut -d ' ' -f 1 "$scratch/$archive.sha256")
actual=$(sha256 "$scratch/$archive" | cut -d ' ' -f 1)
if [ "$actual" != "$expected" ] || [ ${#actual} -ne 64 ]; then
  fail 1 "$archive has the SHA-256 $actual, and its .sha256 says $expected: nothing was installed"
fi

case $suffix in
  zip) unzip -q "$scratch/$archive" -d "$scratch" ;;
  *) tar -xzf "$scratch/$archive" -C "$scratch" ;;
esac
mkdir -p "$to"
# A rename, so that a stackgen that is running is not overwritten.
cp "$scratch/$name/$program" "$to/.$program.$$"
chmod 755 "$to/.$program.$$"
mv -f "$to/.$program.$$" "$to/$program"
say "installed $("$to/$program" --version) as $to/$program"
case :$PATH: in
  *:"$to":*) ;;
  *) say "$to is not on PATH" ;;
esac
