#!/bin/sh
# valgrind/run.sh BUILD: the pure modules' tests, and a living tree, the supervisor and an actor, under valgrind's memcheck.
# Exit: 77 without valgrind.
set -eu

build=$1
command -v valgrind >/dev/null || exit 77
work=$(mktemp -d)
tree=
trap '[ -z "$tree" ] || kill -9 "$tree" 2>/dev/null; rm -rf "$work"' EXIT

memcheck="valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=9"

for module in arena blackbox codec frame intensity payload router_asks router_ends router_later router_reentry router_sending \
	schema schematext spec state strategy strategy_backoff strategy_nested strategy_significant strategy_verdicts suggest text; do
	test=$build/tests/unit/${module}_test
	[ -x "$test" ] || continue
	# All tests of a module in one process, which ends with 9 where memcheck found something: each process takes longer than what it is for. The strategies' tests want one each.
	fork=no
	[ "${module#strategy}" = "$module" ] || fork=yes
	CK_FORK=$fork TRACTOR_TEST_FEW_ROUNDS=1 CK_TIMEOUT_MULTIPLIER=20 $memcheck "$test" >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
	echo "$module: clean"
done

# An actor from hello to bye, with a tell and an ask, and a second one that dies of a signal.
cat >"$work/counter" <<END
#!/bin/sh
exec $memcheck --log-file=$work/actor.%p $build/bin/counter "\$@"
END
chmod +x "$work/counter"
cat >"$work/tree.yaml" <<END
name: valgrind
intensity: 5
children:
  - actor: counter
    exec: ./counter
    start_timeout: 60s
    shutdown: 60s
END
TRACTOR_RUN_DIR=$work/run
TRACTOR_TREE=valgrind
export TRACTOR_RUN_DIR TRACTOR_TREE
tractor=$build/bin/tractor
$memcheck "$tractor" run "$work/tree.yaml" >"$work/output" 2>&1 &
tree=$!
until "$tractor" status --json 2>/dev/null | grep -q '"path":"/valgrind/counter".*"state":"running"'; do
	kill -0 "$tree" || {
		cat "$work/output"
		exit 1
	}
	sleep 0.1
done
"$tractor" tell /valgrind/counter counter.increment '{"by":3}'
[ "$("$tractor" ask --timeout 60s /valgrind/counter counter.get)" = '{"total":3}' ]
"$tractor" restart --timeout 60s /valgrind/counter
[ "$("$tractor" ask --timeout 60s /valgrind/counter counter.get)" = '{"total":0}' ]
"$tractor" down --timeout 60s
wait "$tree" || {
	cat "$work/output"
	exit 1
}
tree=
if grep -h . "$work"/actor.*; then
	exit 1
fi
echo "a tree: clean"
