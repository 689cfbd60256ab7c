/*
 * box.c: making the memory of a black box. What is written there, and what it means, is blackbox.c's. Errors are returned, and leave nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "shell.h"
#include "sys.h"

/* Its memory, mapped; MAP_FAILED: *ret_call failed, errno says why. Sealed in size: an actor that shrank it would kill the supervisor with SIGBUS at its next look. */
static struct tri_blackbox *
map(int fd, const char **ret_call)
{
	*ret_call = "memfd_create";
	if (fd < 0)
		return MAP_FAILED;
	*ret_call = "ftruncate";
	if (sys.ftruncate(fd, sizeof(struct tri_blackbox)) < 0)
		return MAP_FAILED;
	*ret_call = "fcntl";
	if (sys.seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return MAP_FAILED;
	*ret_call = "mmap";
	return sys.mmap(fd, sizeof(struct tri_blackbox));
}

tractor_err
box_make(uint32_t incarnation, uint64_t done, struct tri_blackbox **ret_box, int *ret_fd)
{
	const char *call;
	int fd = sys.memfd("tractor-blackbox", MFD_ALLOW_SEALING);
	struct tri_blackbox *box = map(fd, &call);

	if (box == MAP_FAILED) {
		tractor_err err = host_refused(errno, call, "a black box");
		if (fd >= 0)
			sys.close(fd);
		return err;
	}
	tri_blackbox_begin(box, incarnation, done);
	*ret_box = box;
	*ret_fd = fd;
	return TRACTOR_OK;
}
