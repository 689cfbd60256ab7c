/*
 * select.c: waiting for the first of several things. Nothing is taken from any of them, so nothing that does not win is lost. The order of the list is the order of preference.
 */
#include "actor_process.h"
#include "why.h"

/* When the TRACTOR_AFTER of a select that began then is due. */
static int64_t
due_ns(int64_t began_ns, int64_t after_ms)
{
	return after_ms < 0 || after_ms > INT64_MAX / 2000000 ? TRI_FOREVER : began_ns + after_ms * 1000000;
}

/* One look at the sources: the first that is ready; -1: none. `fds` are those of the list, in its order, as poll left them. */
static int
first_ready(struct tri_actor *actor, const struct tractor_source *sources, const struct pollfd *fds,
	int64_t began_ns)
{
	struct tri_pending *pending;

	for (int i = 0; sources[i].kind != TRACTOR_SOURCE_END; i++) {
		switch (sources[i].kind) {
		case TRACTOR_SOURCE_INBOX:
			if (!actor->ctx.hand && tri_actor_has_mail(actor))
				return i;
			break;
		case TRACTOR_SOURCE_AFTER:
			if ((int64_t)tri_now_ns() >= due_ns(began_ns, sources[i].after_ms))
				return i;
			break;
		case TRACTOR_SOURCE_READABLE:
		case TRACTOR_SOURCE_WRITABLE:
			if (fds++->revents)
				return i;
			break;
		case TRACTOR_SOURCE_FUTURE:
			/* One that can't be awaited counts as ready, so that awaiting it tells. */
			pending = tri_context_find(&actor->ctx, sources[i].future->id);
			if (!pending || pending->answered ||
				sources[i].future->incarnation != actor->ctx.incarnation)
				return i;
			break;
		case TRACTOR_SOURCE_END: break;
		}
	}
	return -1;
}

/* The fds of the list, and when its first timer is due; negative: too many. */
static int
collect(const struct tractor_source *sources, int64_t began_ns, struct pollfd *fds, int64_t *ret_until_ns)
{
	int count = 0;

	*ret_until_ns = TRI_FOREVER;
	for (; sources->kind != TRACTOR_SOURCE_END; sources++) {
		if (sources->kind == TRACTOR_SOURCE_READABLE || sources->kind == TRACTOR_SOURCE_WRITABLE) {
			if (count == TRI_SELECT_FDS_MAX)
				return -1;
			short events = sources->kind == TRACTOR_SOURCE_READABLE ? POLLIN : POLLOUT;
			fds[count++] = (struct pollfd){ .fd = sources->fd, .events = events };
		} else if (sources->kind == TRACTOR_SOURCE_AFTER &&
			   due_ns(began_ns, sources->after_ms) < *ret_until_ns) {
			*ret_until_ns = due_ns(began_ns, sources->after_ms);
		}
	}
	return count;
}

static bool
has_inbox(const struct tractor_source *sources)
{
	while (sources->kind != TRACTOR_SOURCE_END && sources->kind != TRACTOR_SOURCE_INBOX)
		sources++;
	return sources->kind == TRACTOR_SOURCE_INBOX;
}

int
tractor_select_from(tractor_ctx *ctx, const struct tractor_source *sources)
{
	struct tri_actor *actor = ctx->actor;
	struct pollfd fds[TRI_SELECT_FDS_MAX];
	int64_t began_ns = (int64_t)tri_now_ns(), until_ns;

	if (!actor)
		return -1;
	int count = collect(sources, began_ns, fds, &until_ns);
	if (count < 0)
		tractor_panic(ctx, "more than %d fds in one tractor_select(): put them into one epoll fd",
			TRI_SELECT_FDS_MAX);
	bool wants_mail = !ctx->hand && has_inbox(sources);
	/* First what is there already, so that a busy fd can't starve what came over the link meanwhile. */
	int64_t wait_until_ns = 0;
	for (;;) {
		if (actor->may_be_stopped && tri_actor_stopping(actor))
			return -1;
		if (wait_until_ns != 0)
			tri_say_done(actor);
		if (tri_actor_wait(actor, fds, (size_t)count, wait_until_ns, wants_mail) != TRACTOR_OK)
			return -1;
		int ready = first_ready(actor, sources, fds, began_ns);
		if (ready >= 0)
			return ready;
		wait_until_ns = until_ns;
	}
}
