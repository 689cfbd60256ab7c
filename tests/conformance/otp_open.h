/*
 * otp_open.h: a runtime for a case of OTP's, empty or from a file, and how its children start and stop: by orders, which wait for them at gates (otp_child.h).
 */
#ifndef TRACTOR_TESTS_OTP_OPEN_H
#define TRACTOR_TESTS_OTP_OPEN_H

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>

#include "actors/otp_child.h"
#include "seed.h"

#define PERMANENT TRACTOR_PERMANENT
#define TRANSIENT TRACTOR_TRANSIENT
#define TEMPORARY TRACTOR_TEMPORARY
#define ONE_FOR_ONE TRACTOR_ONE_FOR_ONE
#define ONE_FOR_ALL TRACTOR_ONE_FOR_ALL
#define REST_FOR_ONE TRACTOR_REST_FOR_ONE

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define GATES_MAX 64
#define TEXT_MAX 8192
#define SHORT_MS 1000 /* a limit that is meant to be over, but not before a child has been heard of */

/*
 * "Ends by itself": normal, {shutdown, x}, any other reason, killed. A plain `shutdown` of its own a process can't have: that is what an
 * end is called which the supervisor asked for.
 */
static const char *const own_ends[] = { "normal", "done", "exit", "kill" };
/* And what the rules make of it. */
static const char *const own_reasons[] = { "normal", "done", "abnormal", "killed" };

/* One test's; zeroed, as each runs in a process of its own. */
static struct {
	struct seed *seed;
	struct otp_gate {
		char name[64];
		struct gate gate;
	} gates[GATES_MAX];
	size_t gate_count;
	size_t reasons_from, did_from; /* the events before are dealt with */
} otp;

/* --- opening and closing --- */

static inline struct tractor_options
otp_options(struct tractor_options options)
{
	otp.seed = seed_new();
	setenv(OTP_GATES, scenario_dir(), 1);
	options.name = "r";
	options.on_line = seed_on_line;
	options.on_event = seed_on_event;
	options.arg = otp.seed;
	return options;
}

static inline const char *
otp_exec(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/otp_child", test_actors_dir());
	return path;
}

/* A root with no children: begin(.strategy = ONE_FOR_ALL, .intensity = 2). */
#define begin(...) begin_with((struct tractor_options){ __VA_ARGS__ })

static inline void
begin_with(struct tractor_options options)
{
	options = otp_options(options);
	seed_open_with(otp.seed, options);
}

/*
 * Writes the tree file, of which this is what follows its name, "strategy: one_for_all\nchildren: ...", and returns its path.
 * `exec: ./child` is the child's program.
 */
static inline const char *
write_tree(const char *format, va_list args)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof(text), format, args);
	if (access(scenario_path("child"), F_OK) != 0) {
		ck_assert_int_eq(symlink(otp_exec(), scenario_path("child")), 0);
		scenario_keep("child");
	}
	return scenario_write("tree.yaml", "name: r\n%s", text);
}

static inline tractor_err
open_file(const char *format, va_list args)
{
	struct tractor_options options = otp_options((struct tractor_options){ .name = NULL });
	tractor_err err = tractor_runtime_open_file(&otp.seed->rt, write_tree(format, args), &options);

	otp.seed->ctx = err == TRACTOR_OK ? tractor_port(otp.seed->rt) : NULL;
	return err;
}

__attribute__((format(printf, 1, 2))) static inline void
begin_file(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	OK(open_file(format, args));
	va_end(args);
}

/* One that doesn't start, or is refused, for this reason. */
__attribute__((format(printf, 2, 3))) static inline void
begin_file_fails(tractor_err expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	FAILS(expected, open_file(format, args));
	va_end(args);
}

/* The file is another one now, and the tree what it says; or it is refused. */
__attribute__((format(printf, 2, 3))) static inline void
reload(tractor_err expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_tree(format, args);
	va_end(args);
	FAILS(expected, tractor_runtime_reload(otp.seed->rt, NULL, false, NULL, NULL));
}

/* terminate(SupPid, shutdown): the root is asked to come down, and does. */
static inline void
shut_down(void)
{
	tractor_runtime_stop(otp.seed->rt, false);
	OK(tractor_runtime_run(otp.seed->rt));
}

/* The root has come down by itself. TRACTOR_OK: it is done (auto_shutdown); TRACTOR_ECRASHED: it gave up, because of `culprit`. */
static inline void
has_ended(tractor_err expected, const char *culprit)
{
	FAILS(expected, tractor_runtime_run(otp.seed->rt));
	if (expected != TRACTOR_OK)
		ck_assert_contains(tractor_why(), culprit);
}

static inline void
remove_gate(struct otp_gate *gate)
{
	unlink(gate->gate.path);
	gate_close(&gate->gate);
	*gate = otp.gates[--otp.gate_count];
}

static inline void
finish(void)
{
	seed_close(otp.seed);
	while (otp.gate_count > 0)
		remove_gate(&otp.gates[otp.gate_count - 1]);
	memset(&otp, 0, sizeof(otp));
}

/* --- orders --- */

static inline void
give_orders(const char *name, const char *moment, const char *orders)
{
	char gate_name[64];
	size_t i = 0;

	snprintf(gate_name, sizeof(gate_name), "gate.%s.%s", name, moment);
	while (i < otp.gate_count && strcmp(otp.gates[i].name, gate_name) != 0)
		i++;
	if (i == otp.gate_count) {
		ck_assert_uint_lt(otp.gate_count++, GATES_MAX);
		memcpy(otp.gates[i].name, gate_name, sizeof(gate_name));
		otp.gates[i].gate.path = scenario_path(gate_name);
		ck_assert_int_eq(mkfifo(otp.gates[i].gate.path, 0600), 0);
		otp.gates[i].gate.fd = open(otp.gates[i].gate.path, O_RDWR | O_CLOEXEC);
		ck_assert_int_ge(otp.gates[i].gate.fd, 0);
	}
	ck_assert_int_eq(write(otp.gates[i].gate.fd, orders, strlen(orders)), (ssize_t)strlen(orders));
}

/* How `name` starts from now on: an order (enum otp_order) for each start; without any left it hangs. */
static inline void
starts(const char *name, const char *orders)
{
	give_orders(name, "start", orders);
}

/* The same for its stops. */
static inline void
stops(const char *name, const char *orders)
{
	give_orders(name, "stop", orders);
}

/* No orders any more: it comes up. */
static inline void
comes_up(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "gate.%s.start", name);
	for (size_t i = 0; i < otp.gate_count; i++) {
		if (strcmp(otp.gates[i].name, path) != 0)
			continue;
		remove_gate(&otp.gates[i]);
		return;
	}
}

/* Waits until it has come to its gate. */
static inline void
hangs(const char *path)
{
	expect_line(otp.seed, path, "blocked");
}

#endif
