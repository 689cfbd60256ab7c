/* stages.c: see stages.h. The tree's actors are tests/scenario/actors/stage.c. One thread; the runtime's own. */
#include "stages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "leaks.h"
#include "runningtree.h"
#include "testclock.h"

#define SETTLE_MS 20000 /* a few hundred messages behind a restart or two, on a machine that is swamped */

#define KILLS_A_PERIOD_MAX 100000 /* in 5 s: nobody gives up */

static struct fd_table fds_before;

void
stages_fail(const struct stages *stages, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (%lld told, %llu crashes)\n", (long long)stages->told,
		(unsigned long long)stages->crashes);
	exit(1);
}

static void
on_event(void *arg, const struct tractor_event *event)
{
	struct stages *stages = arg;

	if (stages->verbose)
		fprintf(stderr, "%s %s %u: %s\n", event->event, event->path, event->incarnation, event->text);
}

static void
on_line(void *arg, const char *path, uint32_t incarnation, bool is_error, const char *line, size_t length)
{
	(void)arg;
	(void)is_error;
	fprintf(stderr, "%s %u> %.*s\n", path, incarnation, (int)length, line);
}

static struct tractor_verdict
count_crash(void *self, const struct tractor_crash *crash)
{
	struct stages *stages = self;

	(void)crash;
	stages->crashes++;
	return (struct tractor_verdict){ .kind = TRACTOR_VERDICT_DEFAULT };
}

static void
must(const struct stages *stages, tractor_err err, const char *what)
{
	if (err != TRACTOR_OK)
		stages_fail(stages, "%s: %s: %s", what, tractor_err_name(err), tractor_why());
}

/* From the last to the first, so that each finds the next. */
static void
start(struct stages *stages, size_t which)
{
	char name[24], next[40] = "", exec[256];

	snprintf(name, sizeof(name), "s%zu", which);
	snprintf(exec, sizeof(exec), "%s/stage", test_actors_dir());
	if (which + 1 < stages->count)
		snprintf(next, sizeof(next), "/pipeline/s%zu", which + 1);
	const struct tractor_child child = { .name = name,
		.exec = exec,
		.redeliver = true,
		.args = (const char *const[]){ "next", next, NULL } };
	must(stages, tractor_start(stages->runtime, stage, &stages->refs[which], &child), name);
}

void
stages_open(struct stages *stages, size_t count, bool verbose)
{
	*stages = (struct stages){ .count = count, .verbose = verbose };
	stages->policy = (struct tractor_crash_policy){ .self = stages, .on_crash = count_crash };
	const struct tractor_options options = { .name = "pipeline",
		.intensity = KILLS_A_PERIOD_MAX,
		.crash_policy = &stages->policy,
		.on_event = on_event,
		.on_line = on_line,
		.arg = stages };

	fd_table_read(&fds_before);
	must(stages, tractor_runtime_open(&stages->runtime, &options), "open");
	for (size_t i = count; i > 0; i--)
		start(stages, i - 1);
}

void
stages_tell(struct stages *stages)
{
	int64_t number = ++stages->told;

	must(stages,
		tractor_tell(tractor_port(stages->runtime), stages->refs[0], stage_item, .number = number),
		"tell");
	stages->digest = stage_digest(stages->digest, number);
}

pid_t
stages_pid(struct stages *stages, size_t which)
{
	int64_t until_ms = now_ms() + scaled_ms(SETTLE_MS);
	char path[40];

	snprintf(path, sizeof(path), "/pipeline/s%zu", which);
	while (now_ms() < until_ms) {
		struct tractor_child_info *info;
		must(stages, tractor_which_child(stages->runtime, path, &info), path);
		pid_t pid = info->state == TRACTOR_CHILD_RUNNING ? info->pid : 0;
		free(info);
		if (pid > 0)
			return pid;
		tractor_runtime_turn(stages->runtime, 1);
	}
	stages_fail(stages, "%s does not run", path);
}

static bool
is_settled(struct stages *stages, size_t which)
{
	struct stage_total total;
	tractor_err err = tractor_ask(tractor_port(stages->runtime), stages->refs[which], &total, stage_sum);

	if (err == TRACTOR_ECRASHED)
		return false;
	must(stages, err, "ask");
	if (total.count > stages->told || (total.count == stages->told && total.digest != stages->digest))
		stages_fail(stages, "stage %zu has %lld, digest %llx instead of %llx", which,
			(long long)total.count, (unsigned long long)total.digest,
			(unsigned long long)stages->digest);
	return total.count == stages->told;
}

void
stages_settle(struct stages *stages)
{
	int64_t until_ms = now_ms() + scaled_ms(SETTLE_MS);

	for (size_t i = 0; i < stages->count; i++)
		while (!is_settled(stages, i)) {
			if (now_ms() > until_ms)
				stages_fail(stages, "stage %zu has not had all", i);
			tractor_runtime_turn(stages->runtime, 1);
		}
}

void
stages_close(struct stages *stages)
{
	struct findings findings = { .count = 0 };

	tractor_runtime_close(stages->runtime);
	leaks_fds(&fds_before, &findings);
	if (findings.count > 0)
		stages_fail(stages, "%s", findings.text);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		stages_fail(stages, "a process was left behind");
}
