#!/bin/sh
# soak.sh [--seed N] [--weights WORD=N,...] [--kills N] [--seconds N | --minutes N] [--pause MS] [--build FOLDER] [--keep]: storms and rests.
#
# In a storm a nemesis does harm to a three-level tree that is under load from three senders: it kills actors, by any signal or a fault of their own, stops them for a while, and takes
# CPU time, fds and memory from them; its supervisor, too, is stopped, and left without CPU time, fds or memory. Never more at a time than the tree is built for (soak/bound.c), so that nobody
# may ever give up. At a rest all that was taken is given back, and soon every actor must run and answer; no accepted tell may be lost or doubled but those in hand at a crash, no ask may
# hang, nobody may have died who was not struck, and the supervisor must have no zombie, no fd and no memory more than before. A rest that isn't whole in time ends the run with what is
# not well.
#
# 1,000 kills if nothing is said, which takes a minute. A seed repeats who is struck, how, and after which pause, not what the strikes meet.
#
# --weights: how often a strike is of a kind. The kinds: the signals' names (kill, segv, term, ...); fault (of its own); stop-cont, stop-kill, stop-term (stopped, and what comes then);
# starve-cpu, starve-fds, starve-memory; supervisor-stop, supervisor-cpu, supervisor-fds, supervisor-memory. "stop=10" sets all that begin so, "all=0" all; from left to right, the others keep their default,
# which is in the table in soak/ways.h. So `--weights all=0,supervisor=1,kill=20` lets actors be killed while it goes badly with their supervisor, and nothing else.
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
	--seed | --weights | --kills | --seconds | --minutes | --pause)
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

# The verdict looks at what every crash had in hand.
TRACTOR_CRASHES_MAX=1000000
export TRACTOR_CRASHES_MAX

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
