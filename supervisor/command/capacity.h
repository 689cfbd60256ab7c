/*
 * capacity.h: how many actors a machine will carry, by what each of them costs and what limits there are, and what the kernel's files say in one line of many. Pure: what reads those files is doctor.h's.
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_CAPACITY_H
#define TRACTOR_SUPERVISOR_COMMAND_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPACITY_UNLIMITED UINT64_MAX
#define CAPACITY_HELP_BYTES 512

/* What an actor takes, and a machine has so much of. */
enum capacity_kind {
	CAPACITY_THREADS,
	CAPACITY_FDS,	   /* of the supervisor's */
	CAPACITY_MAPPINGS, /* of the supervisor's */
	CAPACITY_MEMORY,   /* bytes */
	CAPACITY_KINDS,
};

/* Something that ends somewhere. */
struct capacity_limit {
	const char *name; /* as the kernel calls it */
	enum capacity_kind kind;
	uint64_t most; /* CAPACITY_UNLIMITED */
	uint64_t
		taken; /* of that: by others, by a supervisor that has no actor yet, or kept back; may be more than `most` */
	char help[CAPACITY_HELP_BYTES]; /* what raises it: a command or a file */
};

/* Of `most`, what is not taken; 0 if more is. */
uint64_t capacity_room(uint64_t most, uint64_t taken);

/* How many actors it has room for, each of which takes `each[kind]`; CAPACITY_UNLIMITED: any number, for it is no limit or they take nothing. */
uint64_t capacity_actors(const struct capacity_limit *limit, const uint64_t each[CAPACITY_KINDS]);

/* Puts first what has room for fewest; those with room for as many stay as they were. */
void capacity_order(struct capacity_limit *limits, size_t count, const uint64_t each[CAPACITY_KINDS]);

/* What each of `count`, 1 or more, has added, rounded up; 0 if there is less of it than before. */
uint64_t capacity_share(uint64_t before, uint64_t after, uint64_t count);

/* The number, 0 or more, that a line of the text has behind `name` and a colon or blanks, as "Threads:\t14" or "inactive_file 4096" do. False: there is no such line. */
bool capacity_field(const char *text, const char *name, uint64_t *ret_value);

/* A limit as a file has it: a number, or "max"; and version 1's largest, which stands for none. False: it is neither. */
bool capacity_number(const char *text, uint64_t *ret_value);

/*
 * Where /proc/PID/cgroup says that the process is, among the groups of that controller; "" is version 2's one hierarchy. The path is in `text`, *ret_length bytes of it. NULL: it isn't in there.
 */
const char *capacity_group(const char *text, const char *controller, size_t *ret_length);

#endif
