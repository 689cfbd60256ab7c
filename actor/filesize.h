/* filesize.h: ulimit -f, which holds for memory that is a file, too. */
#ifndef TRACTOR_ACTOR_FILESIZE_H
#define TRACTOR_ACTOR_FILESIZE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

/* To write beyond it is a SIGXFSZ, and what a program does about that is its affair: so it is looked at before. False: errno is EFBIG. */
static inline bool
tri_file_may_have(size_t bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes <= limit.rlim_cur)
		return true;
	errno = EFBIG;
	return false;
}

#endif
