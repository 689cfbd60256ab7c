#!/bin/sh
# atomic/run.sh PROGRAM [ARGUMENT...]: runs it with a run directory of its own, and a temporary one, which go with it.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TMPDIR=$work TRACTOR_RUN_DIR=$work "$@"
