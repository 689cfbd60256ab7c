/*
 * unwinder.c: where tractor-unwind is: beside the command or the library, wherever these were moved to; else where it was to be installed or was built. What anybody else could have put there is not
 * started. That there is none costs crash reports their functions and lines, and nothing else.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell.h"
#include "sys.h"

#define PROGRAM "tractor-unwind"

/* A file of ours or of root's that nobody else can write. */
static bool
is_trusted(const char *path)
{
	struct stat about;

	return sys.stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
	       (about.st_uid == 0 || about.st_uid == geteuid()) && (about.st_mode & 022) == 0 &&
	       (about.st_mode & 0111) != 0;
}

/* The one in `folder`, which is relative to where `file` is; `file` NULL: it is absolute. To be freed; NULL: there is none. */
static char *
look_in(const char *file, const char *folder)
{
	char whole[PATH_MAX], *path;
	int made;

	if (!file)
		made = asprintf(&path, "%s/" PROGRAM, folder);
	else if (realpath(file, whole))
		made = asprintf(
			&path, "%.*s%s/" PROGRAM, (int)(strrchr(whole, '/') + 1 - whole), whole, folder);
	else
		return NULL;
	if (made < 0)
		return NULL;
	if (is_trusted(path))
		return path;
	free(path);
	return NULL;
}

char *
unwinder_find(void)
{
	static const char here;
	const char *own = getenv("TRACTOR_UNWINDER");
	Dl_info library;

	if (own)
		return *own ? strdup(own) : NULL;
	char *path = look_in("/proc/self/exe", TRI_LIBEXEC_FROM_BIN);
	/* A name without a folder is the main program's, as it was typed. */
	if (!path && dladdr(&here, &library) && strchr(library.dli_fname, '/'))
		path = look_in(library.dli_fname, TRI_LIBEXEC_FROM_LIB);
	if (!path)
		path = look_in(NULL, TRI_LIBEXEC_INSTALLED);
	if (!path)
		path = look_in(NULL, TRI_LIBEXEC_BUILT);
	return path;
}
