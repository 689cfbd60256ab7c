#!/bin/sh
# atomic/run.sh PROGRAM [ARGUMENT...]: runs it with a run directory of its own, which goes with it.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TRACTOR_RUN_DIR=$work "$@"
