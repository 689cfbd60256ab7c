/*
 * otp.h: what the files otp_process_*_test.c share: OTP's supervisor cases with real processes, through the public API. They read as those of otp_core_*_test.c do against the core: opening and
 * orders are in otp_open.h, questions in otp_look.h, and what a test does to the children is here.
 */
#ifndef TRACTOR_TESTS_OTP_H
#define TRACTOR_TESTS_OTP_H

#include "otp_look.h"

static inline child_ref
ref_of(const char *path)
{
	child_ref ref;

	OK(tractor_find(otp.seed->ctx, child, path, &ref));
	return ref;
}

/* Waits for an end of that one behind the first `from` events; its supervisor has acted on it then. */
static inline void
has_end(const char *path, size_t from)
{
	const struct seed_notes *events = &otp.seed->events;
	int64_t until_ms = now_ms() + scaled_ms(SEED_DEADLINE_MS);

	for (size_t i = from;; i++) {
		while (i == events->count)
			if (now_ms() > until_ms ||
				tractor_runtime_turn(otp.seed->rt, until_ms - now_ms()) != TRACTOR_OK)
				seed_complain(otp.seed, "the end of", path, NULL);
		if (is_end(&events->notes[i]) && strcmp(events->notes[i].path, path) == 0)
			return;
	}
}

/* Has it end by itself (own_ends, or as death.h has it), without waiting for that. */
static inline void
begin_to_end(const char *path, const char *how)
{
	if (strcmp(how, "kill") == 0)
		ck_assert_int_eq(kill(pid_of(path), SIGKILL), 0);
	else
		OK(tractor_tell(otp.seed->ctx, ref_of(path), child_end, .how = how));
}

static inline void
ends(const char *path, const char *how)
{
	size_t from = otp.seed->events.count;

	begin_to_end(path, how);
	has_end(path, from);
}

static inline void
crash(const char *path)
{
	ends(path, "exit");
}

/* start_child: add(.name = "a", .under = "/r/s"): under the root, if not said otherwise, with the child's program. */
#define add(...) OK(add_child((struct tractor_child){ __VA_ARGS__ }))
#define add_fails(expected, ...) FAILS(expected, add_child((struct tractor_child){ __VA_ARGS__ }))

static inline tractor_err
add_child(struct tractor_child child)
{
	child.exec = child.exec != NULL ? child.exec : otp_exec();
	return tractor_start_child(otp.seed->rt, NULL, &child, NULL);
}

static inline tractor_err
add_member(const char *pool, const char *name)
{
	return tractor_start_child(
		otp.seed->rt, NULL, &(struct tractor_child){ .name = name, .under = pool }, NULL);
}

/* m1, m2, ... are started in that pool, and come up. */
static inline void
add_members(const char *pool, int count)
{
	char name[16];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		OK(add_member(pool, name));
	}
}

#define add_sup(...) OK(tractor_start_supervisor(otp.seed->rt, &(struct tractor_supervisor){ __VA_ARGS__ }))

/* A pool below the root: add_pool("p", intensity, .restart = ..., for its members). */
#define add_pool(pool_name, pool_intensity, ...)                                         \
	OK(tractor_start_pool(otp.seed->rt, &(struct tractor_pool){ .name = (pool_name), \
						    .intensity = (pool_intensity),       \
						    .member = { .exec = otp_exec(), __VA_ARGS__ } }))

static inline void
terminate(const char *path)
{
	OK(tractor_terminate_child(otp.seed->rt, path));
}

static inline void
restart_child(const char *path)
{
	OK(tractor_restart_child(otp.seed->rt, path));
}

static inline void
delete_child(const char *path)
{
	OK(tractor_delete_child(otp.seed->rt, path));
	is_gone(path);
}

#endif
