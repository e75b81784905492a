#!/bin/sh
# Removes what conversations have left.
set -eu
find /cursor -type f -mtime +30 -delete
