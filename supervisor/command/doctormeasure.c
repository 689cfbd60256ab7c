/*
 * doctormeasure.c: what an actor costs here, by starting some: this very program, in the role of an actor that does nothing. The first one counts for nothing: with it the supervisor has got what it needs once and
 * for all. What an actor shares with all others (the code of libraries, say) is nobody's cost; what it shares with the supervisor alone is counted with the supervisor's.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tractor/runtime.h>

#include "doctor.h"

#define KIB 1024
#define NAME_BYTES 32
#define PATH_BYTES (2 * NAME_BYTES)

/*
 * What `tractor run` has open beside a runtime without options: for its terminal's signals and for orphans one each, the command's socket and the four that are kept back for it, for log files two and now
 * and then a file; and while an actor starts, what of its pipes and pairs is for the actor.
 */
#define RUN_FDS 18

#define TRACTOR_STATE struct tractor_none
/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): a hook that is not there is not called */
TRACTOR_ACTOR(doctor, .durable = false);

/* What the supervisor has, which is us. */
struct had {
	uint64_t fds, mappings, resident_kib;
};

/* --- looking --- */

/* Not the one that it is counted by. */
static uint64_t
count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (folder == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1;
}

static uint64_t
count_lines(const char *file)
{
	FILE *stream = fopen(file, "re");
	uint64_t count = 0;

	if (stream == NULL)
		return 0;
	for (int c; (c = getc(stream)) != EOF;)
		count += c == '\n';
	fclose(stream);
	return count;
}

static struct had
look_at_us(void)
{
	return (struct had){ .fds = count_fds(),
		.mappings = count_lines("/proc/self/maps"),
		.resident_kib = doctor_field("/proc/self/smaps_rollup", "Rss") };
}

static uint64_t
field_of(pid_t pid, const char *file, const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return doctor_field(path, name);
}

/* What no other process has, or where the kernel doesn't tell (CONFIG_PROC_PAGE_MONITOR) what is of no file. */
static uint64_t
own_kib(pid_t pid)
{
	uint64_t own = field_of(pid, "smaps_rollup", "Private_Clean") +
		       field_of(pid, "smaps_rollup", "Private_Dirty");

	return own > 0 ? own : field_of(pid, "status", "RssAnon");
}

/* The kernel's own stacks, one for each thread: what is not in a process's memory, and more than that where threads are many. */
static uint64_t
stack_bytes(void)
{
	uint64_t threads = doctor_threads();

	return threads > 0 ? doctor_field("/proc/meminfo", "KernelStack") * KIB / threads : 0;
}

/* --- starting --- */

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *
name_of(unsigned number, char ret_name[NAME_BYTES])
{
	snprintf(ret_name, NAME_BYTES, "idle%u", number);
	return ret_name;
}

static tractor_err
start(struct tractor_runtime *runtime, unsigned number, int64_t *ret_us)
{
	char name[NAME_BYTES];
	int64_t began_us = now_us();
	tractor_err err = tractor_start_child(runtime, NULL,
		&(struct tractor_child){ .name = name_of(number, name), .exec = TRACTOR_SELF }, NULL);

	*ret_us = now_us() - began_us;
	return err;
}

/* Until it has been heard out, and what only its start takes is given back. */
static tractor_err
settle(struct tractor_runtime *runtime)
{
	tractor_err err = TRACTOR_OK;

	while (err == TRACTOR_OK && !tractor_runtime_is_quiet(runtime))
		err = tractor_runtime_turn(runtime, -1);
	return err;
}

static tractor_err
pid_of(struct tractor_runtime *runtime, unsigned number, pid_t *ret_pid)
{
	char path[PATH_BYTES], name[NAME_BYTES];
	struct tractor_child_info *info;

	snprintf(path, sizeof(path), "/doctor-%d/%s", (int)getpid(), name_of(number, name));
	tractor_err err = tractor_which_child(runtime, path, &info);
	if (err != TRACTOR_OK)
		return err;
	*ret_pid = info->pid;
	free(info);
	return TRACTOR_OK;
}

/* --- reckoning --- */

/* What the actors themselves have, all together. */
static tractor_err
look_at_actors(struct tractor_runtime *runtime, struct doctor_cost *sum)
{
	tractor_err err = TRACTOR_OK;
	pid_t pid;

	for (unsigned i = 1; err == TRACTOR_OK && i <= DOCTOR_ACTORS; i++) {
		if ((err = pid_of(runtime, i, &pid)) != TRACTOR_OK)
			break;
		sum->each[CAPACITY_THREADS] += field_of(pid, "status", "Threads");
		sum->own_bytes += own_kib(pid) * KIB;
		sum->kernel_bytes += field_of(pid, "status", "VmPTE") * KIB;
	}
	return err;
}

static int
compare_times(const void *a, const void *b)
{
	int64_t one_us = *(const int64_t *)a, other_us = *(const int64_t *)b;

	return (one_us > other_us) - (one_us < other_us);
}

static struct doctor_cost
reckon(const struct doctor_cost *sum, const struct had *before, const struct had *after,
	int64_t starts_us[DOCTOR_ACTORS])
{
	uint64_t threads = capacity_share(0, sum->each[CAPACITY_THREADS], DOCTOR_ACTORS);
	struct doctor_cost cost = {
		.each = { [CAPACITY_THREADS] = threads,
			[CAPACITY_FDS] = capacity_share(before->fds, after->fds, DOCTOR_ACTORS),
			[CAPACITY_MAPPINGS] =
				capacity_share(before->mappings, after->mappings, DOCTOR_ACTORS) },
		.own_bytes = capacity_share(0, sum->own_bytes, DOCTOR_ACTORS),
		.supervisor_bytes =
			capacity_share(before->resident_kib * KIB, after->resident_kib * KIB, DOCTOR_ACTORS),
		.kernel_bytes = capacity_share(0, sum->kernel_bytes, DOCTOR_ACTORS) + threads * stack_bytes(),
	};

	cost.each[CAPACITY_MEMORY] = cost.own_bytes + cost.supervisor_bytes + cost.kernel_bytes;
	qsort(starts_us, DOCTOR_ACTORS, sizeof(starts_us[0]), compare_times);
	cost.start_us = starts_us[DOCTOR_ACTORS / 2];
	cost.start_max_us = starts_us[DOCTOR_ACTORS - 1];
	return cost;
}

static tractor_err
measure(struct tractor_runtime *runtime, struct doctor_cost *ret_cost)
{
	struct had empty = look_at_us();
	int64_t starts_us[DOCTOR_ACTORS + 1];
	struct doctor_cost sum = { .own_bytes = 0 };
	tractor_err err = start(runtime, 0, &starts_us[0]);

	if (err == TRACTOR_OK)
		err = settle(runtime);
	struct had before = look_at_us();
	for (unsigned i = 1; err == TRACTOR_OK && i <= DOCTOR_ACTORS; i++)
		err = start(runtime, i, &starts_us[i]);
	if (err == TRACTOR_OK)
		err = settle(runtime);
	if (err == TRACTOR_OK)
		err = look_at_actors(runtime, &sum);
	if (err != TRACTOR_OK)
		return err;
	struct had after = look_at_us();
	*ret_cost = reckon(&sum, &before, &after, starts_us + 1);
	ret_cost->fds_taken = empty.fds + RUN_FDS;
	ret_cost->mappings_taken = empty.mappings;
	return TRACTOR_OK;
}

/* --- the whole --- */

/* They end us when nothing of ours is left. */
static void
hold_signals(sigset_t *ret_before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}

tractor_err
doctor_measure(struct doctor_cost *ret_cost)
{
	struct tractor_runtime *runtime;
	char name[NAME_BYTES];
	sigset_t before;

	snprintf(name, sizeof(name), "doctor-%d", (int)getpid());
	hold_signals(&before);
	tractor_err err = tractor_runtime_open(
		&runtime, &(struct tractor_options){ .name = name, .raise_files = true });
	if (err == TRACTOR_OK) {
		err = measure(runtime, ret_cost);
		tractor_runtime_close(runtime);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}
