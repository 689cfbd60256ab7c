/*
 * controlsocket.c: the control socket as a whole: where it listens, who is let in, and which connection an event is for.
 *
 * Peers are the same user or root, by the kernel's word; still their number is bounded, and none can make the supervisor wait. Connections are
 * slots of a fixed array, never freed while the socket is open: an event for an fd that has just been closed reaches the slot's
 * next user, who looks for himself and finds nothing. What goes wrong in opening is returned; afterwards it costs one connection, or
 * a pause in accepting. A supervisor that is out of fds is one that people have questions to: some are kept for them.
 */
#include "controlsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "assert.h"
#include "controlpeer.h"
#include "sys.h"
#include "why.h"

#define BACKLOG 64
#define ROUNDS_MAX 16 /* accepts in one go: then it is others' turn */

/* --- fds in reserve --- */

void
control_keep_reserve(struct control *control)
{
	for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
		if (control->reserve[i] < 0 && (control->reserve[i] = sys.eventfd()) < 0)
			return;
}

/* False: there is none left. */
static bool
give_up_one(struct control *control)
{
	for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
		if (control->reserve[i] >= 0) {
			sys.close(control->reserve[i]);
			control->reserve[i] = -1;
			return true;
		}
	return false;
}

static void
give_up_all(struct control *control)
{
	while (give_up_one(control))
		continue;
}

/* --- accepting --- */

/* The peer is this user or root, by the kernel's word at the time of connect(). Else it is refused. */
static bool
peer_is_allowed(int fd)
{
	struct ucred peer;
	char error[128];

	if (sys.peer(fd, &peer) != 0) {
		sys.close(fd);
		return false;
	}
	if (peer.uid == geteuid() || peer.uid == 0)
		return true;
	snprintf(error, sizeof(error),
		"this tree is user %u's; only that user and root may talk to it, not user %u",
		(unsigned)geteuid(), (unsigned)peer.uid);
	controlpeer_refuse(fd, CONTROL_NOT_ALLOWED, error);
	return false;
}

/* A free slot; where there is none, that of the one that has been idle for longest, which is closed. NULL: all have requests. */
static struct controlpeer *
find_room(struct control *control)
{
	struct controlpeer *oldest = NULL;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		struct controlpeer *peer = &control->peers[i];
		if (peer->state == CONTROLPEER_FREE)
			return peer;
		if (peer->state != CONTROLPEER_PENDING &&
			(oldest == NULL || peer->since_ns < oldest->since_ns))
			oldest = peer;
	}
	if (oldest != NULL)
		controlpeer_shut(oldest, CONTROL_NO_ANSWER,
			"too many commands are connected, and this one had not asked for anything yet");
	return oldest;
}

static void
admit(struct control *control, int fd, int64_t now_ns)
{
	if (!peer_is_allowed(fd))
		return;
	struct controlpeer *peer = find_room(control);
	if (peer == NULL) {
		controlpeer_refuse(
			fd, CONTROL_NO_ANSWER, "too many commands are waiting for answers; try again later");
		return;
	}
	controlpeer_admit(peer, fd, now_ns);
}

static void
watch_listener(struct control *control, int64_t now_ns)
{
	bool watched = control->ops->watch(control->arg, control->listener, EPOLLIN, &control->tags[0]) ==
		       TRACTOR_OK;

	control->paused_until_ns = watched ? CONTROLPEER_UNSET : now_ns + CONTROL_PAUSE_NS;
	control_keep_reserve(control);
}

/*
 * No fd, or no memory: the peer stays in the backlog, so the listener would be ready again at once and for ever. It is left alone for
 * a while instead; by then somebody may have closed something.
 */
static void
pause_listener(struct control *control, int64_t now_ns)
{
	control->ops->unwatch(control->arg, control->listener, &control->tags[0]);
	control->paused_until_ns = now_ns + CONTROL_PAUSE_NS;
}

/* Without an fd accept() fails even where nobody knocks: then the one that was given up for it is taken back. */
static int
accept_one(struct control *control)
{
	int fd = sys.accept(control->listener);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || !give_up_one(control))
		return fd;
	fd = sys.accept(control->listener);
	if (fd < 0) {
		int why = errno;
		control_keep_reserve(control);
		errno = why;
	}
	return fd;
}

static void
listener_ready(struct control *control, int64_t now_ns)
{
	for (int round = 0; round < ROUNDS_MAX && control->paused_until_ns == CONTROLPEER_UNSET; round++) {
		int fd = accept_one(control);
		if (fd >= 0)
			admit(control, fd, now_ns);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			pause_listener(control, now_ns);
	}
}

/* --- what the loop calls --- */

unsigned
control_tag_index(const void *tag)
{
	return *(const unsigned *)tag;
}

void
control_ready(struct control *control, void *tag, uint32_t epoll_events, int64_t now_ns)
{
	unsigned index = control_tag_index(tag);

	(void)epoll_events;
	tri_assert(index <= CONTROL_CONNECTIONS_MAX && tag == &control->tags[index]);
	if (index == 0)
		listener_ready(control, now_ns);
	else
		controlpeer_ready(&control->peers[index - 1]);
}

void
control_tick(struct control *control, int64_t now_ns)
{
	if (control->paused_until_ns != CONTROLPEER_UNSET && now_ns >= control->paused_until_ns)
		watch_listener(control, now_ns);
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		controlpeer_tick(&control->peers[i], now_ns);
}

int64_t
control_next_ns(const struct control *control)
{
	int64_t next_ns =
		control->paused_until_ns != CONTROLPEER_UNSET ? control->paused_until_ns : INT64_MAX;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		int64_t its_ns = controlpeer_next_ns(&control->peers[i]);
		next_ns = its_ns < next_ns ? its_ns : next_ns;
	}
	return next_ns;
}

void
control_shift(struct control *control, int64_t by_ns)
{
	if (control->paused_until_ns != CONTROLPEER_UNSET)
		control->paused_until_ns += by_ns;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		if (control->peers[i].since_ns != CONTROLPEER_UNSET)
			control->peers[i].since_ns += by_ns;
}

/* --- opening and closing --- */

tractor_err
control_address(const char *path, struct sockaddr_un *ret_address, int *ret_directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *name = strrchr(path, '/');
	int directory = -1;

	if (strlen(path) < sizeof(address.sun_path)) {
		strcpy(address.sun_path, path);
	} else if (name == NULL || strlen(name) > sizeof(address.sun_path) / 2) {
		errno = ENAMETOOLONG;
		return TRACTOR_ESYSTEM;
	} else {
		char *parent = strndup(path, (size_t)(name - path) + 1);
		directory = parent != NULL ? sys.open(parent, O_PATH | O_DIRECTORY, 0) : -1;
		free(parent);
		if (directory < 0)
			return TRACTOR_ESYSTEM;
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", directory, name);
	}
	*ret_address = address;
	*ret_directory = directory;
	return TRACTOR_OK;
}

static tractor_err
cannot(const char *what, const char *path)
{
	return tri_why(TRACTOR_ESYSTEM, "control socket %s: %s: %s", path, what, strerror(errno));
}

/* What stands between other users and the tree, before SO_PEERCRED. */
static tractor_err
check_directory(const char *path)
{
	const char *name = strrchr(path, '/');
	char *parent = name != NULL ? strndup(path, (size_t)(name - path) + 1) : strdup(".");
	struct stat status;

	if (parent == NULL)
		return TRACTOR_ENOMEM;
	int failed = sys.stat(parent, &status);
	free(parent);
	if (failed)
		return cannot("its directory", path);
	if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
		return tri_why(TRACTOR_ESYSTEM,
			"control socket %s: its directory must be user %u's own and closed to all others (mode 0700)",
			path, (unsigned)geteuid());
	return TRACTOR_OK;
}

static tractor_err
remove_leftover(const char *path)
{
	struct stat status;

	if (sys.lstat(path, &status) != 0)
		return errno == ENOENT ? TRACTOR_OK : cannot("lstat", path);
	if (!S_ISSOCK(status.st_mode))
		return tri_why(
			TRACTOR_ESYSTEM, "control socket %s: something that is no socket is there", path);
	return sys.unlink(path) == 0 ? TRACTOR_OK : cannot("unlink", path);
}

static tractor_err
bind_listener(int fd, const char *path)
{
	struct sockaddr_un address;
	int directory;

	/* The file is made with the socket's own mode: there is no moment in which it is more open than this. */
	if (sys.fchmod(fd, 0600) != 0)
		return cannot("fchmod", path);
	if (control_address(path, &address, &directory) != TRACTOR_OK)
		return cannot("address", path);
	int failed = sys.bind(fd, &address);
	int why = errno;
	if (directory >= 0)
		sys.close(directory);
	errno = why;
	if (failed)
		return cannot("bind", path);
	return sys.listen(fd, BACKLOG) == 0 ? TRACTOR_OK : cannot("listen", path);
}

static tractor_err
open_listener(struct control *control, const char *path)
{
	tractor_err err = check_directory(path);

	if (err == TRACTOR_OK)
		err = remove_leftover(path);
	if (err != TRACTOR_OK)
		return err;
	control->listener = sys.socket();
	if (control->listener < 0)
		return cannot("socket", path);
	control->path = strdup(path);
	return control->path != NULL ? bind_listener(control->listener, path) : TRACTOR_ENOMEM;
}

static void
free_control(struct control *control)
{
	if (control->listener >= 0)
		sys.close(control->listener);
	give_up_all(control);
	free(control->path);
	free(control);
}

tractor_err
control_open(const char *path, const struct control_ops *ops, void *arg, int64_t now_ns,
	struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return tri_why(TRACTOR_ENOMEM, "out of memory");
	control->ops = ops;
	control->arg = arg;
	control->listener = -1;
	for (unsigned i = 0; i <= CONTROL_CONNECTIONS_MAX; i++)
		control->tags[i] = i;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		control->peers[i] = (struct controlpeer){ .control = control, .fd = -1 };
	for (size_t i = 0; i < CONTROL_RESERVE_COUNT; i++)
		control->reserve[i] = -1;
	tractor_err err = open_listener(control, path);
	if (err != TRACTOR_OK) {
		free_control(control);
		return err == TRACTOR_ENOMEM ? tri_why(err, "out of memory") : err;
	}
	watch_listener(control, now_ns);
	*ret_control = control;
	return TRACTOR_OK;
}

static bool
is_any_refused(const struct control *control)
{
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		if (control->peers[i].refused)
			return true;
	return false;
}

/* The answer to `down`, for one, is among the last things that are sent. */
static void
wait_for_host(struct control *control)
{
	for (int64_t waited_ns = 0; is_any_refused(control) && waited_ns < CONTROL_PARTING_NS;
		waited_ns += CONTROL_RETRY_NS) {
		sys.poll(NULL, 0, (int)(CONTROL_RETRY_NS / 1000000));
		for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
			if (control->peers[i].refused)
				controlpeer_go_on(&control->peers[i]);
	}
}

void
control_close(struct control *control)
{
	static const char why[] = "the supervisor has stopped";

	if (control == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		controlpeer_part(&control->peers[i], CONTROL_NO_ANSWER, why);
	wait_for_host(control);
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		controlpeer_shut(&control->peers[i], CONTROL_NO_ANSWER, why);
	if (control->paused_until_ns == CONTROLPEER_UNSET)
		control->ops->unwatch(control->arg, control->listener, &control->tags[0]);
	sys.unlink(control->path);
	free_control(control);
}
