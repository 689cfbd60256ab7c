/* crasheverywhere.c: every crash there is in a workload, one after the other; see test.h. Each run has a tree of its own, so none knows of another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tractor/test.h>

#define DEADLINE_MS 10000
#define PATHS_MAX 256
#define PATH_BYTES 256

static const char *const moments[] = { "", "after:", "reply:" };
#define MOMENTS (sizeof(moments) / sizeof(moments[0]))

struct everywhere {
	const struct tractor_crash_loop *loop;
	struct tractor_crash_summary summary;
	char paths[PATHS_MAX][PATH_BYTES];
	size_t path_count;
	bool broken; /* it makes no sense to go on */
};

/* --- one run --- */

struct crash {
	const char *path; /* NULL: none */
	const char *moment;
	unsigned message;
	char at[64];
};

static int64_t
deadline_of(const struct tractor_crash_loop *loop)
{
	return loop->deadline_ms > 0 ? loop->deadline_ms : DEADLINE_MS;
}

static const char *
fault_of(const struct tractor_crash_loop *loop)
{
	return loop->fault ? loop->fault : "SIGKILL";
}

static FILE *
report_of(const struct tractor_crash_loop *loop)
{
	return loop->options && loop->options->report ? loop->options->report : stderr;
}

/* It did come to that message: the actor is in another incarnation. */
static bool
has_struck(struct tractor_test *test, const struct crash *crash)
{
	struct tractor_child_info *info;

	if (!crash->path || tractor_which_child(tractor_test_runtime(test), crash->path, &info) != TRACTOR_OK)
		return false;
	bool struck = info->incarnation != 1;
	free(info);
	return struck;
}

static bool
check(struct everywhere *all, struct tractor_test *test)
{
	const struct tractor_crash_loop *loop = all->loop;

	if (!tractor_test_healthy(test, deadline_of(loop)))
		return false;
	if (loop->check(tractor_test_ctx(test), loop->arg))
		return true;
	tractor_test_explain(test);
	return false;
}

/* False: its check failed, or it could not be run. */
static bool
run(struct everywhere *all, const struct crash *crash, bool *ret_struck)
{
	const struct tractor_crash_loop *loop = all->loop;
	struct tractor_test *test = tractor_test_open_with(loop->tree_file, loop->options);

	*ret_struck = false;
	all->broken = !test ||
		      (crash->path && !tractor_test_inject(test, crash->path, fault_of(loop), crash->at)) ||
		      !loop->workload(tractor_test_ctx(test), loop->arg);
	bool good = !all->broken && check(all, test);
	*ret_struck = test && has_struck(test, crash);
	all->summary.runs++;
	all->summary.crashes += *ret_struck;
	return tractor_test_close(test) && good;
}

/* --- all of them --- */

static void
note_failure(struct everywhere *all, const struct crash *crash)
{
	char what[sizeof(all->summary.first_failure)];

	snprintf(what, sizeof(what), "%s in %s at %s", fault_of(all->loop), crash->path, crash->at);
	fprintf(report_of(all->loop), "FAILED: %s\n", what);
	if (all->summary.failures++ == 0)
		memcpy(all->summary.first_failure, what, sizeof(what));
}

static bool
is_enough(const struct everywhere *all)
{
	unsigned wanted = all->loop->failures_max > 0 ? all->loop->failures_max : 1;

	return all->broken || all->summary.failures >= wanted;
}

/* Until the workload has no such message any more. */
static void
crash_at_each_message(struct everywhere *all, const char *path, const char *moment)
{
	bool struck = true;

	for (unsigned message = 1; struck && !is_enough(all); message++) {
		struct crash crash = { .path = path, .moment = moment, .message = message };
		snprintf(crash.at, sizeof(crash.at), "%s*:%u", moment, message);
		if (!run(all, &crash, &struck) && !all->broken)
			note_failure(all, &crash);
	}
}

/* The paths of the actors at and below a node. */
static void
collect(struct everywhere *all, struct tractor_runtime *runtime, const char *path)
{
	struct tractor_child_info *children = NULL;
	size_t count = 0;

	if (tractor_which_children(runtime, path, &children, &count) != TRACTOR_OK)
		return;
	for (size_t i = 0; i < count; i++)
		if (children[i].kind != TRACTOR_KIND_ACTOR)
			collect(all, runtime, children[i].path);
		else if (all->path_count < PATHS_MAX)
			snprintf(all->paths[all->path_count++], PATH_BYTES, "%s", children[i].path);
	free(children);
}

static bool
find_actors(struct everywhere *all)
{
	const char *const *actors = all->loop->actors;
	struct tractor_test *test =
		actors ? NULL : tractor_test_open_with(all->loop->tree_file, all->loop->options);

	for (; actors && *actors && all->path_count < PATHS_MAX; actors++)
		snprintf(all->paths[all->path_count++], PATH_BYTES, "%s", *actors);
	if (test)
		collect(all, tractor_test_runtime(test), NULL);
	return tractor_test_close(test) && all->path_count > 0;
}

static bool
crash_everywhere(struct everywhere *all)
{
	const struct crash none = { .path = NULL };
	bool struck;

	if (!find_actors(all) || !run(all, &none, &struck)) {
		fprintf(report_of(all->loop), "the workload fails without any crash\n");
		return false;
	}
	for (size_t i = 0; i < all->path_count; i++)
		for (size_t moment = 0; moment < MOMENTS; moment++)
			crash_at_each_message(all, all->paths[i], moments[moment]);
	return !all->broken && all->summary.failures == 0;
}

bool
tractor_crash_everywhere(const struct tractor_crash_loop *loop, struct tractor_crash_summary *ret_summary)
{
	struct everywhere *all = calloc(1, sizeof(*all));

	if (!all) {
		fprintf(stderr, "out of memory\n");
		return false;
	}
	all->loop = loop;
	bool held = crash_everywhere(all);
	if (ret_summary)
		*ret_summary = all->summary;
	free(all);
	return held;
}
