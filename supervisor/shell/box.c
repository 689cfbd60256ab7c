/*
 * box.c: making the memory of a black box. What is written there, and what it means, is blackbox.c's. Errors are returned, and leave nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "shell.h"
#include "sys.h"

tractor_err
box_make(uint32_t incarnation, uint64_t done, struct tri_blackbox **ret_box, int *ret_fd)
{
	struct tri_blackbox *box = MAP_FAILED;
	int fd = sys.memfd("tractor-blackbox", MFD_ALLOW_SEALING);

	/* Sealed in size: an actor that shrank it would kill the supervisor with SIGBUS at its next look. */
	if (fd >= 0 && sys.ftruncate(fd, sizeof(*box)) == 0 &&
		sys.seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		box = sys.mmap(fd, sizeof(*box));
	if (box == MAP_FAILED) {
		tractor_err err = host_refused(errno, fd < 0 ? "memfd_create" : "mmap", "a black box");
		if (fd >= 0)
			sys.close(fd);
		return err;
	}
	tri_blackbox_begin(box, incarnation, done);
	*ret_box = box;
	*ret_fd = fd;
	return TRACTOR_OK;
}
