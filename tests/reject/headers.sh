#!/bin/sh
# headers.sh COMPILER: each public header compiles on its own, as strict C11 or, with a C++ compiler, as C++20.
set -eu

compiler=$1
root=$(cd "$(dirname "$0")/../.." && pwd)

case $(basename "$compiler") in
*++*) language="-x c++ -std=c++20 -pedantic" ;;
*) language="-x c -std=c11 -pedantic -Wstrict-prototypes -Wmissing-prototypes" ;;
esac

failed=0
for header in "$root"/include/tractor/*.h; do
	# shellcheck disable=SC2086 # the language is a list of options
	printf '#include <tractor/%s>\nextern int more_than_macros;\n' "$(basename "$header")" |
		"$compiler" $language -Wall -Wextra -Wshadow -Werror -fsyntax-only -I "$root/include" - || failed=1
done
exit $failed
