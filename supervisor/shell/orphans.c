/*
 * orphans.c: processes that actors started and left behind. They become children of this one, are reaped when they end, and killed when the tree is closed. Only for a program that has
 * no children but its actors (the command is one): whoever is neither an actor nor a crash policy is taken for an orphan.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell.h"
#include "sys.h"
#include "why.h"

#define CHILDREN_BYTES 16384 /* two thousand; the rest has its turn when these are gone */

static bool
is_ours(struct tractor_runtime *runtime, pid_t pid)
{
	for (struct node *node = runtime->tree ? tree_root(runtime->tree) : NULL; node;
		node = tree_next(runtime->tree, node))
		if (slot_of(node) && slot_of(node)->pid == pid)
			return true;
	return policy_runs(runtime, pid);
}

/*
 * The children of this thread, where the kernel tells (CONFIG_PROC_CHILDREN); calls `each` for those that we did not start. How many they were; -1: that can't be known now.
 */
static int
each_orphan(struct tractor_runtime *runtime, void (*each)(pid_t pid))
{
	char text[CHILDREN_BYTES];
	char path[64], *at = text;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	if (procfile_read(path, text, sizeof(text)) < 0)
		return -1;
	for (char *end; *at; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		if (end == at || *end != ' ') /* a number that was cut off is nobody's */
			break;
		if (is_ours(runtime, pid))
			continue;
		each(pid);
		count++;
	}
	return count;
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
	each_orphan(runtime, reap);
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
	runtime->orphans.watch = (struct watch){ .fd = -1, .ready = child_signal, .arg = runtime };
	tractor_err err = loop_watch(&runtime->loop, &runtime->orphans.watch, fd, EPOLLIN);
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
	for (int rounds = 0; rounds < 100 && each_orphan(runtime, kill_and_reap) != 0; rounds++)
		;
	loop_unwatch(&runtime->loop, &runtime->orphans.watch);
	sys.close(fd);
}
