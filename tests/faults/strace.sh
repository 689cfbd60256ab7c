#!/bin/sh
# faults/strace.sh --build FOLDER [--seconds N | --all] [--seed N] [--case "CALL FAULT WHEN"] [--keep]: the unmodified `tractor run`, whose kernel fails it: strace makes the Nth system call of a kind
# fail, once or four times in a row, or kills the supervisor at it. The tree starts, an actor is killed and comes back, another is restarted by a command, and it comes down. Whatever failed, the
# supervisor goes on and the tree is whole again, or it exits with a documented code and says why in words; no actor outlives it; the next start works.
#
# Only the supervisor is traced, from the reading of its tree file on: what goes wrong before main() is the loader's. A seed chooses what is tried in the given time; --all tries everything.
# Exit: 0 all well; 1 something was wrong: what, and how to repeat it; 2 usage; 77 no strace, or not allowed to trace.
set -eu

build=
seconds=30
seed=1
all=false
keep=false
only=
while [ $# -gt 0 ]; do
	case $1 in
	--all) all=true ;;
	--keep) keep=true ;;
	--build | --seconds | --seed | --case)
		[ $# -gt 1 ] || exit 2
		case $1 in
		--build) build=$(cd "$2" && pwd) ;;
		--seconds) seconds=$2 ;;
		--seed) seed=$2 ;;
		--case) only=$2 ;;
		esac
		shift
		;;
	*)
		sed -n '2s/^# //p' "$0" >&2
		exit 2
		;;
	esac
	shift
done
[ -x "$build/bin/tractor" ] || exit 2
strace -o /dev/null -e trace=none true 2>/dev/null || exit 77

# Short: sockets are made below it.
work=$(mktemp -d "${TMPDIR:-/tmp}/strace.XXXXXX")
supervisor=
traced=false
terminated=false
# strace first lets go of the supervisor, then ends: so both.
trap '[ -z "$supervisor" ] || { signal KILL; kill -9 "$supervisor" 2>/dev/null || true; }; $keep || rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
scale=${TRACTOR_TEST_TIMEOUT_SCALE:-1}
start=$((10 * scale))	 # seconds, an actor's start_timeout: many times what a start takes where others have the CPUs
patience=$((30 * scale)) # for each step: a link that is lost costs a start_timeout, or two
mkdir -m 700 "$work/run"
ln -s "$build/tests/actors/victim" "$work/victim"
echo "$work/victim" >"$work/pattern"
cat >"$work/tree.yaml" <<END
name: t
intensity: 1000
children:
  - {actor: a, exec: $work/victim, start_timeout: ${start}s, backoff: {initial: 10ms, factor: 1}}
  - supervisor: w
    intensity: 1000
    children:
      - {actor: b, exec: $work/victim, start_timeout: ${start}s, backoff: {initial: 10ms, factor: 1}}
END
export TRACTOR_RUN_DIR="$work/run" TRACTOR_TREE=t
export ASAN_OPTIONS=detect_leaks=0 # its leak checker doesn't work in a traced process
tractor=$build/bin/tractor

# The command, which has patience of its own where the supervisor answers: here it has an end.
tractor() {
	timeout "$patience" "$tractor" "$@"
}

# What the kernel can give for each. close() is not among them, for strace would leave the fd open, which Linux does not; nor brk(), which has no errno to glibc.
faults='clone EAGAIN
clone ENOMEM
clone EMFILE
pipe2 EMFILE
pipe2 ENFILE
socket EMFILE
socket ENOBUFS
bind ENOSPC
bind EADDRINUSE
listen EADDRINUSE
accept4 EMFILE
accept4 ENOBUFS
accept4 ECONNABORTED
getsockopt EACCES
sendmsg ENOBUFS
sendmsg ENOMEM
sendmsg EINTR
epoll_create1 EMFILE
epoll_ctl ENOMEM
epoll_ctl ENOSPC
epoll_wait EINTR
epoll_wait EIO
eventfd2 EMFILE
signalfd4 EMFILE
poll EINTR
memfd_create ENFILE
ftruncate ENOSPC
fcntl EPERM
mmap ENOMEM
prctl EPERM
kill EPERM
pidfd_send_signal EPERM
waitid EINTR
openat EMFILE
openat EIO
read EINTR
read EIO
write EINTR
write ENOSPC
write EIO
mkdir ENOSPC
mkdir EROFS
newfstatat EIO
fchmod EPERM
flock ENOLCK
rename ENOSPC
unlink EIO
unlinkat EIO
rmdir EIO
getdents64 EIO'

# within COMMAND...: until it succeeds, the supervisor has ended, or the patience is over; true if it succeeded.
within() {
	end=$(($(date +%s) + patience))
	until "$@" >/dev/null 2>&1; do
		kill -0 "$supervisor" 2>/dev/null || return 1
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

is_whole() {
	tractor status --json >"$work/status" 2>/dev/null &&
		[ "$(grep -o '"state":"running"' "$work/status" | wc -l)" -eq 4 ]
}

a_is_back() {
	is_whole && ! grep -q '"path":"/t/a"[^}]*"incarnation":1,' "$work/status"
}

answers() {
	tractor ask --timeout 2s /t/a victim.ping '{}' && tractor ask --timeout 2s /t/w/b victim.ping '{}'
}

has_ended() {
	! kill -0 "$supervisor" 2>/dev/null
}

# Nobody of ours is alive but this shell; the pattern is in a file, or grep would find itself.
nobody_is_left() {
	(cd "$work" && ! grep -lsF -f pattern /proc/[0-9]*/cmdline)
}

# The story, for a supervisor that is up or coming up; false with `wrong` set.
live() {
	wrong=
	within is_whole || wrong="not up"
	[ -n "$wrong" ] || within tractor inject /t/a kill || wrong="cannot kill /t/a"
	[ -n "$wrong" ] || within a_is_back || wrong="/t/a is not back"
	[ -n "$wrong" ] || within tractor restart /t/w/b || wrong="/t/w/b is not restarted"
	[ -n "$wrong" ] || within is_whole || wrong="not whole again"
	[ -n "$wrong" ] || within answers || wrong="no answers"
	[ -z "$wrong" ]
}

# An exit code that run may have, with a word of its own on standard error. 143: it was about to end with one, having said so, when our SIGTERM came, which takes effect as soon as the program
# has its signals back.
is_documented() {
	case $1 in
	0) return 0 ;;
	1 | 65) grep -qE '^tractor: |tree.yaml' "$work/err" ;;
	70) grep -q '^tractor: the tree gave up' "$work/err" ;;
	143) $terminated && grep -q '^tractor: ' "$work/err" ;;
	*) return 1 ;;
	esac
}

# signal NAME: to the supervisor itself; strace, whose child it is, would keep it to itself.
signal() {
	pid=$supervisor
	! $traced || { read -r pid <"/proc/$supervisor/task/$supervisor/children"; } 2>/dev/null || true
	kill "-$1" "$pid" 2>/dev/null || true
}

# Waits for the supervisor's end; its code in `code`.
reap() {
	code=0
	end=$(($(date +%s) + patience))
	until has_ended; do
		if [ "$(date +%s)" -ge "$end" ]; then
			wrong="${wrong:+$wrong; }it does not end"
			signal KILL
			break
		fi
		sleep 0.02
	done
	wait "$supervisor" 2>/dev/null || code=$?
	supervisor=
}

come_down() {
	tractor down >/dev/null 2>&1 || {
		terminated=true
		signal TERM
	}
}

next_start() {
	"$tractor" run "$work/tree.yaml" >"$work/out2" 2>"$work/err2" &
	supervisor=$!
	traced=false
	within is_whole && within answers || wrong="${wrong:+$wrong; }the next start: $(cat "$work/err2")"
	come_down
	reap
	[ "$code" -eq 0 ] || wrong="${wrong:+$wrong; }the next start ended with $code"
}

# run_traced LOG OPTIONS...
run_traced() {
	log=$1
	shift
	strace -qq -o "$log" "$@" "$tractor" run "$work/tree.yaml" >"$work/out" 2>"$work/err" &
	supervisor=$!
	traced=true
}

# try CALL FAULT WHEN: FAULT is an errno or KILL. False: something was wrong, which is said.
try() {
	rm -rf "$work/run/t"
	terminated=false
	if [ "$2" = KILL ]; then
		run_traced "$work/log" -e trace="$1" -e inject="$1:signal=KILL:when=$3"
	else
		run_traced "$work/log" -e trace="$1" -e inject="$1:error=$2:when=$3"
	fi
	live || has_ended || wrong="$wrong, and it goes on"
	has_ended || come_down
	reap
	if [ "$2" = KILL ] && [ "$code" -eq 137 ]; then
		wrong=
	elif [ "$code" -ne 0 ] && is_documented "$code"; then
		wrong=
	elif [ "$code" -ne 0 ]; then
		wrong="${wrong:+$wrong; }it ended with $code"
	fi
	end=$(($(date +%s) + 10 * scale))
	until nobody_is_left >"$work/left"; do
		if [ "$(date +%s)" -ge "$end" ]; then
			wrong="${wrong:+$wrong; }left alive: $(tr '\n' ' ' <"$work/left")"
			break
		fi
		sleep 0.02
	done
	first_code=$code
	[ "$code" -eq 0 ] || next_start
	cases=$((cases + 1))
	grep -qE 'INJECTED|killed by SIGKILL' "$work/log" && fired=$((fired + 1))
	[ -z "$wrong" ] && return 0
	failed=$((failed + 1))
	printf 'FAILED: --case "%s %s %s": %s (exit code %s)\n' "$1" "$2" "$3" "$wrong" "$first_code"
	grep -E 'INJECTED|KILL' "$work/log" | head -3 | sed 's/^/    /' || true
	sed 's/^/    /' "$work/err" | tail -15
	return 1
}

# Which calls a life without faults makes, from the tree file on: "CALL FIRST LAST" in `calls`.
find_calls() {
	run_traced "$work/usual"
	live || {
		echo "without a fault: $wrong"
		cat "$work/err"
		exit 1
	}
	come_down
	reap
	awk -F'(' '
		{ count[$1]++ }
		/^openat.*tree\.yaml/ && !began { began = 1; for (call in count) before[call] = count[call]; before["openat"]-- }
		END { for (call in count) if (count[call] > before[call]) print call, before[call] + 1, count[call] }
	' "$work/usual" >"$work/calls"
}

# Every case there is, "CALL FAULT WHEN"; for each kind first one N, then another.
make_cases() {
	echo "$faults" | awk -v seed="$seed" '
		BEGIN { srand(seed) }
		function add(call, fault, while_, n) {
			printf "%f %s %s %s\n", ++rank[call fault while_] * (while_ ? 2 : 1) + rand(), call, fault, while_ ? n ".." n + 3 : n
		}
		function all(call, fault, while_, i, with, n) {
			n = 0
			for (i = first[call]; i <= last[call]; i++) order[++n] = i
			for (i = n; i > 1; i--) { with = 1 + int(rand() * i); swap = order[i]; order[i] = order[with]; order[with] = swap }
			for (i = 1; i <= n; i++) add(call, fault, while_, order[i])
		}
		FILENAME != "-" { first[$1] = $2; last[$1] = $3; if ($1 !~ /^exit|^execve/) all($1, "KILL", 0); next }
		($1 in first) { all($1, $2, 0); if ($2 != "EINTR") all($1, $2, 1) }
	' "$work/calls" - | sort -n | cut -d' ' -f2-
}

cases=0
fired=0
failed=0
began=$(date +%s)
if [ -n "$only" ]; then
	# shellcheck disable=SC2086 # three words
	try $only || true
	cat "$work/err"
else
	find_calls
	make_cases >"$work/cases"
	while read -r call fault when; do
		$all || [ "$(($(date +%s) - began))" -lt "$seconds" ] || break
		try "$call" "$fault" "$when" || true
		[ $((cases % 100)) -ne 0 ] || echo "$cases cases in $(($(date +%s) - began)) s" >&2
	done <"$work/cases"
fi
echo "seed $seed: $cases of $(wc -l 2>/dev/null <"$work/cases" || echo 1) cases, $fired met their fault; $failed failed"
[ "$failed" -eq 0 ]
