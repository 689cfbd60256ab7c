/*
 * consult.c: from the start of such a program to its end. Its pidfd says when it is over; what it had written is in the pipe then. What it has started itself ends with it.
 */
#include "consult.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "blackbox.h"
#include "host.h"
#include "sys.h"

static void
close_watch(struct loop *loop, struct watch *watch)
{
	int fd = watch->fd;

	loop_unwatch(loop, watch);
	if (fd >= 0)
		sys.close(fd);
}

static void
read_answer(struct consult *consult)
{
	ssize_t got;

	while (consult->answer_bytes < consult->answer_room &&
		(got = sys.read(consult->answering.fd, consult->answer + consult->answer_bytes,
			 consult->answer_room - consult->answer_bytes)) > 0)
		consult->answer_bytes += (size_t)got;
}

static void
on_answering(void *arg, uint32_t epoll_events)
{
	struct consult *consult = arg;

	read_answer(consult);
	if ((epoll_events & EPOLLHUP) || consult->answer_bytes == consult->answer_room)
		close_watch(consult->loop, &consult->answering);
}

static void
let_go(struct consult *consult)
{
	loop_disarm(consult->loop, &consult->limit);
	loop_reserve(consult->loop, -1);
	close_watch(consult->loop, &consult->answering);
	consult->running = false;
}

/* Its number, and so its group's, can't be anybody else's before it is reaped, which somebody else in this program may have done. */
static void
end_group(const struct consult *consult)
{
	siginfo_t info;
	struct rusage usage;

	if (sys.wait(consult->process.pidfd, WEXITED | WNOWAIT | WNOHANG, &info, &usage) == 0)
		sys.group_kill(consult->process.pid, SIGKILL);
}

/* How it ended is the tracer's to know first, if there is one. */
static void
reap(struct consult *consult, struct consult_end *end)
{
	siginfo_t info = { .si_code = 0 };

	end_group(consult);
	int reaped = spawn_reap(&consult->process, &info, &end->usage);
	if (reaped == 0) {
		loop_unwatch(consult->loop, &consult->ended);
		corpses_add(consult->corpses, consult->process);
	}
	close_watch(consult->loop, &consult->ended);
	end->exited_well = reaped > 0 && info.si_code == CLD_EXITED && info.si_status == 0;
	end->signal = reaped > 0 && info.si_code != CLD_EXITED ? info.si_status : 0;
}

static void
on_ended(void *arg, uint32_t epoll_events)
{
	struct consult *consult = arg;
	struct consult_end end = { .overdue = consult->overdue };

	(void)epoll_events;
	reap(consult, &end);
	if (consult->answering.fd >= 0)
		read_answer(consult);
	let_go(consult);
	consult->over(consult->arg, &end);
}

static void
on_limit(void *arg)
{
	struct consult *consult = arg;
	struct pollfd ended = { .fd = consult->process.pidfd, .events = POLLIN };

	/* It may have ended in time, and it is we who have so much to hear that we have not heard of that yet. */
	if (sys.poll(&ended, 1, 0) == 1) {
		on_ended(consult, EPOLLIN);
		return;
	}
	consult->overdue = true;
	spawn_signal(&consult->process, SIGKILL);
}

/* Its pidfd is not watched any more. */
static void
end_process(struct consult *consult)
{
	loop_unwatch(consult->loop, &consult->ended);
	end_group(consult);
	spawn_end(&consult->process);
}

/* `out`: its standard output, and our end of it, which is watched, or closed. */
static tractor_err
start(struct consult *consult, struct spawn_plan *plan, const int out[2])
{
	tractor_err err;

	plan->fds[1] = out[1];
	err = spawn_start(plan, &consult->process);
	sys.close(out[1]);
	if (err == TRACTOR_OK) {
		err = loop_watch(consult->loop, &consult->ended, consult->process.pidfd, EPOLLIN);
		if (err == TRACTOR_OK)
			err = loop_watch(consult->loop, &consult->answering, out[0], EPOLLIN);
		if (err != TRACTOR_OK)
			end_process(consult);
	}
	if (err != TRACTOR_OK)
		sys.close(out[0]);
	return err;
}

tractor_err
consult_begin(struct consult *consult, struct spawn_plan *plan, int64_t limit_ns)
{
	struct loop *loop = consult->loop;
	int out[2];

	consult->ended = (struct watch){ .fd = -1, .ready = on_ended, .arg = consult };
	consult->answering = (struct watch){ .fd = -1, .ready = on_answering, .arg = consult };
	consult->limit = (struct alarm){ .due = on_limit, .arg = consult };
	consult->answer_bytes = 0;
	consult->overdue = false;
	tractor_err err = loop_reserve(loop, 1);
	if (err != TRACTOR_OK)
		return err;
	err = sys.pipe(out) == 0 ? start(consult, plan, out)
				 : host_refused(errno, "pipe", "a pipe for a program's answer");
	if (err != TRACTOR_OK) {
		loop_reserve(loop, -1);
		return err;
	}
	consult->running = true;
	loop_arm(loop, &consult->limit, (int64_t)tri_now_ns() + limit_ns);
	return TRACTOR_OK;
}

void
consult_give_up(struct consult *consult)
{
	if (!consult->running)
		return;
	end_process(consult);
	let_go(consult);
}
