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
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
	bold='' dim='' plain=''
fi

say() {
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

# typed COMMAND...: shows it as one would type it.
typed() {
	printf '%s$' "$bold"
	for word; do
		case $word in
		*[!A-Za-z0-9_./-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '%s\n' "$plain"
}

# run COMMAND...: and does it.
run() {
	typed "$@"
	"$@"
}

die() {
	echo "examples/run.sh: $1" >&2
	exit 1
}

compile() {
	cmake -S . -B build -DTRACTOR_BUILD_TESTS=OFF -DTRACTOR_BUILD_EXAMPLES=ON &&
		cmake --build build -j "$(nproc)"
}

# The tree's lines, to their end: shown, the victim's most, and kept.
show() {
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$folder/output"
		case $line in
		"$victim:"*) printf '%s\n' "$line" ;;
		*) printf '%s%s%s\n' "$dim" "$line" "$plain" ;;
		esac
	done
	: >"$folder/ended"
}

# wait_for PATTERN: until the tree has printed it. A tree that is gone is not waited for.
wait_for() {
	end=$(($(date +%s) + deadline_s))
	until grep -q "$1" "$folder/output"; do
		[ ! -e "$folder/ended" ] || die "the tree has ended"
		[ "$(date +%s)" -lt "$end" ] || die "\"$1\" was not seen in $deadline_s s"
		sleep 0.1
	done
}

# Path and pid of each process of the running tree but the victim's.
other_pids() {
	tractor status --json -t "$tree" | tr -d ' \n' | tr '{' '\n' | grep -v "\"path\":\"$victim\"" |
		sed -n 's/.*"path":"\([^"]*\)".*"pid":\([0-9]*\).*/\1 \2/p'
}

# The numbers of the events that the victim heard must be 1, 2, 3, ...; the last is printed.
count_events() {
	awk -v who="$victim:" '
		$1 == who && $2 == "event" && $3 + 0 != ++count { exit 1 }
		END { print count }' "$folder/output"
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
mkdir -m 700 "$TRACTOR_RUN_DIR"
mkfifo "$folder/lines"
: >"$folder/output"

say "Building (the first time it takes a minute)"
if ! compile >"$folder/build.log" 2>&1; then
	cat "$folder/build.log" >&2
	die "the build failed"
fi

say "A tree of five actors, each a process: a hub, three who listen, and a publisher"
typed tractor run examples/pub_sub/pub_sub.yaml
show <"$folder/lines" &
show_pid=$!
tractor run examples/pub_sub/pub_sub.yaml >"$folder/lines" 2>&1 &
run_pid=$!
wait_for "heartbeat"
pids_before=$(other_pids)

say "Alice is killed. It takes half a second until she is back; two events don't wait for that"
run tractor inject $victim kill
run tractor tell /pub_sub/hub hub.publish '{"text":"thunder"}'
run tractor tell /pub_sub/hub hub.publish '{"text":"lightning"}'
wait_for "^$victim: incarnation 2 is running"
wait_for "^$victim: event .*lightning"
[ "$(other_pids)" = "$pids_before" ] || die "more than $victim was restarted"

say "She has them now. Hers is a new process; the others are those that they were"
run tractor status

say "What is known of the crash"
run tractor crashes list

say "The tree is stopped in order, the last first; the listeners say how many events they heard"
run tractor down
wait "$run_pid" || die "the tree did not stop in order: exit code $?"
run_pid=
wait "$show_pid"
heard=$(count_events) || die "$victim did not hear every event once and in order"
say "Alice was killed, came back, and heard all $heard events once and in order. Nobody else noticed."
