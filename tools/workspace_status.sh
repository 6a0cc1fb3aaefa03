#!/bin/sh
# The version that --config=release stamps into programs: the tag, or the commit and how it differs from the last tag.
set -eu
echo "STABLE_ANNEX_VERSION $(git describe --tags --always --dirty 2>/dev/null || echo unknown)"
