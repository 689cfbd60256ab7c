/*
 * signals.c: SIGINT, SIGTERM and SIGHUP as events of the loop, for programs that leave them to the runtime (the command does). The first stops the tree in order, the second at once.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shell.h"
#include "sys.h"
#include "why.h"

static void
signalled(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;
	struct signalfd_siginfo info;

	(void)epoll_events;
	if (sys.read(runtime->signals.watch.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	runtime->signals.last = (int)info.ssi_signo;
	events_note(runtime, "signalled", "", 0, "%s: %s", report_signal_name(runtime->signals.last),
		runtime->signals.count == 0 ? "stopping in order" : "stopping at once");
	tractor_runtime_stop(runtime, runtime->signals.count++ > 0);
}

tractor_err
signals_open(struct tractor_runtime *runtime)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = sys.signalfd(&set);
	if (fd < 0)
		return tri_why(TRACTOR_ESYSTEM, "no signalfd: %s", strerror(errno));
	runtime->signals = (struct signals){ .watch = { .fd = -1, .ready = signalled, .arg = runtime } };
	tractor_err err = loop_watch(&runtime->loop, &runtime->signals.watch, fd, EPOLLIN);
	if (err != TRACTOR_OK)
		sys.close(fd);
	return err;
}

void
signals_close(struct tractor_runtime *runtime)
{
	int fd = runtime->signals.watch.fd;

	if (fd < 0)
		return;
	loop_unwatch(&runtime->loop, &runtime->signals.watch);
	sys.close(fd);
}

int
tractor_runtime_signal(const struct tractor_runtime *runtime)
{
	return runtime->signals.count > 1 ? runtime->signals.last : 0;
}
