/* figures.c: see figures.h. All messages carry 64 bytes, but for large payloads; a round trip carries them both ways. */
#include "figures.h"

#include <string.h>

#define ASLEEP_US 1000 /* by then every loop that spins for a while has given up */
#define AFTER_US 20000 /* from one restart to the next: what a crash leaves to be done is done by then */

/* clang-format off */
const struct figure figures[] = {
	/* name, group, ours, unit, program, measure, pause, rounds, count, smoke, long, what */
#define BUSY "round trip, back to back"
	{ "ask.parent", BUSY, true, UNIT_NS, "bench-ours", "ask_from_parent", 0, 0, 2000, 20, false,
		"an ask from the program that has the tree, through its port, handled and answered; mean of 20" },
	{ "ask.actor", BUSY, true, UNIT_NS, "bench-ours", "ask_from_actor", 0, 0, 2000, 20, false,
		"an ask from one actor to another, handled and answered; mean of 20" },
	{ "ask.parent.link", BUSY, true, UNIT_NS, "bench-ours", "link:ask_from_parent", 0, 0, 200, 20, false,
		"the same as ask.parent, without lanes" },
	{ "ask.actor.link", BUSY, true, UNIT_NS, "bench-ours", "link:ask_from_actor", 0, 0, 200, 20, false,
		"the same as ask.actor, without lanes" },
	{ "spin", BUSY, false, UNIT_NS, "bench-limits", "spin", 0, 0, 5000, 20, false,
		"two processes that spin on shared memory; mean of 20" },
	{ "futex", BUSY, false, UNIT_NS, "bench-limits", "futex", 0, 0, 5000, 20, false,
		"two processes, shared memory and a futex" },
	{ "socketpair", BUSY, false, UNIT_NS, "bench-limits", "socketpair", 0, 0, 5000, 20, false,
		"two processes, a UNIX socket pair" },
	{ "nng", BUSY, false, UNIT_NS, "bench-nng", "trips", 0, 0, 2000, 20, false,
		"two processes, nng pair0 over ipc" },
	{ "zmq", BUSY, false, UNIT_NS, "bench-zmq", "trips", 0, 0, 2000, 20, false,
		"two processes, ZeroMQ PAIR over ipc" },
	{ "dbus", BUSY, false, UNIT_NS, "bench-dbus", "trips", 0, 0, 2000, 20, false,
		"a D-Bus call by sd-bus over a socket pair, no broker" },
	{ "erlang.port", BUSY, false, UNIT_NS, "*peer_erlang.escript", "port", 0, 0, 2000, 20, false,
		"an Erlang process and a C program behind a port" },
	{ "erlang.call", BUSY, false, UNIT_NS, "*peer_erlang.escript", "call", 0, 0, 2000, 20, false,
		"two Erlang processes in one VM, a call with its monitor; mean of 20" },
	{ "seed.ask", BUSY, false, UNIT_NS, "*peer_seed.py", "ask", 0, 0, 2000, 20, false,
		"an ask of the Python original, in one process" },
#define ASLEEP "round trip, both asleep between"
	{ "ask.parent.asleep", ASLEEP, true, UNIT_NS, "bench-ours", "ask_from_parent", ASLEEP_US, 0, 200, 5, false,
		"the same as ask.parent, with 1 ms between" },
	{ "ask.actor.asleep", ASLEEP, true, UNIT_NS, "bench-ours", "ask_from_actor", ASLEEP_US, 0, 200, 5, false,
		"the same as ask.actor, with 1 ms between" },
	{ "futex.asleep", ASLEEP, false, UNIT_NS, "bench-limits", "futex", ASLEEP_US, 0, 200, 5, false,
		"the same as futex, with 1 ms between" },
	{ "socketpair.asleep", ASLEEP, false, UNIT_NS, "bench-limits", "socketpair", ASLEEP_US, 0, 200, 5, false,
		"the same as socketpair, with 1 ms between" },
	{ "nng.asleep", ASLEEP, false, UNIT_NS, "bench-nng", "trips", ASLEEP_US, 0, 200, 5, false,
		"the same as nng, with 1 ms between" },
	{ "zmq.asleep", ASLEEP, false, UNIT_NS, "bench-zmq", "trips", ASLEEP_US, 0, 200, 5, false,
		"the same as zmq, with 1 ms between" },
	{ "dbus.asleep", ASLEEP, false, UNIT_NS, "bench-dbus", "trips", ASLEEP_US, 0, 200, 5, false,
		"the same as dbus, with 1 ms between" },
	{ "erlang.port.asleep", ASLEEP, false, UNIT_NS, "*peer_erlang.escript", "port", ASLEEP_US, 0, 200, 5, false,
		"the same as erlang.port, with 1 ms between" },
#define LARGE "round trip with a large payload"
	{ "load", LARGE, true, UNIT_NS, "bench-ours", "load", 0, 0, 200, 3, false,
		"an ask from one actor to another with 1 MiB, which comes back; nobody looks at it but who sends it" },
	{ "load.link", LARGE, true, UNIT_NS, "bench-ours", "link:load", 0, 0, 50, 3, false,
		"the same, without lanes" },
	{ "load.socketpair", LARGE, false, UNIT_NS, "bench-limits", "socketpair_load", 0, 0, 200, 3, false,
		"1 MiB there and back between two processes, by a UNIX socket pair" },
	{ "load64", LARGE, true, UNIT_NS, "bench-ours", "load_largest", 0, 0, 10, 1, false,
		"the same as load, with 64 MiB" },
	{ "load64.link", LARGE, true, UNIT_NS, "bench-ours", "link:load_largest", 0, 2, 5, 1, false,
		"the same, without lanes" },
	{ "load64.socketpair", LARGE, false, UNIT_NS, "bench-limits", "socketpair_load_largest", 0, 0, 10, 1, false,
		"the same as load.socketpair, with 64 MiB" },
#define ONEWAY "one way"
	{ "tell", ONEWAY, true, UNIT_PER_S, "bench-ours", "tell", 0, 0, 500000, 50, false,
		"tells of one actor to another, each accepted and handled" },
	{ "tell.link", ONEWAY, true, UNIT_PER_S, "bench-ours", "link:tell", 0, 0, 10000, 50, false,
		"the same as tell, without lanes" },
	{ "fan_in", ONEWAY, true, UNIT_PER_S, "bench-ours", "fan_in", 0, 0, 800000, 80, false,
		"tells of 8 actors to one, all together" },
	{ "ring", ONEWAY, false, UNIT_PER_S, "bench-limits", "ring", 0, 0, 500000, 50, false,
		"a bare ring in shared memory, as many bytes as a tell has with its header, copied in and out" },
	{ "socketpair.oneway", ONEWAY, false, UNIT_PER_S, "bench-limits", "socketpair_oneway", 0, 0, 200000, 50, false,
		"64-byte writes into a UNIX socket pair" },
	{ "nng.oneway", ONEWAY, false, UNIT_PER_S, "bench-nng", "oneway", 0, 0, 20000, 50, false,
		"nng pair0 over ipc, until all were received" },
	{ "zmq.oneway", ONEWAY, false, UNIT_PER_S, "bench-zmq", "oneway", 0, 0, 500000, 50, false,
		"ZeroMQ PAIR over ipc, until all were received" },
#define SHARES "fairness"
	{ "fan_in.shares", SHARES, true, UNIT_PERCENT, "bench-ours", "shares", 0, 0, 800000, 80, false,
		"of 8 senders, by how much the share that differs most differs from an eighth, when half is handled" },
#define BESIDE "ask beside busy processes"
	{ "neighbour.quiet", BESIDE, true, UNIT_NS, "bench-ours", "ask_from_actor", ASLEEP_US, 0, 1000, 5, false,
		"ask.actor.asleep again: what the next one is held against" },
	{ "neighbour.flood", BESIDE, true, UNIT_NS, "bench-ours", "ask_beside_flood", ASLEEP_US, 0, 1000, 5, false,
		"the same while a third actor floods a fourth" },
	{ "neighbour.busy", BESIDE, true, UNIT_NS, "bench-ours", "ask_beside_strangers", ASLEEP_US, 0, 1000, 5, false,
		"the same while two processes that are no actors count" },
	{ "socketpair.busy", BESIDE, false, UNIT_NS, "bench-limits", "socketpair_busy", ASLEEP_US, 0, 1000, 5, false,
		"socketpair.asleep beside two that count" },
#define RESTART "restart"
	{ "restart.killed", RESTART, true, UNIT_NS, "bench-ours", "restart_killed", AFTER_US, 0, 20, 2, false,
		"from SIGKILL until the supervisor knows that the successor is ready" },
	{ "restart.captured", RESTART, true, UNIT_NS, "bench-ours", "restart_captured", AFTER_US, 0, 20, 2, false,
		"the same from SIGSEGV, with the crash captured" },
	{ "restart.uncaptured", RESTART, true, UNIT_NS, "bench-ours", "restart_uncaptured", AFTER_US, 0, 20, 2, false,
		"the same from SIGSEGV, of an actor that has the capture taken off" },
	{ "restart.spare", RESTART, true, UNIT_NS, "bench-ours", "restart_spare", AFTER_US, 0, 20, 2, false,
		"the same from SIGKILL, with a spare" },
	{ "spawn.restart", RESTART, false, UNIT_NS, "bench-nng", "restart", AFTER_US, 0, 20, 2, false,
		"SIGKILL, wait, posix_spawn, exec, and the first word over an nng pair socket" },
	{ "end", RESTART, false, UNIT_NS, "bench-nng", "end", AFTER_US, 0, 20, 2, false,
		"from SIGKILL until a process with an nng pair socket has ended, which every restart waits for" },
	{ "runit", RESTART, false, UNIT_NS, "bench-supervisors", "runit", 0, 0, 3, 1, false,
		"from SIGKILL until the service runs again under runsv, as it says itself" },
	{ "supervisord", RESTART, false, UNIT_NS, "bench-supervisors", "supervisord", 0, 0, 2, 1, false,
		"the same under supervisord" },
	{ "capture", RESTART, true, UNIT_NS, "bench-ours", "capture", 0, 0, 7, 2, false,
		"what a dying actor itself takes to note its crash: seven fatal signals, one each" },
#define START "start, each of many"
	{ "start", START, true, UNIT_NS, "bench-ours", "start", 0, 4, 1000, 3, false,
		"actors of one tree, one after the other, each ready before the next; mean" },
	{ "spawn", START, false, UNIT_NS, "bench-nng", "start", 0, 4, 1000, 3, false,
		"as many times posix_spawn, exec, and the first word over an nng pair socket; mean" },
#define MEMORY "memory of its own"
	{ "memory", MEMORY, true, UNIT_KIB, "bench-ours", "memory", 0, 0, 4, 2, false,
		"an idle actor" },
	{ "memory.nng", MEMORY, false, UNIT_KIB, "bench-nng", "memory", 0, 0, 4, 2, false,
		"an idle process with one nng pair socket" },
	{ "memory.supervisor", MEMORY, true, UNIT_KIB, "bench-ours", "supervisor_memory", 0, 1, 100000, 100, true,
		"the supervisor's, without files that it maps, in 100 readings over 100,000 restarts" },
#define CROWD "2,000 actors of one tree"
	{ "crowd.start", CROWD, true, UNIT_NS, "bench-ours", "start", 0, 2, 2000, 3, true,
		"one after the other, each ready before the next; mean" },
	{ "crowd.killed", CROWD, true, UNIT_NS, "bench-crowd", "killed", 0, 2, 2000, 3, true,
		"all are killed, one after the other, until all run again; mean" },
	{ "crowd.killed.few", CROWD, true, UNIT_NS, "bench-crowd", "killed", 0, 2, 200, 3, true,
		"the same, of 200" },
	{ "crowd.ask", CROWD, true, UNIT_NS, "bench-crowd", "ask", 0, 2, 2000, 3, true,
		"ask.parent in their midst, when each has just been asked something; mean of 20" },
	{ "crowd.idle", CROWD, true, UNIT_PER_S, "bench-crowd", "idle", 0, 1, 2000, 3, true,
		"how often any thread of theirs or the supervisor's is woken while there is nothing to do" },
};
const size_t figure_count = sizeof(figures) / sizeof(figures[0]);

const struct goal goals[] = {
	/* what, figure, part, against, its part, at least, limit, words, difference */
	{ "ask from the parent, back to back", "ask.parent", 0.5, NULL, 0, false, 1000, "<= 1 us", false },
	{ "", "ask.parent", WHEN_QUIET, NULL, 0, false, 1000, "<= 1 us when quiet", false },
	{ "", "ask.parent", 0.5, "spin", 0.5, false, 3, "<= 3 x spin", false },
	{ "", "ask.parent", 0.5, "erlang.call", 0.5, false, 1, "<= 1 x erlang.call", false },
	{ "", "ask.parent", 0.5, "seed.ask", 0.5, false, 1, "<= 1 x seed.ask", false },
	{ "ask between actors, back to back", "ask.actor", 0.5, NULL, 0, false, 1000, "<= 1 us", false },
	{ "", "ask.actor", WHEN_QUIET, NULL, 0, false, 1000, "<= 1 us when quiet", false },
	{ "", "ask.actor", 0.5, "spin", 0.5, false, 3, "<= 3 x spin", false },
	{ "", "ask.actor", 0.5, "erlang.call", 0.5, false, 1, "<= 1 x erlang.call", false },
	{ "", "ask.actor", 0.5, "seed.ask", 0.5, false, 1, "<= 1 x seed.ask", false },
	{ "ask from the parent, both asleep", "ask.parent.asleep", 0.5, "socketpair.asleep", 0.5, false, 1, "<= 1 x socketpair", false },
	{ "", "ask.parent.asleep", 0.5, "nng.asleep", 0.5, false, 2.0 / 3, "<= 2/3 x nng", false },
	{ "", "ask.parent.asleep", 0.5, "zmq.asleep", 0.5, false, 2.0 / 3, "<= 2/3 x zmq", false },
	{ "ask between actors, both asleep", "ask.actor.asleep", 0.5, "socketpair.asleep", 0.5, false, 1, "<= 1 x socketpair", false },
	{ "", "ask.actor.asleep", 0.5, "nng.asleep", 0.5, false, 2.0 / 3, "<= 2/3 x nng", false },
	{ "", "ask.actor.asleep", 0.5, "zmq.asleep", 0.5, false, 2.0 / 3, "<= 2/3 x zmq", false },
	{ "ask with 1 MiB each way", "load", 0.5, "load.socketpair", 0.5, false, 1, "<= 1 x socketpair", false },
	{ "ask with 64 MiB each way", "load64", 0.5, "load64.socketpair", 0.5, false, 1, "<= 1 x socketpair", false },
	{ "tells, one sender", "tell", 0.5, NULL, 0, true, 8e6, ">= 8 M/s", false },
	{ "", "tell", WHEN_QUIET, NULL, 0, true, 8e6, ">= 8 M/s when quiet", false },
	{ "", "tell", 0.5, "zmq.oneway", 0.5, true, 1.5, ">= 1.5 x zmq", false },
	{ "", "tell", 0.5, "nng.oneway", 0.5, true, 50, ">= 50 x nng", false },
	{ "tells, 8 senders", "fan_in", 0.5, "tell", 0.5, true, 0.8, ">= 0.8 x tell", false },
	{ "their shares", "fan_in.shares", 0.5, NULL, 0, false, 20, "<= 20 % off", false },
	{ "restart with a spare", "restart.spare", 0.5, "runit", 0.5, false, 1.0 / 3, "<= 1/3 x runit", false },
	{ "restart without", "restart.killed", 0.5, "spawn.restart", 0.5, false, 1.3, "<= 1.3 x spawn", false },
	{ "restart, the crash captured", "restart.captured", 0.5, "restart.killed", 0.5, false, 1.1, "<= 1.1 x killed", false },
	{ "", "restart.captured", 0.5, "restart.uncaptured", 0.5, false, 1.1, "<= 1.1 x uncaptured", false },
	{ "capture, in the crashing actor", "capture", 0.5, NULL, 0, false, 1e6, "<= 1 ms", false },
	{ "start of many actors", "start", 0.5, "spawn", 0.5, false, 1.2, "<= 1.2 x spawn", false },
	{ "idle actor, memory of its own", "memory", 0.5, "memory.nng", 0.5, false, 64, "<= nng + 64 KiB", true },
	{ "ask beside a flood, p99", "neighbour.flood", 0.99, "neighbour.quiet", 0.99, false, 2, "<= 2 x quiet", false },
	{ "ask beside two that count, p99", "neighbour.busy", 0.99, "neighbour.quiet", 0.99, false, 2, "<= 2 x quiet", false },
	{ "supervisor's memory, at most / at first", "memory.supervisor", 1, "memory.supervisor", 0.1, false, 1.1, "<= 1.1 x", false },
	{ "2,000 killed at once, each", "crowd.killed", 0.5, "crowd.killed.few", 0.5, false, 1.3, "<= 1.3 x of 200", false },
	{ "start of 2,000, each", "crowd.start", 0.5, "start", 0.5, false, 1.2, "<= 1.2 x of 1,000", false },
	{ "ask among 2,000", "crowd.ask", 0.5, "ask.parent", 0.5, false, 1.2, "<= 1.2 x ask.parent", false },
	{ "2,000 idle, woken", "crowd.idle", 0.5, NULL, 0, false, 0, "never", false },
};
const size_t goal_count = sizeof(goals) / sizeof(goals[0]);
/* clang-format on */

size_t
figure_index(const char *name)
{
	size_t i = 0;

	while (i < figure_count && strcmp(figures[i].name, name) != 0)
		i++;
	return i;
}
