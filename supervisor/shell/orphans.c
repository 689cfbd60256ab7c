/*
 * orphans.c: processes that actors started and left behind. They become children of this one, are reaped when they end, and killed when the tree is closed. Only for a program that has
 * no children but its actors (the command is one): whoever is neither an actor nor a helper (a crash policy, an unwinder) is taken for an orphan.
 *
 * And those of a supervisor that was killed here, which nobody has adopted: they are known by its mark in their environment, or in that of the process below which they run. Who has thrown away
 * his environment, and has lost that process, is not found. What is not known for certain is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor_process.h"
#include "runtime.h"
#include "sys.h"
#include "why.h"

#define ORPHANS_MAX 64	 /* looked for at a time; then the rest */
#define ROUNDS_MAX 100	 /* against what forks faster than it is killed */
#define LEFT_MAX 64	 /* of a killed supervisor's at a time, for each takes an fd; then the rest */
#define LEFT_END_MS 1000 /* from SIGKILL to the end: a ms or so, unless the kernel holds the process */
/* From a child's end to the look at who of all children is whose, which takes the longer the more there are: so that many ends are one look. */
#define LOOK_AFTER_NS (100 * SPEC_MILLISECOND)

static bool
is_ours(struct tractor_runtime *runtime, pid_t pid)
{
	return table_find(&runtime->pids, (uint64_t)pid, 0) || corpses_has(&runtime->corpses, pid) ||
	       policy_runs(runtime, pid) || unwinding_runs(runtime, pid);
}

struct found {
	struct tractor_runtime *runtime;
	pid_t pids[ORPHANS_MAX];
	int count;
};

/* False: there is no room for more. */
static bool
note_orphan(long pid, void *arg)
{
	struct found *found = arg;

	if (!is_ours(found->runtime, (pid_t)pid))
		found->pids[found->count++] = (pid_t)pid;
	return found->count < ORPHANS_MAX;
}

/*
 * The children of this thread, where the kernel tells (CONFIG_PROC_CHILDREN); calls `each` for those that we did not start, or the first of them. How many they were; -1: that can't be known now.
 */
static int
each_orphan(struct tractor_runtime *runtime, void (*each)(pid_t pid))
{
	struct found found = { .runtime = runtime };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	if (!procfile_numbers(path, note_orphan, &found))
		return -1;
	for (int i = 0; i < found.count; i++)
		each(found.pids[i]);
	return found.count;
}

static void
reap(pid_t pid)
{
	sys.waitpid(pid, WNOHANG);
}

static void
kill_and_reap(pid_t pid)
{
	sys.kill(pid, SIGKILL);
	while (sys.waitpid(pid, 0) < 0 && errno == EINTR)
		;
}

static void
child_signal(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;
	struct signalfd_siginfo info;

	(void)epoll_events;
	while (sys.read(runtime->orphans.watch.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	if (!timer_armed(&runtime->orphans.look.timer))
		loop_arm(&runtime->loop, &runtime->orphans.look, runtime->loop.now_ns + LOOK_AFTER_NS);
}

static void
look(void *arg)
{
	struct tractor_runtime *runtime = arg;

	if (each_orphan(runtime, reap) == ORPHANS_MAX)
		loop_arm(&runtime->loop, &runtime->orphans.look, runtime->loop.now_ns + LOOK_AFTER_NS);
}

tractor_err
orphans_open(struct tractor_runtime *runtime)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	int fd = sys.signalfd(&child);
	if (fd < 0 || sys.subreaper() < 0) {
		tractor_err err = tri_why(TRACTOR_ESYSTEM, "cannot adopt orphans: %s", strerror(errno));
		if (fd >= 0)
			sys.close(fd);
		return err;
	}
	runtime->orphans = (struct orphans){ .watch = { .fd = -1, .ready = child_signal, .arg = runtime },
		.look = { .due = look, .arg = runtime } };
	tractor_err err = loop_reserve(&runtime->loop, 1);
	if (err == TRACTOR_OK &&
		(err = loop_watch(&runtime->loop, &runtime->orphans.watch, fd, EPOLLIN)) != TRACTOR_OK)
		loop_reserve(&runtime->loop, -1);
	if (err != TRACTOR_OK)
		sys.close(fd);
	return err;
}

void
orphans_close(struct tractor_runtime *runtime)
{
	int fd = runtime->orphans.watch.fd;

	if (fd < 0)
		return;
	/* Killing one may orphan its own children, which are then ours: until there are none. */
	for (int rounds = 0; rounds < ROUNDS_MAX && each_orphan(runtime, kill_and_reap) != 0; rounds++)
		;
	loop_unwatch(&runtime->loop, &runtime->orphans.watch);
	sys.close(fd);
	loop_disarm(&runtime->loop, &runtime->orphans.look);
	loop_reserve(&runtime->loop, -1);
}

/* --- of a supervisor that was killed --- */

struct left {
	pid_t pid;
	int pidfd;
	char name[32];
};

/* It may be that of another PID namespace, whose numbers mean somebody else here. */
static bool
proc_is_ours(void)
{
	char text[512];
	int pid = 0;

	return procfile_read("/proc/self/stat", text, sizeof(text)) > 0 && sscanf(text, "%d", &pid) == 1 &&
	       pid == getpid();
}

/* 0: it has none, or is gone. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], text[512];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	/* "PID (NAME) STATE PARENT ...", and a name may be anything. */
	const char *end = procfile_read(path, text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static bool
is_below(pid_t pid, pid_t above)
{
	while (pid > 0 && pid != above)
		pid = parent_of(pid);
	return pid > 0;
}

/* Whether it has that entry in its environment, or is the child of one that is left. Whose parent is still the same had that one as its parent all the time that we looked at it. */
static bool
is_left(pid_t pid, const char *entry)
{
	char path[64];

	if (pid <= 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (procfile_lists(path, entry))
		return true;
	pid_t parent = parent_of(pid);
	return is_left(parent, entry) && parent_of(pid) == parent;
}

/* Not us, nor whom we have started or who has started us, should that be something that was left. */
static bool
is_to_end(pid_t pid, const char *entry)
{
	return is_left(pid, entry) && !is_below(pid, getpid()) && !is_below(getpid(), pid);
}

/* Its pidfd is older than all that is read of it: if the number has changed hands meanwhile, the pidfd is of one that has ended, and no signal reaches anybody by it. */
static bool
catch_left(pid_t pid, const char *entry, struct left *ret_left)
{
	struct left left = { .pid = pid, .pidfd = sys.pidfd_open(pid) };
	char path[64];

	if (left.pidfd < 0)
		return false;
	if (!is_to_end(pid, entry)) {
		sys.close(left.pidfd);
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (procfile_read(path, left.name, sizeof(left.name)) < 0)
		left.name[0] = '\0';
	left.name[strcspn(left.name, "\n")] = '\0';
	*ret_left = left;
	return true;
}

/* All before any is ended: a child is known by its parent. */
static size_t
catch_all_left(const char *entry, struct left *left)
{
	int fd = sys.open("/proc", O_RDONLY | O_DIRECTORY, 0);
	DIR *processes = fd < 0 ? NULL : sys.fdopendir(fd);
	size_t count = 0;

	if (!processes && fd >= 0)
		sys.close(fd);
	if (!processes)
		return 0;
	for (struct dirent *process; count < LEFT_MAX && (process = sys.readdir(processes));) {
		pid_t pid = (pid_t)strtol(process->d_name, NULL, 10);
		if (pid > 0 && catch_left(pid, entry, &left[count]))
			count++;
	}
	sys.closedir(processes);
	return count;
}

static bool
ends_soon(const struct left *left)
{
	struct pollfd end = { .fd = left->pidfd, .events = POLLIN };
	int ended;

	do
		ended = sys.poll(&end, 1, LEFT_END_MS);
	while (ended < 0 && errno == EINTR);
	return ended == 1;
}

/* False: one of them lives on, and more than one is not waited for. */
static bool
end_all_left(struct tractor_runtime *runtime, const struct left *left, size_t count)
{
	bool ended = true;

	for (size_t i = 0; i < count; i++)
		if (sys.pidfd_kill(left[i].pidfd, SIGKILL) == 0)
			events_note(runtime, "left_behind", "", 0,
				"process %d (%s), which a killed supervisor had left, is killed",
				(int)left[i].pid, left[i].name);
	for (size_t i = 0; i < count; i++) {
		ended = ended && ends_soon(&left[i]);
		sys.close(left[i].pidfd);
	}
	return ended;
}

void
orphans_end_left(struct tractor_runtime *runtime)
{
	struct left left[LEFT_MAX];
	char entry[sizeof(TRI_ENV_SUPERVISOR) + MARK_BYTES];
	size_t count = 0;

	if (!*runtime->rundir.former || !proc_is_ours())
		return;
	snprintf(entry, sizeof(entry), "%s=%s", TRI_ENV_SUPERVISOR, runtime->rundir.former);
	/* Some may have started others before they ended. */
	for (int rounds = 0; rounds < ROUNDS_MAX && (count = catch_all_left(entry, left)) > 0; rounds++)
		if (!end_all_left(runtime, left, count))
			return;
}
