/* run.c: a measuring program, from its start to its samples. It has a folder of its own, which is removed, and a limit; what it leaves behind dies with it. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define LIMIT_S 120	  /* for a round: the longest, 1,000 starts, takes some seconds */
#define LONG_LIMIT_S 3600 /* for what comes with --long */

struct running {
	pid_t pid;
	int output;
	char folder[4096];
};

static int
remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

static unsigned long
count_of(const struct setup *setup, const struct figure *figure)
{
	unsigned long count = figure->count / 5;

	switch (setup->size) {
	case SIZE_QUICK: return count > figure->smoke_count ? count : figure->smoke_count;
	case SIZE_SMOKE: return figure->smoke_count;
	default: return figure->count;
	}
}

/* In the child. */
static void
become(const struct setup *setup, const struct figure *figure, const struct running *running, int output)
{
	bool is_script = figure->program[0] == SCRIPT;
	char program[4096], echo[4096], count[32], pause[32];

	snprintf(program, sizeof(program), "%s/%s", is_script ? setup->sources : setup->programs,
		figure->program + is_script);
	snprintf(echo, sizeof(echo), "%s/bench-limits", setup->programs);
	snprintf(count, sizeof(count), "%lu", count_of(setup, figure));
	snprintf(pause, sizeof(pause), "%u", figure->pause_us);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(running->folder) == 0 && dup2(output, STDOUT_FILENO) >= 0)
		execl(program, program, figure->measure, count, pause, is_script ? echo : NULL, NULL);
	if (errno == ENOENT)
		dprintf(STDOUT_FILENO, "skip: not built: its library is not installed\n");
	_exit(errno == ENOENT ? 0 : 1);
}

static bool
begin(const struct setup *setup, const struct figure *figure, struct running *running)
{
	int pipe_fds[2];

	snprintf(running->folder, sizeof(running->folder), "%s/XXXXXX", setup->work);
	if (!mkdtemp(running->folder))
		return false;
	if (pipe2(pipe_fds, O_CLOEXEC) == 0) {
		running->pid = fork();
		if (running->pid == 0)
			become(setup, figure, running, pipe_fds[1]);
		close(pipe_fds[1]);
		running->output = pipe_fds[0];
	}
	if (running->pid > 0)
		return true;
	int error = errno;
	if (running->output >= 0)
		close(running->output);
	rmdir(running->folder);
	errno = error;
	return false;
}

static bool
is_readable(int fd, time_t until)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec < until &&
	       poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, (int)(until - now.tv_sec) * 1000) > 0;
}

/* All that it prints, to be freed; NULL: it takes too long, or there is no memory. */
static char *
read_all(int fd, unsigned limit_s)
{
	struct timespec now;
	size_t size = 0, room = 1 << 20;
	char *text = malloc(room + 1);

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (time_t until = now.tv_sec + limit_s; text && is_readable(fd, until);) {
		ssize_t got = read(fd, text + size, room - size);
		if (got <= 0 || size + (size_t)got == room) {
			text[size] = '\0';
			return text;
		}
		size += (size_t)got;
	}
	free(text);
	return NULL;
}

/* What it ended with; -1: a signal. */
static int
end(struct running *running)
{
	int status;

	close(running->output);
	kill(running->pid, SIGKILL); /* whoever has closed its output has ended, or hangs */
	waitpid(running->pid, &status, 0);
	nftw(running->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
add_samples(struct result *result, const char *text)
{
	size_t before = result->count;
	char *rest;

	for (double value = strtod(text, &rest); rest != text; value = strtod(text, &rest)) {
		double *more = reallocarray(result->samples, result->count + 1, sizeof(*more));
		if (!more)
			return;
		result->samples = more;
		result->samples[result->count++] = value;
		text = rest;
	}
	if (result->count == before) {
		snprintf(result->skipped, sizeof(result->skipped), "it printed no samples");
		return;
	}
	stats_sort(result->samples + before, result->count - before);
	result->medians[result->rounds++] =
		stats_quantile(result->samples + before, result->count - before, 0.5);
}

static void
leave_out(struct result *result, const char *why)
{
	snprintf(result->skipped, sizeof(result->skipped), "%.*s", (int)strcspn(why, "\n"), why);
}

void
run_figure(const struct setup *setup, const struct figure *figure, struct result *result)
{
	static const char skip[] = "skip: ";
	struct running running = { .pid = -1, .output = -1 };

	if (!begin(setup, figure, &running)) {
		leave_out(result, strerror(errno));
		return;
	}
	char *text = read_all(running.output, figure->is_long ? LONG_LIMIT_S : LIMIT_S);
	int code = end(&running);
	if (!text)
		leave_out(result, "it took too long");
	else if (strncmp(text, skip, strlen(skip)) == 0)
		leave_out(result, text + strlen(skip));
	else if (code == 127) /* of env, which the scripts are started by */
		leave_out(result, "what runs it is not installed");
	else if (code != 0)
		leave_out(result, "it failed");
	else
		add_samples(result, text);
	free(text);
}
