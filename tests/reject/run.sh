#!/bin/sh
# run.sh CC INCLUDE_DIR: what must not compile doesn't, and says why in the user's own words.
#
# Each mistake is a pair of programs that differ in nothing else. MISTAKE_good.c compiles without a warning and links.
# MISTAKE_bad.c fails without -Werror: it does not compile or, where C leaves it to the linker, does not link. What the compiler
# (and linker) said matches every extended regular expression of the file's comments `/* expect: REGEX */`.
#
# To link, whatever the good program leaves to the libraries is given an address; so nothing but the mistake can be missing.
# With a C++ compiler instead: cxx20.cpp compiles without a warning.
# Prints one line per failure, with what was said; exit code 1 if there was one.
set -u
LC_ALL=C
export LC_ALL

[ $# -eq 2 ] || { echo "usage: run.sh CC INCLUDE_DIR" >&2; exit 2; }
cc=$1
include=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

complain()
{
	echo "$cc: $1: $2"
	[ ! -s "$work/said" ] || sed 's/^/    /' "$work/said"
	failed=1
}

# compile NAME FLAGS...: to an object
compile()
{
	name=$1
	shift
	"$cc" -std=c11 -Wall -Wextra -pedantic "$@" -I"$include" -c "$here/$name.c" -o "$work/$name.o" 2>"$work/said"
}

# link_as NAME GOOD: with all that GOOD does not define itself
link_as()
{
	given=$(nm -u "$work/$2.o" | awk '{ print "-Wl,--defsym=" $2 "=0" }')
	# shellcheck disable=SC2086 # one argument per word
	"$cc" -no-pie -nostdlib -Wl,-e,0 $given "$work/$1.o" -o "$work/$1" 2>>"$work/said"
}

case $(basename "$cc") in
*++*)
	"$cc" -std=c++20 -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only "$here/cxx20.cpp"
	exit ;;
esac

for bad in "$here"/*_bad.c; do
	mistake=$(basename "$bad" _bad.c)
	good=${mistake}_good

	if ! compile "$good" -Werror || ! link_as "$good" "$good"; then
		complain "$good" "should compile and link"
		continue
	fi
	if compile "${mistake}_bad" && link_as "${mistake}_bad" "$good"; then
		complain "${mistake}_bad" "should be rejected"
		continue
	fi
	sed -n 's|^/\* expect: \(.*\) \*/$|\1|p' "$bad" >"$work/expected"
	[ -s "$work/expected" ] || complain "${mistake}_bad" "says nothing of what to expect"
	while IFS= read -r expected; do
		grep -Eq -e "$expected" "$work/said" || complain "${mistake}_bad" "does not say: $expected"
	done <"$work/expected"
done
exit $failed
