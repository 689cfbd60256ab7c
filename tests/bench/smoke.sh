#!/bin/sh
# bench/smoke.sh BUILD: the benchmark with tiny counts: every figure of ours must be there, the JSON must be JSON and the drawing XML. Says nothing about time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh "$here/run.sh" --smoke --build "$1" --out "$work" >"$work/table"
cat "$work/table"
"$1/tests/bench/bench" --check "$work/bench.json"
if command -v xmllint >/dev/null; then
	xmllint --noout "$work/bench.svg"
fi
