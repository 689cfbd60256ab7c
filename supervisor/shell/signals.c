/*
 * signals.c: SIGINT, SIGTERM and SIGHUP as events of the loop, for programs that leave them to the runtime (the command does). The first stops the tree in order, the second at once.
 * Meanwhile they are blocked, and afterwards as they were before.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime.h"
#include "sys.h"
#include "why.h"

#define ECHO_NS (INT64_C(100) * 1000000) /* nobody presses Ctrl-C twice in that time and means it */

/* timeout(1), for one, sends a signal to a process, and then the same to its group: that is one signal. */
static bool
is_echo(const struct signals *signals, int signal, int64_t now_ns)
{
	return signals->count > 0 && signal == signals->last && now_ns - signals->last_ns < ECHO_NS;
}

static void
signalled(void *arg, uint32_t epoll_events)
{
	struct tractor_runtime *runtime = arg;
	struct signals *signals = &runtime->signals;
	struct signalfd_siginfo info;

	(void)epoll_events;
	if (sys.read(signals->watch.fd, &info, sizeof(info)) != (ssize_t)sizeof(info) ||
		is_echo(signals, (int)info.ssi_signo, runtime->loop.now_ns))
		return;
	signals->last = (int)info.ssi_signo;
	signals->last_ns = runtime->loop.now_ns;
	events_note(runtime, "signalled", "", 0, "%s: %s", report_signal_name(signals->last),
		signals->count == 0 ? "stopping in order" : "stopping at once");
	tractor_runtime_stop(runtime, signals->count++ > 0);
}

/* Who is started by nohup is to outlive its terminal; but blocked, and so as an event, a signal comes although it is ignored. */
static bool
is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Blocks them, and notes which of them were not blocked before. */
static void
block(struct signals *signals, sigset_t *ret_set)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t before;

	sigemptyset(ret_set);
	sigemptyset(&signals->blocked);
	sigprocmask(SIG_BLOCK, NULL, &before);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (ours[i] == SIGHUP && is_ignored(SIGHUP))
			continue;
		sigaddset(ret_set, ours[i]);
		if (!sigismember(&before, ours[i]))
			sigaddset(&signals->blocked, ours[i]);
	}
	sigprocmask(SIG_BLOCK, &signals->blocked, NULL);
}

tractor_err
signals_open(struct tractor_runtime *runtime)
{
	sigset_t set;

	runtime->signals = (struct signals){ .watch = { .fd = -1, .ready = signalled, .arg = runtime } };
	block(&runtime->signals, &set);
	int fd = sys.signalfd(&set);
	if (fd < 0)
		return tri_why(TRACTOR_ESYSTEM, "no signalfd: %s", strerror(errno));
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

void
signals_release(struct tractor_runtime *runtime)
{
	if (runtime->options.signals)
		sigprocmask(SIG_UNBLOCK, &runtime->signals.blocked, NULL);
}

int
tractor_runtime_signal(const struct tractor_runtime *runtime)
{
	return runtime->signals.count > 1 ? runtime->signals.last : 0;
}
