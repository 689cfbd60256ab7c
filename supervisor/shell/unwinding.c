/*
 * unwinding.c: has crashes made readable, each by a process of its own that reads the captured stack and says which functions and lines it went through. That begins a moment after the death: the restart goes
 * first. Few at a time, and not many in line; each has its time, and so many bytes for its answer. Whatever goes wrong costs a report its names, and the report says so.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "consult.h"
#include "host.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "unwound.h"
#include "why.h"

#define BEGIN_NS (20 * SPEC_MILLISECOND) /* a restart takes two or three ms, on a busy machine ten */
#define LIMIT_NS (2 * SPEC_SECOND)	 /* a large program's debug information takes half a second */
#define STARVED_NS SPEC_SECOND		 /* who has used less of the CPU in that time didn't get it */
#define ATTEMPTS_MAX 2			 /* on a machine that is swamped */
#define JOBS_MAX 16			 /* each is some hundred KiB: what crashes faster is alike anyway */
#define RUNNING_MAX 2			 /* what they do is work for a CPU */
#define CLOSE_NS \
	(2 * SPEC_SECOND) /* when a tree ends because something crashed, that crash is what matters */

struct unwinding_job {
	struct unwinding_job *next;
	struct tractor_runtime *runtime;
	json_t *report;
	char *path; /* of the actor */
	uint32_t incarnation;
	struct tri_fault *fault;
	int64_t due_ns; /* not to be started before */
	unsigned attempts;
	struct consult program;
};

/* --- the line --- */

static void
job_free(struct unwinding_job *job)
{
	if (!job)
		return;
	json_decref(job->report);
	free(job->path);
	free(job->fault);
	free(job->program.answer);
	free(job);
}

static void
leave_line(struct unwinding_job *job)
{
	struct unwinding *unwinding = &job->runtime->unwinding;
	struct unwinding_job **at = &unwinding->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	unwinding->count--;
}

static struct unwinding_job *
first_in_line(const struct unwinding *unwinding)
{
	struct unwinding_job *job = unwinding->jobs;

	while (job && job->program.running)
		job = job->next;
	return job;
}

/* The first in line is started when it is due and there is room for it. */
static void
arm(struct tractor_runtime *runtime)
{
	const struct unwinding *unwinding = &runtime->unwinding;
	const struct unwinding_job *first = first_in_line(unwinding);

	if (first && unwinding->running < RUNNING_MAX)
		loop_arm(&runtime->loop, &runtime->unwinding.begin, first->due_ns);
}

/* It is over, one way or the other: `symbols` is what the report says of it. */
static void
conclude(struct unwinding_job *job, const char *symbols)
{
	struct tractor_runtime *runtime = job->runtime;
	bool done = strcmp(symbols, UNWINDING_DONE) == 0;
	const char *id = json_string_value(json_object_get(job->report, "id"));
	char top[UNWOUND_TOP_BYTES];

	leave_line(job);
	json_object_set_new(job->report, "symbols", json_string(symbols));
	inventory_rewrite(runtime, job->report, job->path, job->incarnation);
	if (done)
		events_note(runtime, "unwound", job->path, job->incarnation,
			"crashed in %s; see: tractor crashes show %s", unwound_top(job->report, top),
			id ? id : "");
	else
		events_note(runtime, "unwind_failed", job->path, job->incarnation, "%s", symbols);
	job_free(job);
	arm(runtime);
}

/* --- one of them --- */

static int64_t
nanoseconds(struct timeval time)
{
	return time.tv_sec * SPEC_SECOND + time.tv_usec * (SPEC_MILLISECOND / 1000);
}

/* True if it had no chance, and gets another one. */
static bool
tries_again(struct unwinding_job *job, const struct rusage *usage)
{
	if (job->attempts == ATTEMPTS_MAX ||
		nanoseconds(usage->ru_utime) + nanoseconds(usage->ru_stime) > STARVED_NS)
		return false;
	free(job->program.answer);
	job->program.answer = NULL;
	arm(job->runtime);
	return true;
}

static void
take_answer(struct unwinding_job *job, bool overdue, bool exited_well)
{
	const struct consult *program = &job->program;
	const char *symbols = UNWINDING_DONE;
	tractor_err err = TRACTOR_OK;

	if (overdue)
		symbols = "the unwinder took longer than 2 s";
	else if (program->answer_bytes > UNWOUND_MAX_BYTES)
		symbols = "the unwinder said too much";
	else if (!exited_well)
		symbols = "the unwinder failed";
	else
		err = unwound_take(job->report, program->answer, program->answer_bytes);
	if (err != TRACTOR_OK)
		symbols = err == TRACTOR_ENOMEM ? "out of memory" : "the unwinder's answer makes no sense";
	conclude(job, symbols);
}

static void
on_over(void *arg, const struct consult_end *end)
{
	struct unwinding_job *job = arg;
	bool overdue = end->overdue || end->signal == SIGALRM; /* by our clock, or its own */

	job->runtime->unwinding.running--;
	if (!overdue || !tries_again(job, &end->usage))
		take_answer(job, overdue, end->exited_well);
}

/* A file of its own with the captured fault, for the child to read. -1: errno says why. */
static int
make_input(const struct tri_fault *fault)
{
	int fd = sys.memfd("tractor-crash", 0);
	size_t put = 0;

	while (fd >= 0 && put < sizeof(*fault)) {
		ssize_t some = sys.write(fd, (const char *)fault + put, sizeof(*fault) - put);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0) {
			int error = errno;
			sys.close(fd);
			errno = error;
			return -1;
		}
		put += (size_t)some;
	}
	return fd;
}

/* With room for a byte more than it may say. */
static tractor_err
start(struct unwinding_job *job)
{
	static char *const no_environment[] = { NULL };
	struct tractor_runtime *runtime = job->runtime;
	char *argv[] = { runtime->unwinding.program, NULL };

	job->program.answer = malloc(UNWOUND_MAX_BYTES + 1);
	if (!job->program.answer)
		return runtime_explained(TRACTOR_ENOMEM);
	int input = make_input(job->fault);
	if (input < 0)
		return host_refused(errno, "memfd_create", "a file for the unwinder");
	struct spawn_plan plan = { .path = argv[0],
		.argv = argv,
		.envp = no_environment,
		.fds = { input, -1, -1 },
		.fd_count = 3,
		.files = host_files_before(&runtime->files),
		.pad = &runtime->pad };
	tractor_err err = consult_begin(&job->program, &plan, LIMIT_NS);
	sys.close(input);
	if (err != TRACTOR_OK)
		return runtime_explained(err);
	job->attempts++;
	runtime->unwinding.running++;
	return TRACTOR_OK;
}

static void
begin(void *arg)
{
	struct tractor_runtime *runtime = arg;
	struct unwinding_job *job = first_in_line(&runtime->unwinding);

	if (start(job) != TRACTOR_OK)
		conclude(job, tractor_why());
	else
		arm(runtime);
}

/* --- what others ask for --- */

static struct unwinding_job *
job_new(const struct remains *remains)
{
	const struct slot *slot = remains->slot;
	struct unwinding_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	*job = (struct unwinding_job){ .runtime = slot->runtime,
		.report = json_incref(remains->report),
		.path = strdup(slot->node->path),
		.incarnation = remains->incarnation,
		.fault = malloc(sizeof(*job->fault)),
		.due_ns = slot->runtime->loop.now_ns + BEGIN_NS };
	job->program = (struct consult){ .loop = &slot->runtime->loop,
		.corpses = &slot->runtime->corpses,
		.over = on_over,
		.arg = job,
		.answer_room = UNWOUND_MAX_BYTES + 1 };
	if (job->path && job->fault)
		return job;
	job_free(job);
	return NULL;
}

const char *
unwinding_prospect(const struct remains *remains)
{
	const struct unwinding *unwinding = &remains->slot->runtime->unwinding;

	if (!remains->box || !tri_blackbox_fault(remains->box))
		return "nothing was captured";
	if (!unwinding->program)
		return "there is no tractor-unwind";
	return unwinding->count < JOBS_MAX ? UNWINDING_PENDING : "too much crashed at once";
}

void
unwinding_add(const struct remains *remains)
{
	struct tractor_runtime *runtime = remains->slot->runtime;
	struct unwinding_job *job = job_new(remains), **last = &runtime->unwinding.jobs;

	if (!job)
		return; /* it stays pending */
	memcpy(job->fault, &remains->box->fault, sizeof(*job->fault));
	while (*last)
		last = &(*last)->next;
	*last = job;
	runtime->unwinding.count++;
	arm(runtime);
}

bool
unwinding_runs(const struct tractor_runtime *runtime, pid_t pid)
{
	const struct unwinding_job *job = runtime->unwinding.jobs;

	while (job && !(job->program.running && job->program.process.pid == pid))
		job = job->next;
	return job != NULL;
}

tractor_err
unwinding_open(struct tractor_runtime *runtime)
{
	runtime->unwinding.program = unwinder_find();
	runtime->unwinding.begin = (struct alarm){ .due = begin, .arg = runtime };
	return loop_reserve(&runtime->loop, 1);
}

void
unwinding_finish(struct tractor_runtime *runtime)
{
	int64_t until_ns = runtime->loop.now_ns + CLOSE_NS;

	/* A second signal says: at once. */
	while (runtime->unwinding.jobs && runtime->loop.now_ns < until_ns &&
		tractor_runtime_signal(runtime) == 0)
		if (turn_wait(runtime, until_ns) != TRACTOR_OK)
			return;
}

void
unwinding_close(struct tractor_runtime *runtime)
{
	struct unwinding *unwinding = &runtime->unwinding;

	for (struct unwinding_job *job; (job = unwinding->jobs);) {
		unwinding->jobs = job->next;
		consult_give_up(&job->program);
		job_free(job);
	}
	loop_disarm(&runtime->loop, &unwinding->begin);
	free(unwinding->program);
	unwinding->program = NULL;
}
