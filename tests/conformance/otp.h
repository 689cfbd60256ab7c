/*
 * otp.h: what the files otp_process_*_test.c share: OTP's supervisor cases with real processes, through the public API. They read as those
 * of otp_core_*_test.c do against the core: the same questions (which_children, count_children, exit reasons, who was started and stopped
 * in which order), answered here by the runtime, and by the events of its tree. Each waits, up to a deadline, until it is as expected.
 *
 * How a child starts and stops is planned by orders, which wait for it at gates (otp_child.h); how it ends by itself it is told, or killed.
 */
#ifndef TRACTOR_TESTS_OTP_H
#define TRACTOR_TESTS_OTP_H

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
#define SHORT_MS 200 /* a limit that is meant to be over */

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

/* --- what there is: which_children, count_children --- */

__attribute__((format(printf, 3, 4))) static inline void
append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

static inline const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static inline void
children_text(const char *path, char *text, size_t size)
{
	struct tractor_child_info *items = NULL;
	size_t count = 0;
	tractor_err err = tractor_which_children(otp.seed->rt, path, &items, &count);

	*text = '\0';
	if (err != TRACTOR_OK)
		append(text, size, "%s: %s", tractor_err_name(err), tractor_why());
	for (size_t i = 0; err == TRACTOR_OK && i < count; i++)
		append(text, size, "%s%s %s", i > 0 ? ", " : "", last_part(items[i].path),
			tractor_child_state_name(items[i].state));
	free(items);
}

/* Turns the runtime, until `text_of(arg)` is as expected. Of a tree that has ended nothing more comes. */
static inline void
becomes(const char *what, void (*text_of)(const char *arg, char *text, size_t size), const char *arg,
	const char *expected)
{
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS), left_ms;
	char text[TEXT_MAX];

	for (;;) {
		text_of(arg, text, sizeof(text));
		if (strcmp(text, expected) == 0)
			return;
		left_ms = until_ms - now_ms();
		if (left_ms <= 0 || otp.seed->rt == NULL ||
			tractor_runtime_turn(otp.seed->rt, left_ms) != TRACTOR_OK)
			break;
	}
	text_of(arg, text, sizeof(text));
	if (strcmp(text, expected) == 0)
		return;
	seed_show(&otp.seed->events);
	seed_show(&otp.seed->lines);
	ck_abort_msg("%s %s: '%s',\nexpected '%s'", what, arg, text, expected);
}

/* which_children: "a running, b stopped"; "": none. Oldest first, where OTP has the newest first. */
static inline void
children(const char *path, const char *expected)
{
	becomes("the children of", children_text, path, expected);
}

/* count_children: [specs, active, supervisors, workers], now. */
static inline void
counts(const char *path, uint32_t specs, uint32_t active, uint32_t supervisors, uint32_t workers)
{
	struct tractor_child_counts found;

	OK(tractor_count_children(otp.seed->rt, path, &found));
	ck_assert_msg(found.specs == specs && found.active == active && found.supervisors == supervisors &&
			      found.workers == workers,
		"the counts of %s are [%u,%u,%u,%u], expected [%u,%u,%u,%u]", path, found.specs, found.active,
		found.supervisors, found.workers, specs, active, supervisors, workers);
}

/* One child; to be freed. */
static inline struct tractor_child_info *
info_of(const char *path)
{
	struct tractor_child_info *info;

	OK(tractor_which_child(otp.seed->rt, path, &info));
	return info;
}

static inline pid_t
pid_of(const char *path)
{
	struct tractor_child_info *info = info_of(path);
	pid_t pid = info->pid;

	free(info);
	return pid;
}

static inline uint32_t
incarnation_of(const char *path)
{
	struct tractor_child_info *info = info_of(path);
	uint32_t incarnation = info->incarnation;

	free(info);
	return incarnation;
}

static inline void
is_gone(const char *path)
{
	struct tractor_child_info *info;

	FAILS(TRACTOR_ENOACTOR, tractor_which_child(otp.seed->rt, path, &info));
}

/* --- what happened: exit reasons, and the order of things --- */

static inline bool
is_end(const struct seed_note *note)
{
	return strcmp(note->what, "ended") == 0 || strcmp(note->what, "crashed") == 0;
}

/* Whether that incarnation had come up, or was stopped, before the event at `end`: else its end is a failed start. */
static inline bool
had_come_up(const struct seed_notes *events, size_t end)
{
	const struct seed_note *of = &events->notes[end];

	for (size_t i = end; i-- > 0;) {
		const struct seed_note *note = &events->notes[i];

		if (strcmp(note->path, of->path) == 0 && note->incarnation == of->incarnation &&
			(strcmp(note->what, "running") == 0 || strcmp(note->what, "stopping") == 0))
			return true;
	}
	return false;
}

/*
 * The exit reason in the rules' words, of the obituary: "ended: shutdown", "ended: SIGKILL" (by its supervisor), "crashed: pid 12: exit 3;
 * restart". A SIGKILL is put down to the kernel's OOM killer if that has struck lately, anywhere on this machine.
 */
static inline void
reason_text(const struct seed_notes *events, size_t at, char *text, size_t size)
{
	const struct seed_note *note = &events->notes[at];
	bool crashed = strcmp(note->what, "crashed") == 0;
	const char *says = crashed ? strstr(note->text, ": ") + 2 : note->text;

	if (crashed && !had_come_up(events, at))
		says = strncmp(says, "exit 125", 8) == 0 ? "permanent_failure" : "start_failed";
	else if (strncmp(says, "SIGKILL", 7) == 0 || strncmp(says, "oom", 3) == 0)
		says = "killed";
	else if (crashed)
		says = "abnormal";
	append(text, size, "%s%s:%.*s", *text != '\0' ? " " : "", last_part(note->path),
		(int)strcspn(says, ":"), says);
}

static inline void
reasons_text(const char *arg, char *text, size_t size)
{
	const struct seed_notes *events = &otp.seed->events;

	(void)arg;
	*text = '\0';
	for (size_t i = otp.reasons_from; i < events->count; i++)
		if (is_end(&events->notes[i]))
			reason_text(events, i, text, size);
}

/* What has ended since the last time, in order, and how: "b:killed a:shutdown". Processes only: supervisors have none. */
static inline void
reasons(const char *expected)
{
	becomes("there ended", reasons_text, "", expected);
	otp.reasons_from = otp.seed->events.count;
}

static inline int
compare_words(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static inline void
sorted_reasons_text(const char *arg, char *text, size_t size)
{
	char *words[256], *rest, unsorted[TEXT_MAX];
	size_t count = 0;

	reasons_text(arg, unsorted, sizeof(unsorted));
	for (char *word = strtok_r(unsorted, " ", &rest); word != NULL && count < COUNT_OF(words);
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	qsort(words, count, sizeof(words[0]), compare_words);
	*text = '\0';
	for (size_t i = 0; i < count; i++)
		append(text, size, "%s%s", i > 0 ? " " : "", words[i]);
}

/* The same, sorted: of those that end at the same time, such as a pool's members. */
static inline void
reasons_sorted(const char *expected)
{
	becomes("there ended", sorted_reasons_text, "", expected);
	otp.reasons_from = otp.seed->events.count;
}

static inline void
did_text(const char *arg, char *text, size_t size)
{
	const struct seed_notes *events = &otp.seed->events;

	(void)arg;
	*text = '\0';
	for (size_t i = otp.did_from; i < events->count; i++) {
		const struct seed_note *note = &events->notes[i];
		const char *name = last_part(note->path), *space = *text != '\0' ? " " : "";

		if (strcmp(note->what, "starting") == 0)
			append(text, size, "%s+%s", space, name);
		else if (strcmp(note->what, "stopping") == 0)
			append(text, size, "%s-%s", space, name);
		else if (strcmp(note->what, "gave_up") == 0)
			append(text, size, "%s~%s(%.*s)", space, name,
				(int)strcspn(last_part(note->text), " "), last_part(note->text));
	}
}

/* What was done since the last time: +a: started, -a: stopped, ~r(a): r gives up because of a. Supervisors, too. */
static inline void
did(const char *expected)
{
	becomes("it did", did_text, "", expected);
	otp.did_from = otp.seed->events.count;
}

static inline void
forget_log(void)
{
	otp.reasons_from = otp.did_from = otp.seed->events.count;
}

/* --- what a test does to them --- */

static inline child_ref
ref_of(const char *path)
{
	child_ref ref;

	OK(tractor_find(otp.seed->ctx, child, path, &ref));
	return ref;
}

/* Waits for an end of that one behind the first `from` events; its supervisor has acted on it then. */
static inline void
has_end(const char *path, size_t from)
{
	const struct seed_notes *events = &otp.seed->events;
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS);

	for (size_t i = from;; i++) {
		while (i == events->count)
			if (now_ms() > until_ms ||
				tractor_runtime_turn(otp.seed->rt, until_ms - now_ms()) != TRACTOR_OK)
				seed_complain(otp.seed, "the end of", path, NULL);
		if (is_end(&events->notes[i]) && strcmp(events->notes[i].path, path) == 0)
			return;
	}
}

/* Has it end by itself (own_ends, or as death.h has it), without waiting for that. */
static inline void
begin_to_end(const char *path, const char *how)
{
	if (strcmp(how, "kill") == 0)
		ck_assert_int_eq(kill(pid_of(path), SIGKILL), 0);
	else
		OK(tractor_tell(otp.seed->ctx, ref_of(path), child_end, .how = how));
}

static inline void
ends(const char *path, const char *how)
{
	size_t from = otp.seed->events.count;

	begin_to_end(path, how);
	has_end(path, from);
}

static inline void
crash(const char *path)
{
	ends(path, "exit");
}

/* start_child: add(.name = "a", .under = "/r/s"): under the root, if not said otherwise, with the child's program. */
#define add(...) OK(add_child((struct tractor_child){ __VA_ARGS__ }))
#define add_fails(expected, ...) FAILS(expected, add_child((struct tractor_child){ __VA_ARGS__ }))

static inline tractor_err
add_child(struct tractor_child child)
{
	child.exec = child.exec != NULL ? child.exec : otp_exec();
	return tractor_start_child(otp.seed->rt, NULL, &child, NULL);
}

static inline tractor_err
add_member(const char *pool, const char *name)
{
	return tractor_start_child(
		otp.seed->rt, NULL, &(struct tractor_child){ .name = name, .under = pool }, NULL);
}

/* m1, m2, ... are started in that pool, and come up. */
static inline void
add_members(const char *pool, int count)
{
	char name[16];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		OK(add_member(pool, name));
	}
}

#define add_sup(...) OK(tractor_start_supervisor(otp.seed->rt, &(struct tractor_supervisor){ __VA_ARGS__ }))

/* A pool below the root: add_pool("p", intensity, .restart = ..., for its members). */
#define add_pool(pool_name, pool_intensity, ...)                                         \
	OK(tractor_start_pool(otp.seed->rt, &(struct tractor_pool){ .name = (pool_name), \
						    .intensity = (pool_intensity),       \
						    .member = { .exec = otp_exec(), __VA_ARGS__ } }))

static inline void
terminate(const char *path)
{
	OK(tractor_terminate_child(otp.seed->rt, path));
}

static inline void
restart_child(const char *path)
{
	OK(tractor_restart_child(otp.seed->rt, path));
}

static inline void
delete_child(const char *path)
{
	OK(tractor_delete_child(otp.seed->rt, path));
	is_gone(path);
}

#endif
