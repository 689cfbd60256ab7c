/*
 * requests.c: the way in for the `tractor` command: the control socket in the loop, and the table of what can be asked. Every request is a JSON object with a command and what it needs; it is
 * answered at once, or when what it asked for has come about. Answers say what went wrong and what to do.
 */
#include <stdlib.h>
#include <string.h>

#include <tractor/version.h>

#include "requests.h"

static const struct {
	const char *command;
	on_request *on;
} commands[] = {
	{ "status", requestshow_status },
	{ "messages", requestshow_messages },
	{ "tell", requesttalk_tell },
	{ "ask", requesttalk_ask },
	{ "start", requeststeer_start },
	{ "stop", requeststeer_stop },
	{ "restart", requeststeer_restart },
	{ "down", requeststeer_down },
	{ "reload", requestreload },
	{ "children", requestadmin_children },
	{ "spec", requestadmin_spec },
	{ "add", requestadmin_add },
	{ "delete", requestadmin_delete },
	{ "scale", requestscale_scale },
	{ "inject", requeststeer_inject },
	{ "dead_letters", requestlost_dead_letters },
	{ "poison", requestlost_poison },
	{ "poison_show", requestlost_show },
	{ "poison_requeue", requestlost_requeue },
	{ "poison_drop", requestlost_drop },
	{ "events", requestshow_events },
	{ "logs", requestshow_logs },
	{ "version", requestshow_version },
};

static void
on_request_line(void *arg, struct control_request *request, const json_t *body)
{
	struct tractor_runtime *runtime = arg;
	const char *command = requestfind_text(body, "command");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].command, command) == 0) {
			commands[i].on(runtime, request, body);
			return;
		}
	control_end(request, CONTROL_USAGE,
		"this supervisor is tractor %s and does not know the command \"%s\"", TRACTOR_VERSION,
		command);
}

/* --- the socket in the loop --- */

static void
socket_ready(void *arg, uint32_t epoll_events)
{
	struct control_tag *tagged = arg;

	control_ready(tagged->runtime->control, tagged->tag, epoll_events, tagged->runtime->loop.now_ns);
}

static tractor_err
watch_socket(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	struct tractor_runtime *runtime = arg;
	struct control_tag *tagged = &runtime->control_tags[control_tag_index(tag)];

	if (tagged->watch.fd == fd && tagged->watch.ready)
		return loop_rewatch(&runtime->loop, &tagged->watch, epoll_events);
	*tagged = (struct control_tag){
		.watch = { .fd = -1, .ready = socket_ready, .arg = tagged }, .runtime = runtime, .tag = tag
	};
	return loop_watch(&runtime->loop, &tagged->watch, fd, epoll_events);
}

static void
unwatch_socket(void *arg, int fd, void *tag)
{
	struct tractor_runtime *runtime = arg;

	(void)fd;
	loop_unwatch(&runtime->loop, &runtime->control_tags[control_tag_index(tag)].watch);
}

static const struct control_ops socket_operations = { .watch = watch_socket,
	.unwatch = unwatch_socket,
	.request = on_request_line };

tractor_err
requests_open(struct tractor_runtime *runtime)
{
	char *path = rundir_file(&runtime->rundir, CONTROL_FILE);

	tractor_err err = path ? TRACTOR_OK : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK)
		err = control_open(
			path, &socket_operations, runtime, runtime->loop.now_ns, &runtime->control);
	free(path);
	return err;
}

void
requests_close(struct tractor_runtime *runtime)
{
	control_close(runtime->control);
	runtime->control = NULL;
}
