#!/bin/sh
# run.sh SOURCE BUILD CC: follows README.md as a new user would, in a copy of the sources: every block in it is
# run, in its order, from the folder of the copy. (BUILD is not used: the README's own first command builds.)
# What a block is and what is demanded of it is said by the words behind its fence:
#
#   sh                commands, which must succeed
#   console           commands behind "$ ", and exactly what they print
#   console excerpt   the same, but other lines may come before, between and behind, and in another order
#   LANGUAGE file=F   the file F: if there is one in the sources it must be the same, else it is made
#
# In what is printed, whatever differs from run to run (pids, times, addresses, where the copy lies) is masked,
# and the width of columns does not count. Two things are different from a user's terminal: `tractor run` goes
# to the background and is waited for until the tree is up, and `sh tests/run.sh`, which is what runs this, and the
# benchmark are only looked at.
set -eu

source=$1
CC=$(command -v "$3") # absolute: a `cc` of the test's own goes before it in PATH
export CC
readme=$source/README.md

folder=$(mktemp -d)
clone=$folder/clone
run_pid=
checked=0

clean_up() {
	status=$?
	trap - EXIT
	[ -z "$run_pid" ] || kill -KILL "$run_pid" 2>/dev/null || :
	rm -rf "$folder"
	exit $status
}
trap clean_up EXIT
trap 'exit 1' INT TERM

fail() {
	echo "README.md:$line_number: $1"
	shift
	for file; do
		echo "--- $(basename "$file"):"
		cat "$file"
	done
	exit 1
}

# The copy, without what was built there; a home, a run directory and a `cc` that are the test's own.
prepare() {
	mkdir "$clone" "$folder/home" "$folder/bin"
	mkdir -m 700 "$folder/r"
	(cd "$source" && tar --exclude=./.git --exclude='./build*' -cf - .) | tar -xf - -C "$clone"
	printf '#!/bin/sh\nexec %s "$@"\n' "$CC" >"$folder/bin/cc"
	chmod +x "$folder/bin/cc"
	HOME=$folder/home
	TRACTOR_RUN_DIR=$folder/r
	TMPDIR=$folder # where a scenario that fails leaves its crash reports
	PATH=$folder/bin:$PATH
	export HOME TRACTOR_RUN_DIR TMPDIR PATH
	unset TRACTOR_TREE PKG_CONFIG_PATH
	cd "$clone"
}

# mask FILE: its lines without what is another at every run.
mask() {
	sed -e 's|/[^ ]*/build/bin/|BIN/|g' -e 's/0x[0-9a-f]*/ADDRESS/g' \
		-e 's/event [0-9]*:/event N:/; s/after [0-9]* events/after N events/' \
		-e 's/ [0-9][0-9.]*\(ms\|s\|min\|h\) / TIME /g' \
		-e 's/[0-9][0-9.:-]*[0-9]/N/g' -e 's/  */ /g' -e 's/ $//' "$1"
}

# The whole of it, or in an excerpt each line of it.
compare() {
	mask "$folder/expected" >"$folder/expected.masked"
	mask "$folder/printed" >"$folder/printed.masked"
	if [ "$words" = "console excerpt" ]; then
		while IFS= read -r line; do
			[ "$line" = "..." ] || grep -qxF -e "$line" "$folder/printed.masked" ||
				fail "\"$line\" is not in what \"$command\" prints" "$folder/printed"
		done <"$folder/expected.masked"
	elif ! cmp -s "$folder/expected.masked" "$folder/printed.masked"; then
		fail "\"$command\" prints something else" "$folder/expected" "$folder/printed"
	fi
}

# The first terminal: what a tree prints there is not looked at.
start_tree() {
	eval "exec $command" >"$folder/tree" 2>&1 </dev/null &
	run_pid=$!
	for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		tractor status --json >"$folder/status" 2>/dev/null &&
			! grep -q '"state": *"\(starting\|waiting\)"' "$folder/status" && return
		sleep 0.5
	done
	fail "\"$command\" did not come up in $((try / 2)) s" "$folder/tree"
}

# A command and all that the README says of what it prints. Whether it fails is seen by that.
finish_command() {
	case $command in
	"") return ;;
	"tractor run "*) start_tree ;;
	*)
		eval "$command" >"$folder/printed" 2>&1 </dev/null || :
		compare
		;;
	esac
	if [ "$command" = "tractor down" ]; then
		wait "$run_pid" || fail "the tree did not stop in order" "$folder/tree"
		run_pid=
	fi
	checked=$((checked + 1))
	command=
}

# In an excerpt of a script's output its commands are output, too.
run_console() {
	command=
	while IFS= read -r text <&3; do
		case $words/$command/$text in
		"console excerpt/sh "*) printf '%s\n' "$text" >>"$folder/expected" ;;
		*/*/'$ '*)
			finish_command
			command=${text#\$ }
			: >"$folder/expected"
			;;
		*) printf '%s\n' "$text" >>"$folder/expected" ;;
		esac
	done 3<"$folder/block"
	finish_command
}

run_commands() {
	while IFS= read -r command <&3; do
		case $command in
		"sh tests/run.sh"*) sh -n tests/run.sh ;;
		"sh tests/bench/run.sh"*) sh -n tests/bench/run.sh ;;
		"sh examples/run.sh"*) sh -n examples/run.sh ;; # in full elsewhere: what it prints is in the README
		*) eval "$command" </dev/null || fail "\"$command\" failed" ;;
		esac
		checked=$((checked + 1))
	done 3<"$folder/block"
}

keep_file() {
	name=${words#*file=}
	if [ -e "$name" ]; then
		cmp -s "$folder/block" "$name" || fail "this is not what is in $name"
	else
		mkdir -p "$(dirname "$name")"
		cp "$folder/block" "$name"
	fi
	checked=$((checked + 1))
}

run_block() {
	case $words in
	*" file="*) keep_file ;;
	console | "console excerpt") run_console ;;
	sh) run_commands ;;
	*) fail "nothing is known of a block of \"$words\"" ;;
	esac
}

prepare
line_number=0
words=
in_block=false
while IFS= read -r line <&4; do
	line_number=$((line_number + 1))
	case $in_block/$line in
	'true/```')
		in_block=false
		run_block
		;;
	true/*) printf '%s\n' "$line" >>"$folder/block" ;;
	'false/```'*)
		in_block=true
		words=${line#'```'}
		: >"$folder/block"
		;;
	esac
done 4<"$readme"
[ $in_block = false ] || fail "a block has no end"
[ -z "$run_pid" ] || fail "a tree is left running"
[ "$checked" -ge 30 ] || fail "only $checked commands and files were found: has the README another form now?"
echo "README.md: $checked commands and files, all as it says"
