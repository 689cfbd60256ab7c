/*
 * procfile.c: reading files of /proc, which are made at the moment of reading and have no size. Without stdio, which allocates: what is read here is read when somebody has died.
 */
#include <errno.h>
#include <fcntl.h>

#include "shell.h"
#include "sys.h"

ssize_t
procfile_read(const char *path, char *ret_text, size_t size)
{
	int fd = sys.open(path, O_RDONLY, 0);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while ((got = sys.read(fd, ret_text + length, size - 1 - length)) > 0 || (got < 0 && errno == EINTR))
		length += got > 0 ? (size_t)got : 0;
	sys.close(fd);
	ret_text[length] = '\0';
	return got < 0 ? -1 : (ssize_t)length;
}
