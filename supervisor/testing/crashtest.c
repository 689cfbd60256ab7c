/*
 * crashtest.c: a tree under test, and what is expected of it. Uses nothing but the public headers, as a user's own helpers would. It keeps the last events, which are what somebody wants to
 * see whose expectation failed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <tractor/test.h>

#define HISTORY_KEPT 100
#define LINE_BYTES 256
#define LEFT_MS 2000 /* for what actors had started, and what the tree's end ends */

struct seen {
	char path[LINE_BYTES];
	uint32_t incarnation;
};

struct tractor_test {
	struct tractor_runtime *runtime;
	struct tractor_options options; /* the program's */
	FILE *report;
	char history[HISTORY_KEPT][LINE_BYTES]; /* a ring */
	unsigned event_count;
	unsigned lost;	   /* dead letters, and what is in quarantine */
	struct seen *seen; /* the actors, as they were at first */
	size_t seen_count;
};

/* --- time --- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is said --- */

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct tractor_test *test = arg;

	snprintf(test->history[test->event_count++ % HISTORY_KEPT], LINE_BYTES, "%s %s#%u %s", event->event,
		event->path, event->incarnation, event->text);
	test->lost += strcmp(event->event, "dead_letter") == 0 || strcmp(event->event, "quarantined") == 0;
	if (test->options.on_event)
		test->options.on_event(test->options.arg, event);
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	const struct tractor_test *test = arg;

	test->options.on_line(test->options.arg, path, incarnation, is_error, line, length);
}

void
tractor_test_explain(struct tractor_test *test)
{
	unsigned first = test->event_count > HISTORY_KEPT ? test->event_count - HISTORY_KEPT : 0;

	fprintf(test->report, "what had happened (crash reports: %s/crashes):\n",
		tractor_runtime_directory(test->runtime));
	for (unsigned i = first; i < test->event_count; i++)
		fprintf(test->report, "  %s\n", test->history[i % HISTORY_KEPT]);
}

/* What was expected, and what is; always false. */
static bool __attribute__((format(printf, 2, 3)))
disappoint(struct tractor_test *test, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(test->report, format, arguments);
	va_end(arguments);
	fputc('\n', test->report);
	tractor_test_explain(test);
	return false;
}

/* --- the tree --- */

/* Those at and below a node, as they are now. */
static bool
remember(struct tractor_test *test, const struct tractor_child_info *info)
{
	struct tractor_child_info *children = NULL;
	size_t count = 0;
	bool good = true;

	if (info->kind == TRACTOR_KIND_ACTOR) {
		struct seen *more = realloc(test->seen, (test->seen_count + 1) * sizeof(*more));
		if (!more)
			return false;
		test->seen = more;
		snprintf(more[test->seen_count].path, LINE_BYTES, "%s", info->path);
		more[test->seen_count++].incarnation = info->incarnation;
		return true;
	}
	if (tractor_which_children(test->runtime, info->path, &children, &count) != TRACTOR_OK)
		return false;
	for (size_t i = 0; i < count && good; i++)
		good = remember(test, &children[i]);
	free(children);
	return good;
}

static bool
remember_all(struct tractor_test *test)
{
	struct tractor_child_info *root;
	bool good = tractor_which_child(test->runtime, NULL, &root) == TRACTOR_OK && remember(test, root);

	if (!good)
		fprintf(test->report, "out of memory\n");
	free(root);
	return good;
}

/* What the test listens to it passes on. */
static struct tractor_options
options_of(struct tractor_test *test)
{
	struct tractor_options options = test->options;

	options.on_event = on_event;
	options.on_line = test->options.on_line ? on_line : NULL;
	options.arg = test;
	return options;
}

static struct tractor_test *
test_new(const struct tractor_test_options *options)
{
	struct tractor_test *test = calloc(1, sizeof(*test));

	if (!test) {
		fprintf(stderr, "out of memory\n");
		return NULL;
	}
	test->report = options && options->report ? options->report : stderr;
	if (options && options->runtime)
		test->options = *options->runtime;
	return test;
}

struct tractor_test *
tractor_test_open_with(const char *tree_file, const struct tractor_test_options *options)
{
	struct tractor_test *test = test_new(options);

	if (!test)
		return NULL;
	const struct tractor_options runtime = options_of(test);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* what an actor leaves behind comes to us */
	if (tractor_runtime_open_file(&test->runtime, tree_file, &runtime) != TRACTOR_OK) {
		fprintf(test->report, "%s\n", tractor_why());
		free(test);
		return NULL;
	}
	if (remember_all(test))
		return test;
	tractor_test_close(test);
	return NULL;
}

struct tractor_test *
tractor_test_open(const char *tree_file)
{
	return tractor_test_open_with(tree_file, NULL);
}

/* Waits for what ends by itself. */
static bool
nobody_is_left(FILE *report)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	pid_t pid = 0;

	for (int64_t until_ms = now_ms() + LEFT_MS; pid == 0 && now_ms() < until_ms;) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	if (pid < 0 && errno == ECHILD)
		return true;
	fprintf(report, "a process was left behind by an actor, or by this program itself\n");
	return false;
}

bool
tractor_test_close(struct tractor_test *test)
{
	if (!test)
		return true;
	FILE *report = test->report;
	tractor_runtime_close(test->runtime);
	free(test->seen);
	free(test);
	return nobody_is_left(report);
}

tractor_ctx *
tractor_test_ctx(struct tractor_test *test)
{
	return tractor_port(test->runtime);
}

struct tractor_runtime *
tractor_test_runtime(struct tractor_test *test)
{
	return test->runtime;
}

bool
tractor_test_inject(struct tractor_test *test, const char *path, const char *fault, const char *at)
{
	if (tractor_runtime_inject(test->runtime, path, fault, at) == TRACTOR_OK)
		return true;
	return disappoint(
		test, "inject %s %s%s%s: %s", path, fault, at ? " at " : "", at ? at : "", tractor_why());
}

/* --- expectations --- */

/* What is waited for: one node, or the whole tree. */
struct wanted {
	const char *path, *last_exit;
	uint32_t incarnation;
	char state[LINE_BYTES]; /* how it is instead */
};

typedef bool condition(struct tractor_test *test, struct wanted *wanted);

static bool
wait_for(struct tractor_test *test, struct wanted *wanted, condition *holds, int64_t deadline_ms)
{
	int64_t until_ms = now_ms() + deadline_ms;

	while (!holds(test, wanted)) {
		if (now_ms() >= until_ms)
			return false;
		if (tractor_runtime_turn(test->runtime, 5) ==
			TRACTOR_ECLOSED) /* it has ended: nothing will change */
			return holds(test, wanted);
	}
	return true;
}

static bool
has_restarted(struct tractor_test *test, struct wanted *wanted)
{
	struct tractor_child_info *info;

	if (tractor_which_child(test->runtime, wanted->path, &info) != TRACTOR_OK) {
		snprintf(wanted->state, sizeof(wanted->state), "%s", tractor_why());
		return false;
	}
	bool holds = info->state == TRACTOR_CHILD_RUNNING && info->incarnation == wanted->incarnation &&
		     (!wanted->last_exit || strcmp(info->last_exit, wanted->last_exit) == 0);
	snprintf(wanted->state, sizeof(wanted->state), "%s, incarnation %u, last exit %s",
		tractor_child_state_name(info->state), info->incarnation,
		*info->last_exit ? info->last_exit : "-");
	free(info);
	return holds;
}

bool
tractor_test_restarted(struct tractor_test *test, const char *path, const char *last_exit,
	uint32_t incarnation, int64_t deadline_ms)
{
	struct wanted wanted = { .path = path, .last_exit = last_exit, .incarnation = incarnation };

	if (wait_for(test, &wanted, has_restarted, deadline_ms))
		return true;
	return disappoint(test, "%s: wanted running, incarnation %u, last exit %s; it is %s", path,
		incarnation, last_exit ? last_exit : "any", wanted.state);
}

static bool
has_given_up(struct tractor_test *test, struct wanted *wanted)
{
	char begins[LINE_BYTES];

	snprintf(begins, sizeof(begins), "gave_up %s#", wanted->path);
	for (unsigned i = 0; i < HISTORY_KEPT && i < test->event_count; i++)
		if (strncmp(test->history[i], begins, strlen(begins)) == 0)
			return true;
	return false;
}

bool
tractor_test_escalated(struct tractor_test *test, const char *path, int64_t deadline_ms)
{
	struct wanted wanted = { .path = path };

	return wait_for(test, &wanted, has_given_up, deadline_ms) ||
	       disappoint(test, "%s did not give up", path);
}

static bool
is_healthy(struct tractor_test *test, struct wanted *wanted)
{
	(void)wanted;
	return tractor_runtime_is_quiet(test->runtime);
}

bool
tractor_test_healthy(struct tractor_test *test, int64_t deadline_ms)
{
	struct wanted wanted = { .path = NULL };

	return wait_for(test, &wanted, is_healthy, deadline_ms) ||
	       disappoint(test, "the tree is not healthy within %lld ms", (long long)deadline_ms);
}

static bool
is_at_or_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool
tractor_test_untouched(struct tractor_test *test, const char *path)
{
	unsigned found = 0;

	for (size_t i = 0; i < test->seen_count; i++) {
		const struct seen *seen = &test->seen[i];
		struct wanted wanted = { .path = seen->path, .incarnation = seen->incarnation };
		if (!is_at_or_below(seen->path, path))
			continue;
		found++;
		if (!has_restarted(test, &wanted))
			return disappoint(test, "%s: wanted untouched, incarnation %u; it is %s", seen->path,
				seen->incarnation, wanted.state);
	}
	return found > 0 || disappoint(test, "there is no %s in the tree", path);
}

bool
tractor_test_nothing_lost(struct tractor_test *test)
{
	return test->lost == 0 ||
	       disappoint(test, "%u message%s lost", test->lost, test->lost == 1 ? " was" : "s were");
}
