#!/bin/sh
# soak.sh [--seed N] [--kills N] [--seconds N | --minutes N] [--pause MS] [--build FOLDER] [--keep]: random kills,
# any signal and any actor, in a three-level tree under load from three senders. No accepted tell may be lost or
# doubled but those in hand at a crash, no ask may hang, and the supervisor must have no zombie, no fd and no memory
# more than before. 1,000 kills if nothing is said, which takes half a minute. A seed repeats who is struck, how, and after which
# pause, not where it meets them.
#
# What is needed (tractor, soak, soak-actor) is found in PATH, or in FOLDER, or in a build folder of this project.
# Exit: 0 passed; 1 failed, and the evidence is kept: ledgers, crash reports, the supervisor's output; 2 usage.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=
keep=false
arguments=

while [ $# -gt 0 ]; do
	case $1 in
	--build)
		[ $# -gt 1 ] || exit 2
		build=$2
		shift 2
		;;
	--keep)
		keep=true
		shift
		;;
	--seed | --kills | --seconds | --minutes | --pause)
		[ $# -gt 1 ] || exit 2
		arguments="$arguments $1 $2"
		shift 2
		;;
	*)
		sed -n '2s/^# //p' "$0" >&2
		exit 2
		;;
	esac
done

if [ -z "$build" ] && ! command -v soak-actor >/dev/null; then
	for folder in "$here"/../build*; do
		if [ -x "$folder/tests/soak/soak" ]; then
			build=$folder
		fi
	done
fi
if [ -n "$build" ]; then
	build=$(cd "$build" && pwd)
	PATH=$build/tests/soak:$build/bin:$PATH
	export PATH
fi
if ! command -v soak-actor >/dev/null || ! command -v tractor >/dev/null; then
	echo "soak.sh: build the tests first, or say where they were built: --build FOLDER" >&2
	exit 2
fi

# Short: sockets are made below it.
evidence=$(mktemp -d "${SOAK_TMPDIR:-/tmp}/soak.XXXXXX")
status=0
# shellcheck disable=SC2086 # options and their values, one word each
soak --folder "$evidence" --tree "$here/soak/soak.yaml" $arguments || status=$?
if [ "$status" -eq 0 ] && ! $keep; then
	rm -rf "$evidence"
else
	echo "the evidence is in $evidence"
fi
exit "$status"
