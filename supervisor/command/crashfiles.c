/*
 * crashfiles.c: reads and removes crash reports in a run directory, where they are when the supervisor is not. A report has what the black box had to say, so much of it comes from a process that had
 * just gone wrong. What can't be read is passed over with a word.
 */
#include "crashfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inventory.h"
#include "output.h"
#include "recording.h"
#include "suggest.h"

#define REPORT_MAX_BYTES \
	(4 << 20) /* some times the largest that is written: a report shows so much of a message and no more */

#define RECORDING_MAX_BYTES (64 << 20) /* a message, a state and all that is said about them */

/* What stands before a suffix. */
static bool
id_before(const char *file, const char *suffix, char **ret_id)
{
	size_t length = strlen(file), suffix_length = strlen(suffix);

	if (file[0] == '.' || length <= suffix_length || strcmp(file + length - suffix_length, suffix) != 0)
		return false;
	*ret_id = output_need(strndup(file, length - suffix_length));
	return true;
}

static bool
id_of_file(const char *file, char **ret_id)
{
	return id_before(file, INVENTORY_SUFFIX, ret_id);
}

bool
crashfiles_open(const char *tree, struct crashfiles_place *ret_place, int *ret_code)
{
	struct client_end end = { .code = CONTROL_DONE };
	char path[PATH_MAX + sizeof(INVENTORY_FOLDER) + 1];

	*ret_place = (struct crashfiles_place){ .folder = -1 };
	ret_place->is_running = client_choose(tree, NULL, CLIENT_RUNNING, &ret_place->tree, &end);
	if (!ret_place->is_running && !client_choose(tree, NULL, CLIENT_LEFT, &ret_place->tree, &end)) {
		*ret_code = client_finish(&end);
		return false;
	}
	snprintf(path, sizeof(path), "%s/" INVENTORY_FOLDER, ret_place->tree.directory);
	ret_place->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret_place->folder < 0 && errno == ENOENT)
		return true;
	if (ret_place->folder < 0) {
		output_error("%s: %s", path, strerror(errno));
		*ret_code = errno == EACCES ? CONTROL_NOT_ALLOWED : CONTROL_FAILED;
	}
	return ret_place->folder >= 0;
}

void
crashfiles_close(const struct crashfiles_place *place)
{
	if (place->folder >= 0)
		close(place->folder);
}

/* For json_load_callback(): json_loadfd() reads a byte at a time. */
static size_t
read_part(void *ret_part, size_t size, void *fd)
{
	return (size_t)read(*(int *)fd, ret_part, size);
}

/* NULL: it isn't there, is no file, or no report; `errno` or `ret_why` says so. */
static json_t *
read_object(int folder, const char *file, json_error_t *ret_why)
{
	struct stat status;
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *body = NULL;

	strcpy(ret_why->text, "");
	if (fd < 0 || fstat(fd, &status) != 0)
		snprintf(ret_why->text, sizeof(ret_why->text), "%s", strerror(errno));
	else if (!S_ISREG(status.st_mode) || status.st_size > REPORT_MAX_BYTES)
		strcpy(ret_why->text, "it is no file of ordinary size");
	else
		body = json_load_callback(read_part, &fd, JSON_ALLOW_NUL, ret_why);
	if (fd >= 0)
		close(fd);
	if (body == NULL || json_is_object(body))
		return body;
	strcpy(ret_why->text, "it is no JSON object");
	json_decref(body);
	return NULL;
}

/* The moment, as a number if it is one. */
static json_int_t
time_of(const json_t *report)
{
	return json_integer_value(json_object_get(report, "time"));
}

/* By time; where that says nothing, by id, the shorter first: 9 before 10. */
static int
by_time(const void *a, const void *b)
{
	const struct crash *left = a, *right = b;
	size_t left_length = strlen(left->id), right_length = strlen(right->id);

	if (time_of(left->report) != time_of(right->report))
		return time_of(left->report) < time_of(right->report) ? -1 : 1;
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return strcmp(left->id, right->id);
}

static void
add(struct crashes *crashes, int folder, const char *file, bool says)
{
	json_error_t why;
	char *id;

	if (!id_of_file(file, &id))
		return;
	json_t *report = read_object(folder, file, &why);
	if (report == NULL) {
		if (says)
			output_error("the report %s is passed over: %s", file, why.text);
		free(id);
		return;
	}
	crashes->items =
		output_need(reallocarray(crashes->items, crashes->count + 1, sizeof(*crashes->items)));
	crashes->items[crashes->count++] = (struct crash){ .id = id, .report = report };
}

static DIR *
open_directory(int folder)
{
	int copy = folder < 0 ? -1 : openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;

	if (directory == NULL && copy >= 0)
		close(copy);
	return directory;
}

static void
read_kinds(struct crashes *crashes, int folder)
{
	json_error_t why;
	json_t *body = read_object(folder, INVENTORY_COUNTS, &why), *kinds = json_object_get(body, "kinds");

	crashes->kinds = json_is_array(kinds) ? json_incref(kinds) : NULL;
	json_decref(body);
}

void
crashfiles_read(int folder, bool says, struct crashes *ret_crashes)
{
	DIR *directory = open_directory(folder);
	const struct dirent *entry;

	*ret_crashes = (struct crashes){ .count = 0 };
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		add(ret_crashes, folder, entry->d_name, says);
	if (directory != NULL)
		closedir(directory);
	if (ret_crashes->count > 0)
		qsort(ret_crashes->items, ret_crashes->count, sizeof(*ret_crashes->items), by_time);
	read_kinds(ret_crashes, folder);
}

void
crashfiles_free(struct crashes *crashes)
{
	for (size_t i = 0; i < crashes->count; i++) {
		free(crashes->items[i].id);
		json_decref(crashes->items[i].report);
	}
	free(crashes->items);
	json_decref(crashes->kinds);
}

const struct crash *
crashfiles_find(const struct crashes *crashes, const char *id)
{
	const struct crash *found = NULL;

	for (size_t i = 0; i < crashes->count; i++) {
		const struct crash *crash = &crashes->items[i];
		if (strcmp(crash->id, id) == 0)
			return crash;
		if (strncmp(crash->id, id, strlen(id)) == 0) {
			if (found != NULL)
				return NULL;
			found = crash;
		}
	}
	return found;
}

const struct crash *
crashfiles_full(const struct crashes *crashes, const struct crash *crash)
{
	const char *like = json_string_value(json_object_get(crash->report, "like"));

	for (size_t i = 0; like != NULL && i < crashes->count; i++)
		if (strcmp(crashes->items[i].id, like) == 0)
			return &crashes->items[i];
	return crash;
}

static bool
begins_several(const struct crashes *crashes, const char *id)
{
	size_t count = 0;

	for (size_t i = 0; i < crashes->count; i++)
		count += strncmp(crashes->items[i].id, id, strlen(id)) == 0;
	return count > 1;
}

void
crashfiles_say_none(const struct crashfiles_place *place)
{
	output_error("nothing has crashed in \"%s\"", place->tree.name);
}

int
crashfiles_unknown(const struct crashes *crashes, const char *id)
{
	const char **ids = output_need(calloc(crashes->count + 1, sizeof(*ids)));

	for (size_t i = 0; i < crashes->count; i++)
		ids[i] = crashes->items[i].id;
	const char *meant = suggest_word(id, ids, crashes->count);
	if (begins_several(crashes, id))
		output_error(
			"several crashes begin with \"%.100s\"; write more of it, or see: tractor crashes list",
			id);
	else if (meant != NULL)
		output_error("there is no crash \"%.100s\"; did you mean \"%s\"?", id, meant);
	else
		output_error("there is no crash \"%.100s\"; see: tractor crashes list", id);
	free(ids);
	return CONTROL_FAILED;
}

static bool
read_all(int fd, uint8_t *to, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t some = read(fd, to + got, size - got);
		if (some < 0 && errno == EINTR)
			continue;
		if (some == 0)
			errno = EIO; /* it has become shorter */
		if (some <= 0)
			return false;
		got += (size_t)some;
	}
	return true;
}

uint8_t *
crashfiles_bytes(int folder, const char *file, size_t *ret_size)
{
	struct stat status;
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;

	if (fd < 0 || fstat(fd, &status) != 0) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	errno = EFBIG;
	if (S_ISREG(status.st_mode) && status.st_size <= RECORDING_MAX_BYTES) {
		*ret_size = (size_t)status.st_size;
		bytes = output_need(malloc(*ret_size + 1));
		if (!read_all(fd, bytes, *ret_size)) {
			free(bytes);
			bytes = NULL;
		}
	} else if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
	}
	int error = errno;
	close(fd);
	errno = error;
	return bytes;
}

static bool
remove_file(int folder, const char *id, const char *suffix)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof(file), "%s%s", id, suffix);
	return unlinkat(folder, file, 0) == 0;
}

bool
crashfiles_remove(int folder, const char *id)
{
	remove_file(folder, id, RECORDING_SUFFIX);
	return remove_file(folder, id, INVENTORY_SUFFIX);
}

size_t
crashfiles_remove_all(int folder)
{
	DIR *directory = open_directory(folder);
	const struct dirent *entry;
	size_t count = 0;
	char *id;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (id_of_file(entry->d_name, &id)) {
			count += crashfiles_remove(folder, id);
			free(id);
		} else if (id_before(entry->d_name, RECORDING_SUFFIX, &id)) {
			remove_file(folder, id, RECORDING_SUFFIX);
			free(id);
		}
	if (directory != NULL)
		closedir(directory);
	unlinkat(folder, INVENTORY_COUNTS, 0);
	return count;
}
