/*
 * origin.h: where a process comes from: its program, its directory, its environment. It has them for life; one that was started earlier may have others than one that is started now.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_ORIGIN_H
#define TRACTOR_SUPERVISOR_SHELL_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct spec;
struct tractor_runtime;

/* What a process has for life, and no welcome can give it. */
struct origin {
	uint64_t given; /* a fingerprint of what it is started with; 0: not known */
	dev_t device;	/* the program's file, which may be replaced */
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	dev_t directory_device; /* where it works, which may be another by the same name */
	ino_t directory;
};

/* Of one that is started now. Resets the runtime's arena. One that can't be known is the same as none. */
struct origin origin_now(struct tractor_runtime *runtime, const struct spec *spec);
bool origin_same(const struct origin *a, const struct origin *b);

#endif
