#!/bin/sh
# bench/run.sh [--install] [--quick] [--long] [--rounds N] [--only NAME] [--build FOLDER] [--out FOLDER]: measures tractor and its neighbours side by side, and says what came of it: a table on
# standard output; bench.json and bench.svg in FOLDER, or where it was started. About five minutes; --quick takes one, --long a quarter of an hour, and longer where it takes long to start a process.
#
# Each figure has its turn in each round, in a process and a folder of its own, so that a mood of the machine falls on all alike and a ratio can be trusted; only what was measured in one run may
# be compared. --only: the figures whose names begin with NAME. --long: 100,000 restarts, too, for the supervisor's memory, and a tree of 2,000. Neighbours that are not there are left out; --install gets them from
# Debian. It builds first, in this project's `build`, unless it is said where it was built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$here/../..
build=
install=false
arguments=

while [ $# -gt 0 ]; do
	case $1 in
	--build)
		[ $# -gt 1 ] || exit 2
		build=$2
		shift
		;;
	--install) install=true ;;
	--quick | --long | --smoke) arguments="$arguments $1" ;;
	--rounds | --only | --out)
		[ $# -gt 1 ] || exit 2
		[ "$1" != --out ] || mkdir -p "$2"
		arguments="$arguments $1 $2"
		shift
		;;
	*)
		sed -n '2s/^# //p' "$0" >&2
		exit 2
		;;
	esac
	shift
done

if $install; then
	sh "$source/cmake/install-packages.sh" bench
fi
if [ -z "$build" ]; then
	build=$source/build
	(
		cd "$source"
		sh cmake/install-packages.sh build test
		cmake --preset default -DTRACTOR_BUILD_TESTS=ON
		cmake --build --preset default -j "$(nproc)" --target bench-all
	) >&2
fi
programs=$(cd "$build" && pwd)/tests/bench

work=$(mktemp -d) # short: sockets are made below it
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# shellcheck disable=SC2086 # options and their values, one word each
"$programs/bench" --programs "$programs" --sources "$here" --work "$work" $arguments
