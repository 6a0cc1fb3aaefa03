#!/usr/bin/env bash
# Prints the tables of areas and resources that tests have left as conformance.txt among their outputs: Bazel shows nothing of
# what a test that passes has to say.
#
#   tools/tables/tables.sh EVENTS
#
# EVENTS is a file of Bazel's build events about a test command, as text or JSON. The tests in it ran or were found in a cache;
# where nothing could be built there are none. Those whose outputs are on another machine are passed over.
set -euo pipefail

[ -s "${1:?the file of events}" ] || exit 0
{ grep -oE '"file://[^"]*/test\.log"' "$1" || true; } | sort -u | while IFS= read -r log; do
  log=${log#'"file://'}
  table=${log%/test.log'"'}/test.outputs/conformance.txt
  if [ -f "$table" ]; then
    test=${table#*/testlogs/}
    printf '\n//%s\n\n' "${test%/test.outputs/*}"
    cat "$table"
  fi
done
