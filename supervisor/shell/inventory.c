/*
 * inventory.c: crash reports on disk, under a limit of their number and their size. Crashes that are alike have one fingerprint: the first is written in full, and so is one that comes long after;
 * what comes in between is counted, and leaves a short report. When there are too many, short ones go first, and the oldest first. What fails costs a report or a count, and an event says so; nothing here
 * is in a restart's way but the writing of one file.
 * Recordings, which may be large, are written a moment later.
 */
#include "inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording.h"
#include "runtime.h"
#include "settings.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define REPORTS_MAX 1000       /* one for each is a line of a list that a person may look through */
#define BYTES_EACH (64u << 10) /* in the mean; one in full has some thirty KiB, a short one two */
#define FULL_AGAIN_MS \
	(10 * INT64_C(60000)) /* what crashes again within ten minutes is a loop; later it is news */
#define RECORDINGS_WAIT_BYTES (32u << 20) /* some large states; where more waits it is not waited for */
#define TIDY_NS (20 * SPEC_MILLISECOND)	  /* after a restart, not before it */

/* --- hashing --- */

uint64_t
inventory_hash(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* With its end, so that two texts are not one. */
uint64_t
inventory_hash_text(uint64_t hash, const char *text)
{
	return inventory_hash(hash, text, strlen(text) + 1);
}

/* --- files --- */

/* "<run directory>/crashes/<name><suffix>", to be freed; NULL: no memory. */
static char *
file_path(const struct tractor_runtime *runtime, const char *name, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/" INVENTORY_FOLDER "/%s%s", runtime->rundir.path, name, suffix) < 0 ? NULL
												       : path;
}

/* 0, or the errno that ended it. A disk that fills up takes some of it first. */
static int
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t put = sys.write(fd, text, length);
		if (put < 0 && errno != EINTR)
			return errno;
		text += put > 0 ? put : 0;
		length -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

/* Whole or not at all: written aside, then renamed. A pipe that somebody put there is not waited for. */
static tractor_err
write_file(const char *path, const void *bytes, size_t size)
{
	char *aside;

	if (asprintf(&aside, "%s.part", path) < 0)
		return tri_why(TRACTOR_ENOMEM, "out of memory");
	int fd = sys.open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0600);
	int error = fd < 0 ? errno : write_all(fd, bytes, size);
	if (fd >= 0 && sys.close(fd) < 0 && error == 0 && errno != EINTR)
		error = errno; /* where the disk is somebody else's, the last of it may fail only now */
	if (error == 0 && sys.rename(aside, path) < 0)
		error = errno;
	if (error != 0)
		sys.unlink(aside);
	free(aside);
	return error == 0 ? TRACTOR_OK : tri_why(TRACTOR_ESYSTEM, "%s: %s", path, strerror(error));
}

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static bool
is_report(const char *name)
{
	return name[0] != '.' && ends_with(name, INVENTORY_SUFFIX);
}

/* Bytes; negative: it is no file, or not there. */
static int64_t
file_bytes(const struct tractor_runtime *runtime, const char *name, const char *suffix)
{
	char *path = file_path(runtime, name, suffix);
	struct stat about;
	int64_t bytes =
		path && sys.lstat(path, &about) == 0 && S_ISREG(about.st_mode) ? (int64_t)about.st_size : -1;

	free(path);
	return bytes;
}

static void
remove_file(const struct tractor_runtime *runtime, const char *name, const char *suffix)
{
	char *path = file_path(runtime, name, suffix);

	if (path)
		sys.unlink(path);
	free(path);
}

/* --- what there is --- */

struct listed {
	char *id;
	int64_t bytes, recorded_bytes; /* of its report and of its recording; negative: there is none */
};

struct listing {
	struct listed *items;
	size_t count;
};

static void
add_listed(struct listing *listing, const struct tractor_runtime *runtime, const char *name)
{
	struct listed listed = { .id = strndup(name, strlen(name) - strlen(INVENTORY_SUFFIX)),
		.bytes = file_bytes(runtime, name, "") };
	struct listed *grown =
		listed.id && listed.bytes >= 0
			? reallocarray(listing->items, listing->count + 1, sizeof(*listing->items))
			: NULL;

	if (!grown) {
		free(listed.id);
		return;
	}
	listed.recorded_bytes = file_bytes(runtime, listed.id, RECORDING_SUFFIX);
	listing->items = grown;
	listing->items[listing->count++] = listed;
}

/* Ids begin with the time. */
static int
by_age(const void *a, const void *b)
{
	const struct listed *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* Without a report nobody would find it. */
static void
remove_stray_recording(struct tractor_runtime *runtime, const char *name)
{
	char *id = strndup(name, strlen(name) - strlen(RECORDING_SUFFIX));

	if (id && file_bytes(runtime, id, INVENTORY_SUFFIX) < 0)
		remove_file(runtime, name, "");
	free(id);
}

/* The reports, the oldest first. What a supervisor left that was killed while it wrote is removed. */
static void
list(struct tractor_runtime *runtime, struct listing *ret_listing)
{
	char *path = file_path(runtime, "", "");
	int fd = path ? sys.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) : -1;
	DIR *directory = fd < 0 ? NULL : sys.fdopendir(fd);

	free(path);
	*ret_listing = (struct listing){ .count = 0 };
	if (!directory && fd >= 0)
		sys.close(fd);
	for (struct dirent *entry; directory && (entry = sys.readdir(directory));) {
		if (is_report(entry->d_name))
			add_listed(ret_listing, runtime, entry->d_name);
		else if (ends_with(entry->d_name, ".part"))
			remove_file(runtime, entry->d_name, "");
		else if (ends_with(entry->d_name, RECORDING_SUFFIX))
			remove_stray_recording(runtime, entry->d_name);
	}
	if (directory)
		sys.closedir(directory);
	if (ret_listing->count > 0)
		qsort(ret_listing->items, ret_listing->count, sizeof(*ret_listing->items), by_age);
}

static void
free_listing(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].id);
	free(listing->items);
}

static void
take_stock(struct inventory *inventory, const struct listing *listing)
{
	inventory->report_count = inventory->bytes = 0;
	for (size_t i = 0; i < listing->count; i++) {
		if (listing->items[i].bytes < 0)
			continue;
		inventory->report_count++;
		inventory->bytes += (uint64_t)listing->items[i].bytes;
		if (listing->items[i].recorded_bytes > 0)
			inventory->bytes += (uint64_t)listing->items[i].recorded_bytes;
	}
}

/* --- the limit --- */

/* Whether some kind is told in full there. */
static bool
is_full(const struct inventory *inventory, const char *id)
{
	for (size_t i = 0; i < inventory->kind_count; i++)
		if (strcmp(inventory->kinds[i].full, id) == 0)
			return true;
	return false;
}

/* With a tenth to spare, so that it needs not be done again for each. */
static bool
is_crowded(const struct inventory *inventory, bool spare)
{
	uint64_t tenths = spare ? 9 : 10;

	return inventory->report_count > inventory->reports_max * tenths / 10 ||
	       inventory->bytes > inventory->bytes_max * tenths / 10;
}

static void
remove_recording(struct tractor_runtime *runtime, struct listed *listed)
{
	if (listed->recorded_bytes < 0)
		return;
	remove_file(runtime, listed->id, RECORDING_SUFFIX);
	runtime->inventory.bytes -= (uint64_t)listed->recorded_bytes;
	listed->recorded_bytes = -1;
}

/* A state may be large, and a report says the most in the least room: where it is room that is short, the oldest recordings go before any report does. */
static void
remove_recordings(struct tractor_runtime *runtime, struct listing *listing)
{
	const struct inventory *inventory = &runtime->inventory;

	if (inventory->bytes <= inventory->bytes_max)
		return;
	for (size_t i = 0; i < listing->count && inventory->bytes > inventory->bytes_max / 10 * 9; i++)
		remove_recording(runtime, &listing->items[i]);
}

static void
remove_some(struct tractor_runtime *runtime, struct listing *listing, bool full_ones)
{
	struct inventory *inventory = &runtime->inventory;

	for (size_t i = 0; i < listing->count && is_crowded(inventory, true); i++) {
		struct listed *listed = &listing->items[i];
		if (listed->bytes < 0 || (!full_ones && is_full(inventory, listed->id)))
			continue;
		remove_recording(runtime, listed);
		remove_file(runtime, listed->id, INVENTORY_SUFFIX);
		inventory->report_count--;
		inventory->bytes -= (uint64_t)listed->bytes;
		listed->bytes = -1;
	}
}

static void
make_room(struct tractor_runtime *runtime)
{
	struct listing listing;

	if (!is_crowded(&runtime->inventory, false))
		return;
	list(runtime, &listing);
	take_stock(&runtime->inventory, &listing);
	remove_recordings(runtime, &listing);
	remove_some(runtime, &listing, false);
	remove_some(runtime, &listing, true);
	free_listing(&listing);
}

/* --- kinds --- */

static json_t *
kinds_json(const struct inventory *inventory)
{
	json_t *kinds = json_array();

	for (size_t i = 0; i < inventory->kind_count; i++) {
		const struct inventory_kind *kind = &inventory->kinds[i];
		json_array_append_new(
			kinds, json_pack("{s:o, s:I, s:s, s:I, s:I, s:I}", "fingerprint",
				       json_sprintf("0x%" PRIx64, kind->fingerprint), "count",
				       (json_int_t)kind->count, "full", kind->full, "full_time",
				       (json_int_t)kind->full_ms, "first", (json_int_t)kind->first_ms, "last",
				       (json_int_t)kind->last_ms));
	}
	return json_pack("{s:i, s:o}", "schema_version", 1, "kinds", kinds);
}

static void
write_kinds(struct tractor_runtime *runtime)
{
	json_t *kinds = kinds_json(&runtime->inventory);
	char *path = file_path(runtime, INVENTORY_COUNTS, ""), *text = json_dumps(kinds, JSON_COMPACT);

	if (!path || !text || write_file(path, text, strlen(text)) != TRACTOR_OK)
		events_note(
			runtime, "counts_lost", "", 0, "%s", path && text ? tractor_why() : "out of memory");
	runtime->inventory.changed = false;
	json_decref(kinds);
	free(text);
	free(path);
}

static void
read_kind(struct inventory *inventory, const json_t *said)
{
	const char *fingerprint = json_string_value(json_object_get(said, "fingerprint")),
		   *full = json_string_value(json_object_get(said, "full"));
	json_int_t count = json_integer_value(json_object_get(said, "count"));

	if (!fingerprint || !full || count <= 0 || inventory->kind_count == INVENTORY_KINDS_MAX)
		return;
	struct inventory_kind *kind = &inventory->kinds[inventory->kind_count++];
	*kind = (struct inventory_kind){ .fingerprint = strtoull(fingerprint, NULL, 16),
		.count = (uint64_t)count,
		.first_ms = json_integer_value(json_object_get(said, "first")),
		.last_ms = json_integer_value(json_object_get(said, "last")),
		.full_ms = json_integer_value(json_object_get(said, "full_time")) };
	snprintf(kind->full, sizeof(kind->full), "%s", full);
}

static void
read_kinds(struct tractor_runtime *runtime)
{
	static const size_t most = INVENTORY_KINDS_MAX * (INVENTORY_ID_MAX + (size_t)256);
	char *path = file_path(runtime, INVENTORY_COUNTS, ""), *text = malloc(most);
	ssize_t length = path && text ? procfile_read(path, text, most) : -1;
	json_t *said = length > 0 ? json_loadb(text, (size_t)length, 0, NULL) : NULL;
	const json_t *kinds = json_object_get(said, "kinds");

	for (size_t i = 0; i < json_array_size(kinds); i++)
		read_kind(&runtime->inventory, json_array_get(kinds, i));
	json_decref(said);
	free(text);
	free(path);
}

static struct inventory_kind *
find_kind(struct inventory *inventory, uint64_t fingerprint)
{
	struct inventory_kind *oldest = &inventory->kinds[0];

	for (size_t i = 0; i < inventory->kind_count; i++) {
		if (inventory->kinds[i].fingerprint == fingerprint)
			return &inventory->kinds[i];
		if (inventory->kinds[i].last_ms < oldest->last_ms)
			oldest = &inventory->kinds[i];
	}
	struct inventory_kind *kind = inventory->kind_count < INVENTORY_KINDS_MAX
					      ? &inventory->kinds[inventory->kind_count++]
					      : oldest;
	*kind = (struct inventory_kind){ .fingerprint = fingerprint };
	return kind;
}

const char *
inventory_count(struct tractor_runtime *runtime, uint64_t fingerprint, const char *id, int64_t time_ms,
	uint64_t *ret_count)
{
	struct inventory_kind *kind = find_kind(&runtime->inventory, fingerprint);
	bool is_there = kind->count > 0 && file_bytes(runtime, kind->full, INVENTORY_SUFFIX) >= 0;
	int64_t age_ms = time_ms - kind->full_ms;

	if (!is_there) /* the first, or somebody has removed it: then it is over with what was counted, too */
		*kind = (struct inventory_kind){ .fingerprint = fingerprint, .first_ms = time_ms };
	kind->last_ms = time_ms;
	*ret_count = ++kind->count;
	runtime->inventory.changed = true;
	if (is_there && age_ms >= 0 && age_ms < FULL_AGAIN_MS)
		return kind->full;
	kind->full_ms = time_ms;
	snprintf(kind->full, sizeof(kind->full), "%s", id);
	return NULL;
}

/* --- reports --- */

static bool
write_report(struct tractor_runtime *runtime, const json_t *report, const char *path, uint32_t incarnation)
{
	const char *id = json_string_value(json_object_get(report, "id"));
	char *file = id ? file_path(runtime, id, INVENTORY_SUFFIX) : NULL,
	     *text = file ? json_dumps(report, JSON_COMPACT) : NULL;
	bool written = text && write_file(file, text, strlen(text)) == TRACTOR_OK;

	if (written)
		runtime->inventory.bytes += strlen(text);
	else
		events_note(runtime, "report_lost", path, incarnation, "%s",
			text ? tractor_why() : "out of memory");
	free(text);
	free(file);
	return written;
}

bool
inventory_write(struct tractor_runtime *runtime, const json_t *report, const char *path, uint32_t incarnation)
{
	struct inventory *inventory = &runtime->inventory;
	bool written = write_report(runtime, report, path, incarnation);

	inventory->report_count += written;
	if (!timer_armed(&inventory->tidy.timer))
		loop_arm(&runtime->loop, &inventory->tidy, runtime->loop.now_ns + TIDY_NS);
	return written;
}

void
inventory_rewrite(
	struct tractor_runtime *runtime, const json_t *report, const char *path, uint32_t incarnation)
{
	const char *id = json_string_value(json_object_get(report, "id"));
	int64_t bytes = id ? file_bytes(runtime, id, INVENTORY_SUFFIX) : -1;

	if (bytes >= 0 && write_report(runtime, report, path, incarnation))
		runtime->inventory.bytes -= (uint64_t)bytes;
}

/* --- recordings --- */

/* One that is to be written. */
struct inventory_recording {
	struct inventory_recording *next;
	char id[INVENTORY_ID_MAX];
	char *path; /* of the actor */
	uint32_t incarnation;
	uint8_t *bytes;
	size_t size;
};

static void
recording_lost(struct tractor_runtime *runtime, const char *path, uint32_t incarnation, const char *why)
{
	events_note(runtime, "recording_lost", path, incarnation, "%s", why);
}

/* Somebody may have removed its report meanwhile. */
static void
write_recording(struct tractor_runtime *runtime, const struct inventory_recording *recording)
{
	char *file = file_path(runtime, recording->id, RECORDING_SUFFIX);

	if (file_bytes(runtime, recording->id, INVENTORY_SUFFIX) < 0)
		; /* then nobody would find it */
	else if (file && write_file(file, recording->bytes, recording->size) == TRACTOR_OK)
		runtime->inventory.bytes += recording->size;
	else
		recording_lost(runtime, recording->path, recording->incarnation,
			file ? tractor_why() : "out of memory");
	free(file);
}

static void
write_recordings(struct tractor_runtime *runtime)
{
	struct inventory *inventory = &runtime->inventory;

	for (struct inventory_recording *recording; (recording = inventory->recordings);) {
		inventory->recordings = recording->next;
		write_recording(runtime, recording);
		free(recording->path);
		free(recording->bytes);
		free(recording);
	}
	inventory->recordings_bytes = 0;
}

void
inventory_add_recording(struct remains *remains)
{
	const struct slot *slot = remains->slot;
	struct inventory *inventory = &slot->runtime->inventory;
	struct inventory_recording *recording = calloc(1, sizeof(*recording));

	if (!recording || !(recording->path = strdup(slot->node->path))) {
		free(recording);
		recording_lost(slot->runtime, slot->node->path, remains->incarnation, "out of memory");
		return;
	}
	memcpy(recording->id, remains->id, sizeof(recording->id));
	recording->incarnation = remains->incarnation;
	recording->bytes = remains->recording;
	recording->size = remains->recording_bytes;
	remains->recording = NULL;
	recording->next = inventory->recordings;
	inventory->recordings = recording;
	inventory->recordings_bytes += recording->size;
	if (inventory->recordings_bytes > RECORDINGS_WAIT_BYTES)
		write_recordings(slot->runtime);
}

/* --- the whole --- */

static void
tidy(void *arg)
{
	struct tractor_runtime *runtime = arg;

	write_recordings(runtime);
	make_room(runtime);
	if (runtime->inventory.changed)
		write_kinds(runtime);
}

tractor_err
inventory_open(struct tractor_runtime *runtime)
{
	struct inventory *inventory = &runtime->inventory;
	struct listing listing;

	inventory->reports_max = settings_crashes_max();
	if (inventory->reports_max == 0)
		inventory->reports_max = REPORTS_MAX;
	inventory->bytes_max = inventory->reports_max * BYTES_EACH;
	list(runtime, &listing);
	take_stock(inventory, &listing);
	free_listing(&listing);
	read_kinds(runtime);
	make_room(runtime);
	inventory->tidy = (struct alarm){ .due = tidy, .arg = runtime };
	return loop_reserve(&runtime->loop, 1);
}

void
inventory_close(struct tractor_runtime *runtime)
{
	if (!runtime->inventory.tidy.due)
		return;
	loop_disarm(&runtime->loop, &runtime->inventory.tidy);
	tidy(runtime);
	struct listing listing;
	list(runtime, &listing);
	if (listing.count == 0)
		remove_file(runtime, INVENTORY_COUNTS,
			""); /* so that nothing is left of a tree that has nothing to tell */
	free_listing(&listing);
}
