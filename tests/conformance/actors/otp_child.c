/*
 * otp_child.c: the child of OTP's cases: what OTP's supervisor_1 (obeys), supervisor_2 (takes its time to stop), supervisor_3 (starts when
 * the test says so) and supervisor_4 (ends for a given reason) do. It checks nothing itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tractor/actor.h>

#include "death.h"
#include "gate.h"
#include "otp_child.h"

#define EXIT_HOPELESS 125

struct child {
	char unused;
};

#define TRACTOR_STATE struct child
TRACTOR_SERVE(child, CHILD_PROTOCOL);

/* Cuts itself off for good: every socket that it has is dead, it can have no new one, and it hears nothing any more. */
static void
unlink_itself(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ .rlim_cur = 0, .rlim_max = 0 });
	for (int fd = 3; fd < 256; fd++)
		shutdown(fd, SHUT_RDWR);
	puts("unlinked");
	for (;;)
		pause();
}

static tractor_err
child_on_end(struct child *self, tractor_ctx *ctx, const struct child_end *msg)
{
	if (strcmp(msg->how, "normal") == 0)
		return tractor_finish(ctx, NULL);
	if (strcmp(msg->how, "done") == 0)
		return tractor_finish(ctx, "enough");
	if (strcmp(msg->how, "unlink") == 0)
		unlink_itself();
	die(ctx, msg->how);
	return tractor_fail(TRACTOR_EINVAL, "no such way to end: %s", msg->how);
}

static tractor_err
child_on_arg(struct child *self, tractor_ctx *ctx, const struct child_arg *msg, struct child_value *reply)
{
	reply->text = tractor_arg(ctx, msg->name, "");
	return TRACTOR_OK;
}

/* The test's order for this moment of its life. */
static enum otp_order
order(tractor_ctx *ctx, const char *moment)
{
	const char *folder = getenv(OTP_GATES), *path = tractor_path(ctx);
	char gate[512];

	snprintf(gate, sizeof(gate), "%s/gate.%s.%s", folder != NULL ? folder : ".", strrchr(path, '/') + 1,
		moment);
	return access(gate, F_OK) == 0 ? (enum otp_order)gate_pass(gate) : OTP_GO;
}

static tractor_err
obey(tractor_ctx *ctx, enum otp_order order)
{
	switch (order) {
	case OTP_GO: break;
	case OTP_REFUSE: return tractor_fail(TRACTOR_EREFUSED, "told to refuse");
	case OTP_IGNORE: return TRACTOR_IGNORE;
	case OTP_HOPELESS: exit(EXIT_HOPELESS);
	case OTP_PANIC: die(ctx, "panic"); break;
	case OTP_EXIT: die(ctx, "exit"); break;
	case OTP_KILL: die(ctx, "kill"); break;
	case OTP_DONE: return tractor_finish(ctx, "enough");
	}
	return TRACTOR_OK;
}

static tractor_err
on_start(struct child *self, tractor_ctx *ctx)
{
	return obey(ctx, order(ctx, "start"));
}

static tractor_err
on_stop(struct child *self, tractor_ctx *ctx)
{
	return obey(ctx, order(ctx, "stop"));
}

TRACTOR_MAIN(child, .serves = TRACTOR_SERVES(child), .on_start = on_start, .on_stop = on_stop);
