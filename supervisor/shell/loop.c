/*
 * loop.c: waiting, and waking whom it concerns. Knows nothing of actors. A watch may be removed by what another of the same batch does: it is then
 * struck from the batch. What fails is returned.
 */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#include "blackbox.h"
#include "host.h"
#include "sys.h"
#include "why.h"

/* Later than asked by more than this: we were stopped, or so starved that it is the same to those with a deadline. */
#define LOST_NS (INT64_C(500) * 1000000)

/* While something is due we wake so often, or a stop that ended before the next moment would go unnoticed and be taken from everybody's deadline. */
#define SLEEP_MAX_MS 1000

#define alarm_of(timer_ptr) ((struct alarm *)((char *)(timer_ptr)-offsetof(struct alarm, timer)))

tractor_err
loop_open(struct loop *loop)
{
	*loop = (struct loop){ .epoll = sys.epoll_create(), .now_ns = (int64_t)tri_now_ns() };
	if (loop->epoll < 0)
		return tri_why(TRACTOR_ESYSTEM, "cannot make an epoll: %s", strerror(errno));
	timers_init(&loop->timers);
	return TRACTOR_OK;
}

void
loop_close(struct loop *loop)
{
	timers_free(&loop->timers);
	if (loop->epoll >= 0)
		sys.close(loop->epoll);
	loop->epoll = -1;
}

tractor_err
loop_watch(struct loop *loop, struct watch *watch, int fd, uint32_t epoll_events)
{
	struct epoll_event event = { .events = epoll_events, .data.ptr = watch };

	if (sys.epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return errno == EPERM ? tri_why(TRACTOR_EINVAL, "fd %d is none that can be waited for", fd)
				      : host_refused(errno, "epoll_ctl", "a watch for one more fd");
	watch->fd = fd;
	return TRACTOR_OK;
}

tractor_err
loop_rewatch(struct loop *loop, struct watch *watch, uint32_t epoll_events)
{
	struct epoll_event event = { .events = epoll_events, .data.ptr = watch };

	if (sys.epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0)
		return tri_why(TRACTOR_ESYSTEM, "cannot wait for fd %d: %s", watch->fd, strerror(errno));
	return TRACTOR_OK;
}

void
loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (watch->fd < 0 || !watch->ready)
		return;
	sys.epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	for (int i = 0; i < loop->batch_count; i++)
		if (loop->batch[i] == watch)
			loop->batch[i] = NULL;
}

tractor_err
loop_reserve(struct loop *loop, int count)
{
	return timers_reserve(&loop->timers, count);
}

void
loop_arm(struct loop *loop, struct alarm *alarm, int64_t at_ns)
{
	timers_arm(&loop->timers, &alarm->timer, at_ns);
}

void
loop_disarm(struct loop *loop, struct alarm *alarm)
{
	timers_cancel(&loop->timers, &alarm->timer);
}

/* Rounded up: waking a little early would mean to go round once more for nothing. */
static int
wait_ms(int64_t now_ns, int64_t until_ns)
{
	if (until_ns == INT64_MAX)
		return -1;
	if (until_ns <= now_ns)
		return 0;
	int64_t ms = (until_ns - now_ns + 999999) / 1000000;
	return ms > SLEEP_MAX_MS ? SLEEP_MAX_MS : (int)ms;
}

static void
call_watches(struct loop *loop, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count; i++)
		loop->batch[i] = events[i].data.ptr;
	loop->batch_count = count;
	for (int i = 0; i < count; i++)
		if (loop->batch[i])
			loop->batch[i]->ready(loop->batch[i]->arg, events[i].events);
	loop->batch_count = 0;
}

/* True if any was due. */
static bool
call_alarms(struct loop *loop)
{
	bool any = false;

	for (struct timer *timer; (timer = timers_due(&loop->timers, loop->now_ns)); any = true) {
		struct alarm *alarm = alarm_of(timer);
		alarm->due(alarm->arg);
	}
	return any;
}

/* Now it is `now_ns`, and nobody ran this process since `since_ns`, or at most since then: the doubt is in favour of those with a deadline. */
static int64_t
lose(struct loop *loop, int64_t since_ns, int64_t now_ns)
{
	timers_shift(&loop->timers, now_ns - since_ns);
	return now_ns - since_ns;
}

/* Whether it is too long since the last turn; a foreign loop sleeps in our place until our next deadline, and that is no time lost. */
static bool
was_away(const struct loop *loop, int64_t now_ns)
{
	int64_t since_ns = loop->now_ns > loop->foreign_until_ns ? loop->now_ns : loop->foreign_until_ns;

	return now_ns > since_ns && now_ns - since_ns > LOST_NS;
}

int64_t
loop_refresh(struct loop *loop, int64_t now_ns)
{
	int64_t began_ns = loop->now_ns;
	bool away = was_away(loop, now_ns);

	loop->now_ns = now_ns;
	return away ? lose(loop, began_ns, now_ns) : 0;
}

tractor_err
loop_sleep(struct loop *loop, int64_t until_ns, int64_t *ret_lost_ns)
{
	int64_t timer_ns = timers_next_ns(&loop->timers);
	int64_t began_ns = loop->now_ns, before_ns = (int64_t)tri_now_ns();
	int timeout_ms = wait_ms(before_ns, until_ns < timer_ns ? until_ns : timer_ns);
	bool away = was_away(loop, before_ns);

	int count = sys.epoll_wait(loop->epoll, loop->events, LOOP_BATCH, timeout_ms);
	if (count < 0 && errno != EINTR)
		return tri_why(TRACTOR_ESYSTEM, "cannot wait: %s", strerror(errno));
	loop->event_count = count > 0 ? count : 0;
	loop->now_ns = (int64_t)tri_now_ns();
	/* Only what is busy elsewhere looks like stopped, so it must be long. Without anything due nobody has a deadline. */
	int64_t late_ns = timeout_ms < 0 ? 0 : loop->now_ns - before_ns - timeout_ms * INT64_C(1000000);
	*ret_lost_ns = away || late_ns > LOST_NS ? lose(loop, began_ns, loop->now_ns) : 0;
	return TRACTOR_OK;
}

bool
loop_serve(struct loop *loop)
{
	int count = loop->event_count;

	loop->event_count = 0;
	call_watches(loop, loop->events, count);
	return call_alarms(loop) || count > 0;
}
