#!/bin/sh
# run.sh SOURCE BUILD CC: installs the build into an empty folder, moves that folder (nothing in it may know
# where it was), and builds the counter actor against it with plain cc and pkg-config, with find_package and
# with add_subdirectory. Each counter must run, and say that it is outside a tree.
set -eu

source=$1
build=$2
CC=$3
export CC

folder=$(mktemp -d)
tree=
trap '[ -z "$tree" ] || kill -KILL "$tree" 2>/dev/null || :; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
counter=$source/examples/counter/counter.c
prefix=$folder/moved

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
	"$@" >"$folder/log" 2>&1 || {
		cat "$folder/log"
		echo "failed: $*"
		exit 1
	}
}

# must_be_a_counter PROGRAM: it runs, fails as it is started by hand, and says so.
must_be_a_counter() {
	if said=$(env -u TRACTOR_RUN_DIR "$1" 2>&1 </dev/null); then
		echo "$1 must not exit with 0 outside a tree"
		exit 1
	fi
	case $said in
	*"outside a tree"*) echo "ok: $1" ;;
	*)
		printf '%s must say that it is outside a tree. It says:\n%s\n' "$1" "$said"
		exit 1
		;;
	esac
}

quietly cmake --install "$build" --prefix "$folder/installed"
mv "$folder/installed" "$prefix"
version=$("$prefix/bin/tractor" version)
case $version in
*[0-9].[0-9]*) ;;
*)
	echo "the installed command says \"$version\" for a version"
	exit 1
	;;
esac

# What plain cc links knows no folder of shared libraries but the system's.
export LD_LIBRARY_PATH="$prefix/lib"
# shellcheck disable=SC2046 # options, one word each
quietly "$CC" "$counter" -o "$folder/counter-pkg-config" \
	$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs tractor-actor)
must_be_a_counter "$folder/counter-pkg-config"

# The command starts the unwinder that was moved with it, and no other: this one is known by what it says.
unwinder=$prefix/libexec/tractor/tractor-unwind
if [ -x "$unwinder" ]; then
	cat >"$unwinder" <<'EOF'
#!/bin/sh
echo '{"backtrace":[],"stopped":"moved"}'
EOF
	cat >"$folder/tree.yaml" <<EOF
name: installed
children:
  - {actor: counter, exec: $folder/counter-pkg-config}
EOF
	mkdir -m 700 "$folder/run"
	export TRACTOR_RUN_DIR="$folder/run"
	"$prefix/bin/tractor" run "$folder/tree.yaml" >"$folder/log" 2>&1 &
	tree=$!
	until "$prefix/bin/tractor" ask /installed/counter counter.get >/dev/null 2>&1; do
		kill -0 $tree
		sleep 0.1
	done
	"$prefix/bin/tractor" inject /installed/counter segv
	"$prefix/bin/tractor" ask /installed/counter counter.get >/dev/null
	"$prefix/bin/tractor" crashes show --last --json | grep -q '"backtrace_stopped":"moved"'
	"$prefix/bin/tractor" down
	wait $tree
	tree=
	unset TRACTOR_RUN_DIR
	echo "ok: $unwinder"
fi

# Its own functions may have any name that doesn't begin as ours do, also that of one in the library's inside.
cat >"$folder/parent.c" <<'EOF'
#include <tractor/runtime.h>

int sys, loop_open;

int
main(void)
{
	struct tractor_runtime *rt;

	if (tractor_runtime_open(&rt, &(struct tractor_options){ .name = "installed" }) != TRACTOR_OK)
		return 1;
	tractor_runtime_close(rt);
	return 0;
}
EOF
# shellcheck disable=SC2046
quietly "$CC" "$folder/parent.c" -o "$folder/parent" \
	$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs tractor)
quietly env TRACTOR_RUN_DIR="$folder" "$folder/parent"

cat >"$folder/test.c" <<'EOF'
#include <tractor/test.h>

int
main(void)
{
	return tractor_test_close(NULL) ? 0 : 1;
}
EOF
# shellcheck disable=SC2046
quietly "$CC" "$folder/test.c" -o "$folder/test" \
	$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs tractor-test)
quietly "$folder/test"
unset LD_LIBRARY_PATH

# project NAME LINE: a little CMake project whose only difference is where tractor comes from.
project() {
	mkdir "$folder/$1"
	cat >"$folder/$1/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.16)
project($1 LANGUAGES C)
$2
tractor_add_actor(counter "$counter")
add_executable(parent "$folder/parent.c")
target_link_libraries(parent PRIVATE tractor::tractor)
add_executable(test "$folder/test.c")
target_link_libraries(test PRIVATE tractor::test)
EOF
	quietly cmake -S "$folder/$1" -B "$folder/$1/build" -DCMAKE_PREFIX_PATH="$prefix"
	quietly cmake --build "$folder/$1/build" -j 2
	must_be_a_counter "$folder/$1/build/counter"
	quietly env TRACTOR_RUN_DIR="$folder" "$folder/$1/build/parent"
}

project with_find_package "find_package(tractor 0.1 REQUIRED)"
project with_add_subdirectory "add_subdirectory(\"$source\" tractor)"
