/*
 * shared.c: making memory that is shared with another process. What is in it is for others to say. Sealed in size: a process that shrank it would kill us with SIGBUS at our next look.
 */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "sys.h"

/* MAP_FAILED: *ret_call failed. */
static void *
map(int fd, size_t size, const char **ret_call)
{
	*ret_call = "memfd_create";
	if (fd < 0)
		return MAP_FAILED;
	*ret_call = "ftruncate";
	if (sys.ftruncate(fd, (off_t)size) < 0)
		return MAP_FAILED;
	*ret_call = "fcntl";
	if (sys.seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return MAP_FAILED;
	*ret_call = "mmap";
	return sys.mmap(fd, size);
}

void *
shared_make(const char *name, size_t size, int *ret_fd, const char **ret_call)
{
	int fd = sys.memfd(name, MFD_ALLOW_SEALING), error;
	void *memory = map(fd, size, ret_call);

	*ret_fd = fd;
	if (memory != MAP_FAILED)
		return memory;
	error = errno;
	if (fd >= 0)
		sys.close(fd);
	*ret_fd = -1;
	errno = error;
	return NULL;
}
