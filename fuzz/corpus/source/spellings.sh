#!/bin/sh
set -eu
: "${A:?needed}" "${B:-x}"
for C in "$@"; do echo "$C $D '$NOT'"; done
cat <<EOF
$E
EOF
