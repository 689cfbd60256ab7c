#!/bin/sh
# model/run.sh [JOBS]: has spin look at every run of the models within the bounds below, and at models with a known defect, which it must
# find: a model that can't fail says nothing. Then, that every line of a model was reached within some of the bounds; what can't be is marked
# "unreachable" there. JOBS at a time, 2 if not said. Exit: 77 without spin.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# kind: holds (assertions, in every state), ends (the same, and no run goes on for ever), ltl (that formula, weak fairness), defect (must be found).
# The rest are bounds, as in the model; FAULTS=1 alone is a matter of milliseconds.
table() {
	cat <<-'END'
		# kind   model  name or formula      bounds
		holds    link   crashes              FAULTS=2 SENDERS=2 EACH=2
		holds    link   stops                FAULTS=2 SENDERS=1 EACH=2 COMMANDS=1
		holds    link   two_senders_stop     FAULTS=1 SENDERS=2 EACH=1 COMMANDS=1
		holds    link   commands             FAULTS=1 SENDERS=1 EACH=1 COMMANDS=2
		holds    link   breaks               FAULTS=1 SENDERS=1 EACH=2 BREAKS=1 COMMANDS=1
		holds    link   breaks_again         FAULTS=1 SENDERS=1 EACH=1 BREAKS=2
		holds    link   infinity             FAULTS=1 SENDERS=1 EACH=1 BREAKS=1 COMMANDS=1 FOREVER=1
		holds    link   window               FAULTS=1 SENDERS=1 EACH=4 ASKS=3 MAILBOX=4
		holds    link   narrow               FAULTS=1 SENDERS=2 EACH=2 MAILBOX=1 WINDOW=1
		holds    link   wide                 FAULTS=1 SENDERS=1 EACH=3 WINDOW=4
		holds    link   redeliver            FAULTS=2 SENDERS=1 EACH=3 REDELIVER=1
		ends     link   cycles               FAULTS=1 SENDERS=1 EACH=1 COMMANDS=1
		ltl      link   stop_ends            FAULTS=1 SENDERS=1 EACH=1 COMMANDS=1
		ltl      link   comes_to_rest        FAULTS=1 SENDERS=1 EACH=2
		defect   link   STALE                FAULTS=2 SENDERS=1 EACH=2
		defect   link   DOUBLE_DEATH         FAULTS=1 SENDERS=1 EACH=1
		defect   link   RESTART_WITHOUT_REAP FAULTS=1 SENDERS=1 EACH=1
		defect   link   STOP_FORGETS         FAULTS=1 SENDERS=1 EACH=1 COMMANDS=1
		defect   link   START_LIMIT_LOST     FAULTS=1 SENDERS=1 EACH=1 COMMANDS=1 FOREVER=1
		defect   link   JUDGE_EARLY          FAULTS=1 SENDERS=1 EACH=1
		defect   link   RECONNECT            FAULTS=1 SENDERS=1 EACH=2 BREAKS=1
		defect   link   BYE_LIVES_ON         FAULTS=2 SENDERS=1 EACH=1
		defect   link   HAND_REDELIVERED     FAULTS=1 SENDERS=1 EACH=1
		defect   link   PUT_BACK_LAST        FAULTS=1 SENDERS=1 EACH=2
		defect   link   NO_SALVAGE           FAULTS=1 SENDERS=1 EACH=1
		defect   link   REPLY_BEFORE_DONE    FAULTS=1 SENDERS=1 EACH=1
		holds    group  one_for_all          FAULTS=2 STRATEGY=1 COMMANDS=1 DELAYS=1
		holds    group  rest_for_one         FAULTS=2 STRATEGY=2 COMMANDS=1
		holds    group  one_for_one          FAULTS=3 STRATEGY=0 INTENSITY=2 DELAYS=1
		holds    group  all_at_once          FAULTS=3 STRATEGY=0 INTENSITY=2 LIMIT=2
		holds    group  commands             FAULTS=1 STRATEGY=1 COMMANDS=2
		holds    group  commands_for_one     FAULTS=2 STRATEGY=0 COMMANDS=1
		holds    group  reorders             FAULTS=1 STRATEGY=1 COMMANDS=1 REORDERS=1
		holds    group  reorders_again       FAULTS=2 STRATEGY=2 INTENSITY=2 REORDERS=2
		ends     group  cycles               FAULTS=2 STRATEGY=1 REORDERS=1
		defect   group  LOST_TURN            FAULTS=2 STRATEGY=1 REORDERS=1
		defect   group  START_ABANDONED      FAULTS=1 STRATEGY=1 COMMANDS=1 REORDERS=1
		defect   group  START_BEFORE_STOP    FAULTS=1 STRATEGY=1
		defect   group  STARVED              FAULTS=2 STRATEGY=0
		defect   group  LINE_KEPT            FAULTS=2 STRATEGY=1 COMMANDS=1
		defect   group  NOT_COUNTED          FAULTS=2 STRATEGY=0
		defect   group  REFUSAL_COUNTS       FAULTS=1 STRATEGY=0
		holds    commit all
		defect   commit SIZE_FIRST
		defect   commit TAG_FIRST
		defect   commit DONE_FIRST
		defect   commit KEEP_OTHER
		defect   commit WHOLE_UNREADY
		defect   commit PUBLISH_LATE
		defect   commit SALVAGE_UNDONE
		defect   commit SALVAGE_HEARD
		holds    lane   all                  MESSAGES=4
		defect   lane   SENDER_WITHOUT_FENCE MESSAGES=2
		defect   lane   RECEIVER_WITHOUT_FENCE MESSAGES=2
		defect   lane   SLEEP_UNSEEN         MESSAGES=2
		defect   lane   RING_FIRST           MESSAGES=2
		holds    lane   closes               MESSAGES=3 CLOSES=1
		defect   lane   CLOSED_UNSEEN        MESSAGES=2 CLOSES=1
		holds    room   all                  MESSAGES=6 MAILBOX=3 MOMENTS=2
		holds    room   one                  MESSAGES=4 MAILBOX=1 MOMENTS=2
		defect   room   SENDER_WITHOUT_FENCE MESSAGES=4
		defect   room   RECEIVER_WITHOUT_FENCE MESSAGES=4 MAILBOX=1
		defect   room   LOOK_FIRST           MESSAGES=4
		defect   room   LOOK_BEFORE          MESSAGES=4 MAILBOX=1
		defect   room   LATER_THAN_SENT      MESSAGES=4 MOMENTS=0
		ends     room   cycles               MESSAGES=4 MAILBOX=1
	END
}

# Of the states that the verifier has, by line, those that it came to.
note_lines() {
	./pan -d | sed -n "s/.*state *\([0-9]*\) -(.*$model\.pml:\([0-9]*\) =>.*/\1 \2/p; s/^\(proctype .*\)/\1/p; s/^\(init\|claim\).*/end/p" >states
	awk '
		FNR == NR && /^unreached in proctype/ { proctype = $4; next }
		FNR == NR && /^unreached in/ { proctype = ""; next }
		FNR == NR && match($0, /state [0-9]+,/) { missed[proctype, substr($0, RSTART + 6, RLENGTH - 7)] = 1; next }
		FNR == NR { next }
		$1 == "end" { proctype = ""; next }
		$1 == "proctype" { proctype = $2; next }
		proctype == "" { next }
		{ print ((proctype, $1) in missed) ? "missed" : "reached", $2 }
	' report states | sort -u >lines
}

# One line of the table, in a folder of its own; says how it went.
verify() {
	kind=$1 model=$2 name=$3
	shift 3
	mkdir "$kind.$model.$name"
	cd "$kind.$model.$name"
	define=
	for bound; do
		define="$define -D$bound"
	done
	[ "$kind" != defect ] || define="$define -DBUG_$name"
	case $kind in
	ltl) compile=-DNFAIR=3 run="-a -f -N $name" ;;
	ends) compile='-DNP -DNOCLAIM' run=-l ;;
	*) compile='-DSAFETY -DNOCLAIM' run= ;;
	esac
	# shellcheck disable=SC2086 # lists, one word each
	spin $define -o3 -a "$here/$model.pml" >spin.log 2>&1 || {
		cat spin.log
		return 1
	}
	# Not optimised: it takes longer to compile than it saves. By clang where there is one, which takes half as long.
	# shellcheck disable=SC2086
	"$(command -v clang || echo gcc)" -O0 -w -DNOREDUCE $compile -o pan pan.c
	# shellcheck disable=SC2086
	./pan -E -w22 -m20000 $run >report 2>&1 || true
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' report)
	found=$(grep -c 'assertion violated\|acceptance cycle\|non-progress cycle (' report || true)
	case $kind in
	defect)
		[ "$found" -gt 0 ] || {
			cat report
			echo "$model: the defect $name was not found"
			return 1
		}
		;;
	*)
		if [ "$found" -gt 0 ] || ! grep -q 'errors: 0$' report || grep -q 'depth limit\|out of memory\|truncated' report; then
			cat report
			# shellcheck disable=SC2086
			spin $define -t -p -k "$model.pml.trail" "$here/$model.pml" 2>/dev/null | tail -n 60
			echo "$model: $name does not hold"
			return 1
		fi
		[ "$kind" = ltl ] || note_lines
		;;
	esac
	echo "$kind $model $name: $states states"
}

# Every line with a statement is reached within some bounds, but those that say that they can't be.
check_lines() {
	model=$1
	cat ./*."$model".*/lines | awk '
		$1 == "reached" { reached[$2] = 1 }
		{ all[$2] = 1 }
		END { for (line in all) if (!(line in reached)) print line }' | sort >missed."$model"
	grep -n 'unreachable' "$here/$model.pml" | sed 's/:.*//' | sort >marked."$model"
	if cmp -s missed."$model" marked."$model"; then
		echo "$model: every line is reached"
		return 0
	fi
	comm -23 missed."$model" marked."$model" | while read -r line; do
		echo "$model.pml:$line: never reached: $(sed -n "${line}p" "$here/$model.pml")"
	done
	comm -13 missed."$model" marked."$model" | while read -r line; do
		echo "$model.pml:$line: reached, although it says that it can't be"
	done
	return 1
}

if [ "${1:-}" = verify ]; then
	shift
	verify "$@"
	exit
fi
command -v spin >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
table | sed '/^#/d' | xargs -P "${1:-2}" -L 1 sh "$here/run.sh" verify
check_lines link
check_lines group
check_lines commit
check_lines lane
check_lines room
