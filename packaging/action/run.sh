#!/usr/bin/env bash
# The second step of action.yml: runs stackgen from the root of the checkout, where GitHub looks for the files that
# annotations and SARIF name.
#
# Reads COMMAND (check or render), DIRECTORY, ARGS (words, split at white space), SARIF (a path, or empty),
# GITHUB_OUTPUT, GITHUB_STEP_SUMMARY; writes the output `sarif`. Exits as stackgen does.
set -euo pipefail

: "${COMMAND:?}" "${DIRECTORY:?}" "${ARGS=}" "${SARIF=}"

# What is wrong with an input. Nothing of a value is printed raw: a line of its own would be a command to the runner.
wrong() {
  printf '::error title=stackgen::the input "%s" is %q: it has to be %s\n' "$@"
  exit 2
}

[[ $COMMAND == check || $COMMAND == render ]] || wrong command "$COMMAND" "check or render"
[[ $SARIF != *$'\n'* ]] || wrong sarif "$SARIF" "one path"
[[ -z $SARIF || $COMMAND == check ]] || wrong sarif "$SARIF" "left out with the command render"

# Words without expansion: `*` stays `*`. Read up to a byte that is not there, `read` fails, and has read all the same.
words=()
IFS=$' \t\r\n' read -r -d '' -a words <<<"$ARGS" || true

# The odd expansion is for the bash of macOS, to which an empty list is an unset one.
run() { stackgen -C "$DIRECTORY" "$@" ${words[@]+"${words[@]}"}; }

code=0
run "$COMMAND" --format github || code=$?

# 2 is a wrong argument, or nothing to look at: there is nothing to report.
if [[ $COMMAND == check && $code -lt 2 ]]; then
  if [[ -n $SARIF ]]; then
    mkdir -p "$(dirname "$SARIF")"
    run check --quiet --format sarif >"$SARIF" || [[ $? -eq 1 ]]
    echo "sarif=$SARIF" >>"$GITHUB_OUTPUT"
  fi
  if [[ $code -eq 1 ]]; then
    {
      # Ten backticks: nothing that stackgen prints begins a line with so many.
      printf '### stackgen check\n\n%s\n' '``````````text'
      run check --color never || [[ $? -eq 1 ]]
      printf '%s\n' '``````````'
    } >>"$GITHUB_STEP_SUMMARY"
  fi
fi
exit "$code"
