/* samples.c: see samples.h. */
#include "samples.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double *samples;
static size_t sample_count, sample_room;

void
sample(double value)
{
	if (sample_count == sample_room) {
		sample_room = sample_room == 0 ? 1024 : sample_room * 2;
		samples = reallocarray(samples, sample_room, sizeof(*samples));
		must(samples != NULL, "memory");
	}
	samples[sample_count++] = value;
}

void
skip(const char *why)
{
	printf("skip: %s\n", why);
	fflush(stdout);
	_exit(0);
}

void
fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	verrx(1, format, arguments);
}

void
must(bool holds, const char *what)
{
	if (!holds)
		fail("%s: %s", what, strerror(errno));
}

uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
sleep_us(unsigned us)
{
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L }, NULL);
}

static double
time_trips(unsigned batch, void (*trip)(void *arg), void *arg)
{
	uint64_t began_ns = clock_ns();

	for (unsigned i = 0; i < batch; i++)
		trip(arg);
	return (double)(clock_ns() - began_ns) / batch;
}

void
sample_trips(const struct plan *plan, unsigned batch, void (*trip)(void *arg), void *arg)
{
	for (unsigned long warm_up = plan->count / 10 + 1; warm_up > 0; warm_up--)
		time_trips(batch, trip, arg);
	for (unsigned long i = 0; i < plan->count; i++) {
		if (plan->pause_us > 0)
			sleep_us(plan->pause_us);
		sample(time_trips(batch, trip, arg));
	}
}

void
sample_oneway(const struct plan *plan, void (*send_all)(void *arg, unsigned long count), void *arg)
{
	send_all(arg, plan->count / 10 + 1);
	for (int i = 0; i < ONEWAY_SAMPLES; i++) {
		uint64_t began_ns = clock_ns();
		send_all(arg, plan->count);
		sample((double)plan->count * 1e9 / (double)(clock_ns() - began_ns));
	}
}

pid_t
fork_peer(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void
fork_strangers(unsigned count)
{
	volatile unsigned long turns = 0;

	for (; count > 0; count--)
		if (fork_peer() == 0)
			for (;;)
				turns++;
}

pid_t
spawn_self(const char *const argv[])
{
	pid_t pid;

	errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char *const *)argv, environ);
	must(errno == 0, "posix_spawn");
	return pid;
}

void
write_block(int fd, const void *block)
{
	must(write(fd, block, BLOCK_BYTES) == BLOCK_BYTES, "write");
}

bool
read_block(int fd, void *block)
{
	return read_bytes(fd, block, BLOCK_BYTES);
}

void
write_bytes(int fd, const void *bytes, size_t size)
{
	for (size_t put = 0; put < size;) {
		ssize_t more = write(fd, (const char *)bytes + put, size - put);
		must(more > 0, "write");
		put += (size_t)more;
	}
}

bool
read_bytes(int fd, void *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t more = read(fd, (char *)bytes + got, size - got);
		if (more <= 0)
			return false;
		got += (size_t)more;
	}
	return true;
}

/* The number behind that word in a file of the kernel's; -1: there is no such file. */
static long
field_of(const char *path, const char *field)
{
	char line[256];
	long found = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			found = strtol(line + strlen(field), NULL, 10);
	fclose(file);
	return found;
}

static double
memory_kib(pid_t pid, const char *field)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	long kib = field_of(path, field);
	if (kib < 0)
		skip("this kernel has no smaps_rollup");
	return (double)kib;
}

double
private_kib(pid_t pid)
{
	return memory_kib(pid, "Private_Clean:") + memory_kib(pid, "Private_Dirty:");
}

double
anonymous_kib(pid_t pid)
{
	return memory_kib(pid, "Anonymous:");
}

unsigned long
wakeups(pid_t pid)
{
	char path[600];
	unsigned long sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	must(threads != NULL, "opendir");
	for (struct dirent *thread; (thread = readdir(threads));) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, thread->d_name);
		long count = field_of(path, "voluntary_ctxt_switches:");
		sum += count > 0 ? (unsigned long)count : 0;
	}
	closedir(threads);
	return sum;
}

int
measure_main(int argc, char **argv, const struct measure *table)
{
	while (argc == 4 && table->name && strcmp(table->name, argv[1]) != 0)
		table++;
	if (argc != 4 || !table->name)
		fail("usage: %s MEASURE COUNT PAUSE_US", argv[0]);
	const struct plan plan = { .count = strtoul(argv[2], NULL, 10),
		.pause_us = (unsigned)strtoul(argv[3], NULL, 10) };
	table->take(&plan);
	for (size_t i = 0; i < sample_count; i++)
		printf("%.1f\n", samples[i]);
	free(samples);
	return fflush(stdout) == 0 ? 0 : 1;
}
