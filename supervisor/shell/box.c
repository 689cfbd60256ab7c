/*
 * box.c: making a black box. What is written there, and what it means, is blackbox.c's. Errors are returned, and leave nothing behind.
 */
#include <errno.h>

#include "host.h"
#include "shared.h"
#include "shell.h"

tractor_err
box_make(uint32_t incarnation, uint64_t done, struct tri_blackbox **ret_box, int *ret_fd)
{
	const char *call;
	int fd;
	struct tri_blackbox *box = shared_make("tractor-blackbox", sizeof(*box), &fd, &call);

	if (!box)
		return host_refused(errno, call, "a black box");
	tri_blackbox_begin(box, incarnation, done);
	*ret_box = box;
	*ret_fd = fd;
	return TRACTOR_OK;
}
