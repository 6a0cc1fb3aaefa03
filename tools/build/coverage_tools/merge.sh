#!/usr/bin/env bash
# Joins LCOV reports: those below --coverage_dir, or those that --reports_file lists, into --output_file.
set -euo pipefail

for argument; do
  case $argument in
    --coverage_dir=*) directory=${argument#*=} ;;
    --reports_file=*) list=${argument#*=} ;;
    --output_file=*) output=${argument#*=} ;;
  esac
done

reports() {
  if [ -n "${directory:-}" ]; then
    find -L "$directory" -name '*.dat' ! -path "$output" | sort
  else
    cat "$list"
  fi
}

joined=$(mktemp)
reports | while read -r report; do
  cat "$report" >>"$joined"
done
mv "$joined" "$output"
