#!/bin/sh
# run.sh: installs what is missing, builds, and runs the pub/sub tree: one of its actors is killed in the
# middle, and the tree lives on. Made for a fresh Debian 12 with a shell and apt; anywhere else it takes what
# cmake/packages.txt lists.
set -eu

cd "$(dirname "$0")/.."
root=$PWD
tree=pub_sub
victim=/pub_sub/alice
deadline_s=20

if [ -t 1 ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold='' plain=''
fi

say() {
	printf '%s\n== %s%s\n' "$bold" "$1" "$plain"
}

die() {
	echo "examples/run.sh: $1" >&2
	exit 1
}

compile() {
	cmake -S . -B build -DTRACTOR_BUILD_TESTS=OFF -DTRACTOR_BUILD_EXAMPLES=ON &&
		cmake --build build -j "$(nproc)"
}

# One line for each node of the running tree.
nodes() {
	tractor status --json -t "$tree" 2>/dev/null | tr -d ' \n' | tr '{' '\n' | grep '"path":'
}

# node_field PATH FIELD: the number or text that the node has there, or nothing.
node_field() {
	nodes | grep "\"path\":\"$1\"" | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# Path and pid of each process but the victim's.
other_pids() {
	nodes | grep -v "\"path\":\"$victim\"" | sed -n 's/.*"path":"\([^"]*\)".*"pid":\([0-9]*\).*/\1 \2/p'
}

# wait_for_victim INCARNATION: until it runs in this incarnation. Asks the tree; a tree that is gone is not
# waited for.
wait_for_victim() {
	end=$(($(date +%s) + deadline_s))
	until [ "$(node_field $victim state)" = running ] && [ "$(node_field $victim incarnation)" = "$1" ]; do
		kill -0 "$run_pid" 2>/dev/null || die "the tree has ended"
		[ "$(date +%s)" -lt "$end" ] || die "$victim did not get to incarnation $1 in $deadline_s s"
		sleep 0.1
	done
}

clean_up() {
	status=$?
	trap - EXIT
	[ -z "${run_pid:-}" ] || kill -KILL "$run_pid" 2>/dev/null || :
	rm -rf "$folder"
	exit $status
}

sh cmake/install-packages.sh build

folder=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
PATH=$root/build/bin:$PATH
TRACTOR_RUN_DIR=$folder/run # not the user's: a tree of the same name that already runs is left alone
export PATH TRACTOR_RUN_DIR
mkdir "$TRACTOR_RUN_DIR"

say "building"
if ! compile >"$folder/build.log" 2>&1; then
	cat "$folder/build.log" >&2
	die "the build failed"
fi

say "tractor run examples/pub_sub/pub_sub.yaml"
tractor run examples/pub_sub/pub_sub.yaml &
run_pid=$!
wait_for_victim 1
pids_before=$(other_pids)

say "tractor inject $victim kill"
tractor inject -t "$tree" $victim kill
wait_for_victim 2
[ "$(other_pids)" = "$pids_before" ] || die "more than $victim was restarted"

say "tractor status"
tractor status -t "$tree"

say "tractor crashes list"
tractor crashes list -t "$tree"

say "tractor down"
tractor down -t "$tree"
wait "$run_pid" || die "the tree did not stop in order: exit code $?"
run_pid=
say "$victim was killed and came back; the others are the processes that they were."
