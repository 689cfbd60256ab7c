/* inventory.h: the crash reports of a tree, on disk: one file for each crash, and how often each kind of crash was seen. */
#ifndef TRACTOR_SUPERVISOR_SHELL_INVENTORY_H
#define TRACTOR_SUPERVISOR_SHELL_INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "loop.h"

#define INVENTORY_FOLDER "crashes" /* in the run directory */
#define INVENTORY_SUFFIX ".json"   /* of a report's file; what is before it is its id */
#define INVENTORY_COUNTS ".counts" /* {"kinds": [{fingerprint, count, full, first, last}]} */

#define INVENTORY_ID_MAX 128 /* a name has 63 letters */
#define INVENTORY_KINDS_MAX \
	256 /* of crashes that are counted; the one that was not seen for longest makes room */

struct tractor_runtime;
struct slot;
struct remains;

/* Crashes that are alike. */
struct inventory_kind {
	uint64_t fingerprint;
	uint64_t count;
	int64_t first_ms, last_ms, full_ms; /* wall clock; full_ms: of the report that has it in full */
	char full[INVENTORY_ID_MAX];
};

struct inventory {
	struct inventory_kind kinds[INVENTORY_KINDS_MAX];
	size_t kind_count;
	uint64_t report_count, bytes; /* on disk, as far as is known */
	uint64_t reports_max, bytes_max;
	struct inventory_recording *recordings; /* that are to be written */
	size_t recordings_bytes;
	bool changed; /* kinds, since they were written */
	struct alarm tidy;
};

/* Reads what is there. TRACTOR_ENOMEM; a folder that can't be read is an empty one. */
tractor_err inventory_open(struct tractor_runtime *runtime);
/* Writes what was counted. Right for a zeroed one, too. */
void inventory_close(struct tractor_runtime *runtime);

/*
 * One more of that kind: *ret_count with it. Gives the id of the report that has it in full, if that is there and not old; NULL: this one is to be in full. Valid until
 * the next call.
 */
const char *inventory_count(struct tractor_runtime *runtime, uint64_t fingerprint, const char *id,
	int64_t time_ms, uint64_t *ret_count);

/* Writes a report, whole or not at all. False: it is lost, which an event says in the name of that incarnation of the actor at `path`. */
bool inventory_write(
	struct tractor_runtime *runtime, const json_t *report, const char *path, uint32_t incarnation);
/* The same for one that is written anew; if somebody has removed it meanwhile, it stays so. */
void inventory_rewrite(
	struct tractor_runtime *runtime, const json_t *report, const char *path, uint32_t incarnation);

/*
 * Takes over the recording that was made of the remains, to be written a moment later beside their report, which has been written. If it can't be, an event says so.
 */
void inventory_add_recording(struct remains *remains);

/* FNV-1a, to make a fingerprint of: begin with INVENTORY_HASH. */
#define INVENTORY_HASH UINT64_C(0xcbf29ce484222325)
uint64_t inventory_hash(uint64_t hash, const void *bytes, size_t size);
uint64_t inventory_hash_text(uint64_t hash, const char *text);

#endif
