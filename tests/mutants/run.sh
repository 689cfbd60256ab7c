#!/bin/sh
# mutants/run.sh [--cc CC] [--jobs N] [--table FILE] [NAME...]: plants the defects of mutants.diff, or of FILE, or only those NAMEs, in
# supervisor/core and supervisor/router, one at a time, and has the suites that need no process look for it: a suite that finds no
# defect says nothing. First, with nothing planted, all of them must pass. Their seeds are fixed, and what hangs is stopped by the CPU
# time that it takes, so each run finds the same. The suite that the table names goes first, then the others: so most defects take one. All of it
# is built in a temporary folder.
#
# A line for each defect: the suite that finds it and the test that fails, or SURVIVED. Then a test is missing; or the program is as good
# with it as without, and the table needs another one.
# Exit: 0 all were found; 1 one was not, or the table or a suite is not as it should be; 2 usage.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# Five times what the simulator needs, of which one life takes longer than any other test. A defect may eat up memory, too.
limits='prlimit --core=0 --cpu=4 --as=2000000000 timeout --kill-after=1 120'
simulator='--seed 1 --events 500000' # enough to reach all of its states
wrap='-Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray,--wrap=strdup,--wrap=open_memstream,--wrap=asprintf'

# In the order in which they are tried: the cheapest first.
suites() {
	cat <<-END
		# of    suite                                   linked with
		core    unit/backoff
		core    unit/intensity
		core    unit/spec
		core    unit/timers
		core    unit/gate
		core    unit/strategy
		core    unit/strategy_nested
		core    unit/strategy_backoff
		core    unit/strategy_verdicts
		core    unit/strategy_significant
		core    unit/tree
		core    unit/tree_order
		core    unit/tree_pool
		core    unit/tree_commands
		core    unit/reload
		core    unit/reload_pool
		core    unit/reload_meets
		core    unit/reload_memory                      $wrap
		core    unit/child
		core    conformance/otp_core_strategies
		core    conformance/otp_core_ends
		core    conformance/otp_core_reload
		core    conformance/otp_core_start
		core    conformance/otp_core_specs
		core    conformance/otp_core_significant
		core    conformance/otp_core_administration
		core    conformance/otp_core_memory
		core    conformance/otp_core_stop
		core    unit/reload_random
		core    unit/tree_random
		core    unit/restart_property
		core    simulator
		router  unit/router_sending
		router  unit/router_asks
		router  unit/router_ends
		router  unit/router_later
		router  unit/router_reentry
		router  unit/router_parcel
		router  unit/router_schedule
	END
}

# Not optimised: it takes longer to compile than it saves. Nor are there warnings: a defect may leave something unused.
compile() { # SOURCE OBJECT
	includes=
	for include in include actor supervisor/core supervisor/router supervisor/treefile tests/support tests/conformance tests/simulator; do
		includes="$includes -I$root/$include"
	done
	# shellcheck disable=SC2046,SC2086 # lists, one word each
	"$CC" -std=c11 -D_GNU_SOURCE -O0 -w -fPIC $includes $(pkg-config --cflags check jansson yaml-0.1) -c "$1" -o "$2"
}

# Everything as it is in the sources: the tests' objects, and the rest as an archive, of which the linker takes nothing that it has already, and as a library, whose functions give way to those
# of libplanted.so: so most suites are linked once, and a mutant with nobody.
build() {
	{
		ls actor/error.c actor/frame.c supervisor/core/*.c supervisor/router/*.c supervisor/treefile/*.c
		ls tests/support/unit_main.c tests/simulator/*.c
		suites | awk '!/^#/ && $2 != "simulator" { print "tests/" $2 "_test.c" }'
	} >"$work/sources"
	sed 's|/[^/]*$||' "$work/sources" | sort -u | (cd "$work" && xargs mkdir -p)
	xargs -P "$jobs" -n 1 sh "$here/run.sh" compile <"$work/sources"
	ar rcs "$work/pure.a" "$work"/actor/*.o "$work"/supervisor/*/*.o
	"$CC" -shared -o "$work/libpure.so" "$work"/actor/*.o "$work"/supervisor/*/*.o
	"$CC" -shared -o "$work/libplanted.so" -x c /dev/null
}

# To the library, or with options, which are for its inside, to the archive.
link_suite() { # SUITE PROGRAM [MUTANT.o | OPTION]...
	pure="-L$work -Wl,--no-as-needed -lplanted -lpure"
	[ $# -eq 2 ] || pure=$work/pure.a
	objects="$work/tests/$1_test.o $work/tests/support/unit_main.o"
	[ "$1" != simulator ] || objects=$(echo "$work"/tests/simulator/*.o)
	program=$2
	shift 2
	# shellcheck disable=SC2046,SC2086
	"$CC" -o "$program" "$@" $objects $pure $(pkg-config --libs check jansson yaml-0.1) -lm
}

# Its output goes to FOLDER/log, and FOLDER's defect is in it. How long its tests take by the clock is no matter here.
run_suite() { # SUITE PROGRAM FOLDER
	arguments=
	[ "$1" != simulator ] || arguments=$simulator
	# shellcheck disable=SC2086
	LD_LIBRARY_PATH=$3:$work CK_TIMEOUT_MULTIPLIER=100 $limits "$2" $arguments >"$3/log" 2>&1
}

# A line of suites(), with nothing planted.
control() {
	suite=$2
	folder=$work/control/$suite
	shift 2
	mkdir -p "$folder"
	link_suite "$suite" "$folder/test" "$@"
	run_suite "$suite" "$folder/test" "$folder" || {
		cat "$folder/log"
		echo "$suite fails with nothing planted"
		return 1
	}
}

# The table's headings: file, name and suite, or `-`.
mutants() {
	sed -n 's/^\([^-+# 	][^ ]*\) \([^ :]*\) \{0,1\}\([^ :]*\): .*/\1 \2 \3/p' "$table" | sed 's/ $/ -/'
}

# Prints SOURCE as the table has it. Fails if what is replaced is not there, or more than once, or is no other afterwards.
mutate() { # NAME SOURCE
	awk -v name="$1" '
		FNR == NR && /^[^-+# \t]/ { mine = $2 == name || $2 == name ":" }
		FNR == NR && mine && /^[- ]/ { old = old "\n" substr($0, 2) }
		FNR == NR && mine && /^[+ ]/ { new = new "\n" substr($0, 2) }
		FNR != NR { source = source "\n" $0 }
		END {
			source = source "\n"
			at = index(source, old "\n")
			if (old == "" || old == new || at == 0 || index(substr(source, at + 1), old "\n") > 0)
				exit 1
			printf "%s", substr(substr(source, 1, at - 1) new substr(source, at + length(old)), 2)
		}' "$table" "$2"
}

# A failed test of libcheck, and of which of its loops; or what the simulator says.
first_failure() { # STATUS LOG
	case $1 in
	124 | 137) echo "without an end" ;;
	*)
		sed -n 's/^[^:]*:[0-9]*:[FE]:[^:]*:\([^:]*\):\([0-9]*\): .*/\1 \2/p; s/^seed .* events: //p; s/ *<-- never$/: never reached/p' "$2" |
			sed 's/ 0$//; s/^ *0 *//' | grep . || echo "exit code $1"
		;;
	esac | head -n 1
}

# Lines of suites(), that of SUITE before the others.
suites_from() { # OF SUITE
	suites | awk -v of="$1" -v suite="$2" '
		$1 == of && $2 == suite { print }
		$1 == of && $2 != suite { others = others $0 "\n" }
		END { printf "%s", others }'
}

# The first suite that finds the mutant, and how. 1: none does.
catch() { # FOLDER FILE SUITE
	suites_from "${2%/*}" "$3" | {
		while read -r _ suite options; do
			test=$work/control/$suite/test
			if [ -n "$options" ]; then
				test=$1/test
				# shellcheck disable=SC2086
				link_suite "$suite" "$test" "$1/mutant.o" $options || exit 2
			fi
			status=0
			run_suite "$suite" "$test" "$1" || status=$?
			if [ "$status" -ne 0 ]; then
				echo "$suite: $(first_failure "$status" "$1/log")"
				exit 0
			fi
		done
		exit 1
	}
}

# A line of mutants().
plant() {
	file=$1 name=$2 suite=$3
	folder=$work/planted/$name
	mkdir "$folder"
	mutate "$name" "$root/supervisor/$file" >"$folder/mutant.c" || {
		echo "$file $name: what is replaced is not in the file, or not only once"
		return 1
	}
	{ compile "$folder/mutant.c" "$folder/mutant.o" && "$CC" -shared -o "$folder/libplanted.so" "$folder/mutant.o"; } || {
		echo "$file $name: does not compile"
		return 1
	}
	status=0
	catch "$folder" "$file" "$suite" >"$folder/caught" || status=$?
	case $status in
	0) echo "$file $name: $(cat "$folder/caught")" ;;
	1) echo "$file $name: SURVIVED" ;;
	*) echo "$file $name: does not link" ;;
	esac
	rm -r "$folder"
	return $status
}

usage() {
	sed -n '2s/^# //p' "$0" >&2
	exit 2
}

# These are one job each, of those that xargs runs at a time.
case ${1:-} in
compile)
	compile "$root/$2" "$work/${2%.c}.o"
	exit
	;;
control | plant)
	"$@"
	exit
	;;
esac

CC=${CC:-cc} jobs=2 table=$here/mutants.diff
while [ $# -gt 0 ]; do
	case $1 in
	--cc | --jobs | --table) [ $# -gt 1 ] || usage ;;
	-*) usage ;;
	*) break ;;
	esac
	case $1 in
	--cc) CC=$2 ;;
	--jobs) jobs=$2 ;;
	--table) table=$(realpath "$2") ;;
	esac
	shift 2
done
cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export CC table work
mkdir "$work/control" "$work/planted"

mutants | if [ $# -gt 0 ]; then
	grep -E "^[^ ]* ($(echo "$*" | tr ' ' '|')) "
else
	cat
fi >"$work/chosen"
count=$(wc -l <"$work/chosen")
if [ "$(awk '{ print $2 }' "$work/chosen" | sort -u | wc -l)" -ne "$count" ]; then
	echo "two mutants of one name"
	exit 1
fi
build
suites | grep -v '^#' | xargs -P "$jobs" -L 1 sh "$here/run.sh" control || exit 1
echo "$(suites | grep -vc '^#') suites pass with nothing planted"
xargs -P "$jobs" -L 1 sh "$here/run.sh" plant <"$work/chosen" || exit 1
echo "$count mutants, all found"
