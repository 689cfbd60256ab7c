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

#define REPORT_MAX_BYTES \
	(4 << 20) /* some times the largest that is written: a report shows so much of a message and no more */

static bool
id_of_file(const char *file, char **ret_id)
{
	size_t length = strlen(file), suffix = strlen(INVENTORY_SUFFIX);

	if (file[0] == '.' || length <= suffix || strcmp(file + length - suffix, INVENTORY_SUFFIX) != 0)
		return false;
	*ret_id = output_need(strndup(file, length - suffix));
	return true;
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
		body = json_loadfd(fd, JSON_ALLOW_NUL, ret_why);
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
add(struct crashes *crashes, int folder, const char *file)
{
	json_error_t why;
	char *id;

	if (!id_of_file(file, &id))
		return;
	json_t *report = read_object(folder, file, &why);
	if (report == NULL) {
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
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
crashfiles_read(int folder, struct crashes *ret_crashes)
{
	DIR *directory = open_directory(folder);
	const struct dirent *entry;

	*ret_crashes = (struct crashes){ .count = 0 };
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		add(ret_crashes, folder, entry->d_name);
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

bool
crashfiles_remove(int folder, const char *id)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof(file), "%s" INVENTORY_SUFFIX, id);
	return unlinkat(folder, file, 0) == 0;
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
		}
	if (directory != NULL)
		closedir(directory);
	unlinkat(folder, INVENTORY_COUNTS, 0);
	return count;
}
