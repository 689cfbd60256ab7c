/* ours_tree.c: the tree, and who is in it. */
#include "ours_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANY_NUMBER \
	5000 /* of restarts in PERIOD_MS: as many as nobody is fast enough for; what is remembered of them is soon all in use */
#define PERIOD_MS 1000

void
ok(tractor_err err)
{
	if (err != TRACTOR_OK)
		fail("tractor: %s: %s", tractor_err_name(err), tractor_why());
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct tree *tree = arg;

	if (strcmp(event->event, "spare_ready") == 0)
		tree->spare_count++;
	if (strcmp(event->event, "running") != 0)
		return;
	tree->running_ns = clock_ns();
	tree->running_count++;
}

void
open_tree(struct tree *tree)
{
	*tree = (struct tree){ .running_ns = 0 };
	setenv("TRACTOR_RUN_DIR", ".", 1);
	ok(tractor_runtime_open(&tree->runtime, &(struct tractor_options){ .name = "bench",
							.intensity = ANY_NUMBER,
							.period_ms = PERIOD_MS,
							.on_event = on_event,
							.arg = tree,
							.raise_files = true }));
	tree->ctx = tractor_port(tree->runtime);
}

const char *
actor_program(void)
{
	static char path[4096];

	if (*path)
		return path;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("bench-actor"));

	must(length > 0, "readlink");
	path[length] = '\0';
	memcpy(strrchr(path, '/') + 1, "bench-actor", sizeof("bench-actor"));
	return path;
}

bench_ref
start_actor_with(struct tree *tree, const char *name, const char *const *args)
{
	bench_ref ref;

	ok(tractor_start(tree->runtime, bench, &ref,
		&(struct tractor_child){
			.name = name, .exec = actor_program(), .args = args, .shutdown_ms = TRACTOR_KILL }));
	return ref;
}

bench_ref
start_actor(struct tree *tree, const char *name)
{
	return start_actor_with(tree, name, NULL);
}

bench_ref
start_numbered(struct tree *tree, unsigned long number)
{
	char name[32];

	snprintf(name, sizeof(name), "a%lu", number);
	return start_actor(tree, name);
}

/* Rounded up: what is left of a ms, turned about in, would take a processor from who is measured. */
void
live_on(struct tree *tree, uint64_t ms)
{
	for (uint64_t until_ns = clock_ns() + ms * 1000000, now_ns; (now_ns = clock_ns()) < until_ns;)
		ok(tractor_runtime_turn(tree->runtime, (int64_t)((until_ns - now_ns + 999999) / 1000000)));
}

pid_t
pid_of(struct tree *tree, const char *path)
{
	struct tractor_child_info *info;

	ok(tractor_which_child(tree->runtime, path, &info));
	pid_t pid = info->pid;
	free(info);
	return pid;
}

pid_t
pid_of_numbered(struct tree *tree, unsigned long number)
{
	char path[64];

	snprintf(path, sizeof(path), "/bench/a%lu", number);
	return pid_of(tree, path);
}

unsigned
batch_of(const struct plan *plan, unsigned long load_bytes)
{
	return plan->pause_us == 0 && load_bytes == 0 ? 20 : 1;
}

void
trip(void *arg)
{
	struct asked *asked = arg;
	struct bench_block block;

	ok(tractor_ask(asked->tree.ctx, asked->ref, &block, bench_echo, .from = 1));
}
