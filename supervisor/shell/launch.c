/*
 * launch.c: a process with its channels, as one thing: link, lanes, black box, durable state, what it prints. All of them are made before it, so that it has them from its first instruction on, and all are let go of
 * if one of them can't be had, or if it can't be started. Whose it is, a slot's or a spare's, is not known here; nor is it watched. Errors are returned.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actor_process.h"
#include "launch.h"
#include "runtime.h"
#include "settings.h"
#include "sys.h"
#include "why.h"

/* What is made for the process; its own ends are closed once it has them. */
struct birth {
	int box_fd;
	int bells[2]; /* the process's, and the wire's */
	int out[2], err[2];
	int socket;
};

char *
launch_url(struct tractor_runtime *runtime, const char *name)
{
	static const char format[] = "ipc://%s/link/%s";
	size_t size = sizeof(format) + strlen(runtime->rundir.path) + LAUNCH_NAME_BYTES;
	char *url = tri_arena_alloc(&runtime->arena, size);

	if (url)
		snprintf(url, size, format, runtime->rundir.path, name);
	return url;
}

bool
launch_has_lanes(const struct spec *spec)
{
	return spec->lanes && settings_lanes() != SETTINGS_LANES_OFF;
}

static tractor_err
make_pipes(struct birth *birth)
{
	if (sys.pipe(birth->out) < 0 || sys.pipe(birth->err) < 0)
		return host_refused(errno, "pipe", "a pipe for its output");
	return TRACTOR_OK;
}

static tractor_err
make_state(struct launched *launched)
{
	if (launched->state_fd < 0)
		launched->state_fd = sys.memfd("tractor-state", 0);
	return launched->state_fd < 0 ? host_refused(errno, "memfd_create", "memory for its state")
				      : TRACTOR_OK;
}

static tractor_err
make_socket(struct birth *birth, struct launched *launched)
{
	int fds[2];

	if (sys.socketpair(fds) < 0)
		return host_refused(errno, "socketpair", "a socket for its bypasses");
	birth->socket = fds[0];
	launched->socket = fds[1];
	return TRACTOR_OK;
}

/* After the black box, which the lanes are in. */
static tractor_err
make_link(const struct launch_plan *plan, struct birth *birth, struct launched *launched)
{
	tractor_err err = plan->url ? wire_open(launched->wire, plan->url) : TRACTOR_ENOMEM;

	if (err == TRACTOR_OK && launch_has_lanes(plan->spec))
		err = wire_lay(launched->wire, launched->box, birth->bells);
	if (err == TRACTOR_OK && launch_has_lanes(plan->spec))
		err = make_socket(birth, launched);
	return err;
}

static tractor_err
spawn(struct tractor_runtime *runtime, const struct launch_plan *plan, const struct birth *birth,
	struct launched *launched)
{
	const struct spec *spec = plan->spec;
	char *argv[] = { spec->exec, (char *)plan->title, NULL };
	char **environment = environment_make(runtime, spec, plan->url);
	struct spawn_plan how = {
		.path = spec->exec_path,
		.argv = argv,
		.envp = environment,
		.directory = spec->directory,
		.fds = { -1, birth->out[1],
			birth->err[1], [TRI_FD_BLACKBOX] = birth->box_fd, [TRI_FD_STATE] = launched->state_fd,
			[TRI_FD_BELL] = birth->bells[0], [TRI_FD_DOORBELL] = birth->bells[1],
			[TRI_FD_SOCKET] = birth->socket, [TRI_FD_RUNG] = runtime->bell.rung_fd },
		.fd_count = (launch_has_lanes(spec) ? TRI_FD_RUNG : TRI_FD_STATE) + 1,
		.files = host_files_before(&runtime->files),
		.pad = &runtime->pad,
	};

	tractor_err err = environment ? spawn_start(&how, &launched->spawned) : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK)
		wire_expect(launched->wire, launched->spawned.pid);
	return err;
}

static tractor_err
make_all(struct tractor_runtime *runtime, const struct launch_plan *plan, struct birth *birth,
	struct launched *launched)
{
	tractor_err err = make_state(launched);

	if (err == TRACTOR_OK)
		err = make_pipes(birth);
	if (err == TRACTOR_OK)
		err = box_make(plan->incarnation, plan->done, &launched->box, &birth->box_fd);
	if (err == TRACTOR_OK && plan->fault && plan->fault->size_bytes > 0)
		launched->box->plan = *plan->fault;
	if (err == TRACTOR_OK)
		err = make_link(plan, birth, launched);
	return err == TRACTOR_OK ? spawn(runtime, plan, birth, launched) : err;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		sys.close(*fd);
	*fd = -1;
}

tractor_err
launch_start(struct tractor_runtime *runtime, const struct launch_plan *plan, struct launched *launched)
{
	struct birth birth = {
		.box_fd = -1, .bells = { -1, -1 }, .out = { -1, -1 }, .err = { -1, -1 }, .socket = -1
	};
	tractor_err err = make_all(runtime, plan, &birth, launched);

	launched->out = birth.out[0];
	launched->err = birth.err[0];
	close_fd(&birth.out[1]);
	close_fd(&birth.err[1]);
	close_fd(&birth.box_fd);
	close_fd(&birth.bells[0]);
	close_fd(&birth.socket);
	tri_arena_reset(&runtime->arena);
	if (err != TRACTOR_OK)
		launch_release(runtime, launched);
	return err;
}

void
launch_release(struct tractor_runtime *runtime, struct launched *launched)
{
	if (launched->spawned.pid > 0)
		spawn_end(&launched->spawned);
	launched->spawned = (struct spawned){ .pidfd = -1 };
	wire_close(launched->wire);
	tri_blackbox_unmap(launched->box);
	launched->box = NULL;
	close_fd(&launched->out);
	close_fd(&launched->err);
	handover_hang_up(&runtime->handover, &launched->socket);
}
