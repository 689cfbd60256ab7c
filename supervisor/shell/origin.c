/*
 * origin.c: where a process comes from, as far as it can be told by looking: a file by what the kernel says of it, for the same file again may be a new version; everything else by its text. What can't be looked at is not known.
 */
#include "origin.h"

#include <string.h>
#include <sys/stat.h>

#include "launch.h"
#include "runtime.h"
#include "schema.h"
#include "sys.h"

static uint64_t
mix(uint64_t sum, const char *text)
{
	return (sum ^ (text ? tri_fingerprint(text, strlen(text)) : 0)) * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

struct origin
origin_now(struct tractor_runtime *runtime, const struct spec *spec)
{
	char **environment = environment_make(runtime, spec, NULL);
	struct stat file, directory;

	if (!environment || sys.stat(spec->exec_path, &file) < 0 ||
		sys.stat(spec->directory ? spec->directory : ".", &directory) < 0) {
		tri_arena_reset(&runtime->arena);
		return (struct origin){ .given = 0 };
	}
	uint64_t given = mix(mix(mix(launch_has_lanes(spec), spec->exec), spec->exec_path), spec->directory);
	for (char **entry = environment; *entry; entry++)
		given = mix(given, *entry);
	tri_arena_reset(&runtime->arena);
	return (struct origin){ .given = given,
		.device = file.st_dev,
		.inode = file.st_ino,
		.size = file.st_size,
		.modified = file.st_mtim,
		.changed = file.st_ctim,
		.directory_device = directory.st_dev,
		.directory = directory.st_ino };
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
origin_same(const struct origin *a, const struct origin *b)
{
	return a->given != 0 && a->given == b->given && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && same_time(a->modified, b->modified) &&
	       same_time(a->changed, b->changed) && a->directory_device == b->directory_device &&
	       a->directory == b->directory;
}
