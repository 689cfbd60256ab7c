/*
 * cmd_crashes.c: `tractor crashes`: one line for each, or for each kind; one report in full; and removing them. They are read from the run directory: they are there when the supervisor is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clientfind.h"
#include "crashfiles.h"
#include "crashtext.h"
#include "inventory.h"
#include "output.h"
#include "suggest.h"

struct place {
	const struct command_line *line;
	const char *path; /* of what is listed; NULL: all */
	struct crashfiles_place of;
};

#define NAMES_LIMIT_MS 3000 /* the supervisor gives the unwinder two seconds */
#define LOOK_AGAIN_MS 20

/* --- reading them --- */

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether one of them will have names in a moment. What a supervisor left so long ago won't. */
static bool
has_pending(const struct crashes *crashes)
{
	for (size_t i = 0; i < crashes->count; i++) {
		const char *symbols = json_string_value(json_object_get(crashes->items[i].report, "symbols"));
		int64_t time_ms = json_integer_value(json_object_get(crashes->items[i].report, "time"));
		if (symbols != NULL && strcmp(symbols, "pending") == 0 &&
			time_ms > clock_ms(CLOCK_REALTIME) - NAMES_LIMIT_MS)
			return true;
	}
	return false;
}

/* With the names of those who have just crashed. */
static void
read_with_names(int folder, struct crashes *ret_crashes)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	int64_t until_ms = clock_ms(CLOCK_MONOTONIC) + NAMES_LIMIT_MS;

	crashfiles_read(folder, true, ret_crashes);
	while (has_pending(ret_crashes) && clock_ms(CLOCK_MONOTONIC) < until_ms) {
		nanosleep(&pause, NULL);
		crashfiles_free(ret_crashes);
		crashfiles_read(folder, true, ret_crashes);
	}
}

/* --- one line for each --- */

static const struct output_column columns[] = {
	{ "ID", false },
	{ "TIME", false },
	{ "PATH", false },
	{ "CAUSE", false },
	{ "IN", false },
	{ "MESSAGE", false },
	{ "VERDICT", false },
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void
add_cells(struct output_table *table, char **cells, size_t count)
{
	output_table_add(table, (const char *const *)cells);
	for (size_t i = 0; i < count; i++)
		free(cells[i]);
}

static void
add_row(struct output_table *table, const struct crashes *crashes, const struct crash *crash)
{
	const json_t *report = crash->report;
	char *cells[COLUMN_COUNT] = {
		output_need(strdup(crash->id)),
		crashtext_time(json_object_get(report, "time")),
		crashtext_value(json_object_get(report, "path")),
		crashtext_value(json_object_get(report, "cause")),
		crashtext_top(crashfiles_full(crashes, crash)->report),
		crashtext_message(report),
		crashtext_value(json_object_get(report, "verdict")),
	};

	add_cells(table, cells, COLUMN_COUNT);
}

/* Takes the text; "-" is nothing. */
static void
set_text(json_t *row, const char *key, char *text)
{
	json_object_set_new(row, key, strcmp(text, "-") != 0 ? json_string(text) : json_null());
	free(text);
}

static json_t *
row_json(const struct crashes *crashes, const struct crash *crash)
{
	static const char *const keys[] = { "time", "path", "incarnation", "cause" };
	json_t *row = output_need(json_pack("{s:s}", "id", crash->id));

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(row, keys[i], json_object_get(crash->report, keys[i]));
	set_text(row, "top", crashtext_top(crashfiles_full(crashes, crash)->report));
	set_text(row, "message", crashtext_message(crash->report));
	json_object_set(row, "verdict", json_object_get(crash->report, "verdict"));
	json_object_set(row, "fingerprint", json_object_get(crash->report, "fingerprint"));
	return row;
}

static void
print_rows(json_t *rows)
{
	json_t *whole = output_need(json_pack("{s:o}", "crashes", rows));

	output_json_line(stdout, whole);
	json_decref(whole);
}

/* Whether it is one of those that are listed. */
static bool
is_wanted(const struct place *place, const struct crash *crash)
{
	const char *path = json_string_value(json_object_get(crash->report, "path"));

	return place->path == NULL || (path != NULL && spec_path_below(place->path, path));
}

static void
say_none(const struct place *place)
{
	if (place->path != NULL)
		output_error("nothing has crashed at %.200s", place->path);
	else
		crashfiles_say_none(&place->of);
}

static void
print_table(const struct place *place, struct output_table *table, size_t rows)
{
	if (rows > 0)
		output_table_print(table, stdout, NULL);
	else
		say_none(place);
	output_table_free(table);
}

static void
print_each(const struct place *place, const struct crashes *crashes)
{
	bool json = place->line->json;
	struct output_table *table = json ? NULL : output_table_new(columns, COLUMN_COUNT);
	json_t *rows = output_need(json_array());
	size_t count = 0;

	for (size_t i = 0; i < crashes->count; i++) {
		if (!is_wanted(place, &crashes->items[i]))
			continue;
		count++;
		if (json)
			json_array_append_new(rows, row_json(crashes, &crashes->items[i]));
		else
			add_row(table, crashes, &crashes->items[i]);
	}
	if (json) {
		print_rows(rows);
		return;
	}
	json_decref(rows);
	print_table(place, table, count);
}

/* --- one line for each kind --- */

/* Crashes with one fingerprint; one without has none that is like it. */
struct kind {
	const struct crash *full, *first, *last;
	json_int_t count;
	json_int_t first_time;
};

static const struct output_column kind_columns[] = {
	{ "COUNT", true },
	{ "FIRST", false },
	{ "LAST", false },
	{ "PATH", false },
	{ "CAUSE", false },
	{ "IN", false },
	{ "MESSAGE", false },
	{ "ID", false },
};
#define KIND_COLUMN_COUNT (sizeof(kind_columns) / sizeof(kind_columns[0]))

static const char *
fingerprint_of(const struct crash *crash)
{
	return json_string_value(json_object_get(crash->report, "fingerprint"));
}

static bool
is_of(const struct kind *kind, const struct crash *crash)
{
	const char *fingerprint = fingerprint_of(crash), *its = fingerprint_of(kind->last);

	return fingerprint != NULL && its != NULL && strcmp(fingerprint, its) == 0;
}

/* What the supervisor has counted, if what it began to count with is still there: there may be more than there are reports. */
static void
add_counted(const struct crashes *crashes, struct kind *kind)
{
	const char *fingerprint = fingerprint_of(kind->last);
	const json_t *counted;
	size_t i;

	json_array_foreach(crashes->kinds, i, counted)
	{
		const char *its = json_string_value(json_object_get(counted, "fingerprint")),
			   *full = json_string_value(json_object_get(counted, "full"));
		json_int_t count = json_integer_value(json_object_get(counted, "count"));
		if (fingerprint == NULL || its == NULL || full == NULL || strcmp(its, fingerprint) != 0 ||
			strcmp(full, kind->full->id) != 0 || count < kind->count)
			continue;
		kind->count = count;
		kind->first_time = json_integer_value(json_object_get(counted, "first"));
	}
}

/* They are by time, so the last one that is seen is the last. As many as there are crashes at most; how many. */
static size_t
find_kinds(const struct place *place, const struct crashes *crashes, struct kind *kinds)
{
	size_t count = 0;

	for (size_t i = 0; i < crashes->count; i++) {
		const struct crash *crash = &crashes->items[i];
		size_t k = 0;
		if (!is_wanted(place, crash))
			continue;
		while (k < count && !is_of(&kinds[k], crash))
			k++;
		if (k == count)
			kinds[count++] = (struct kind){ .first = crash,
				.first_time = json_integer_value(json_object_get(crash->report, "time")) };
		kinds[k].last = crash;
		kinds[k].full = crashfiles_full(crashes, crash);
		kinds[k].count++;
	}
	/* What is counted is what crashed so wherever in the tree; of one place only the reports tell. */
	for (size_t k = 0; k < count && place->path == NULL; k++)
		add_counted(crashes, &kinds[k]);
	return count;
}

static void
add_kind_row(struct output_table *table, const struct kind *kind)
{
	json_t *count = output_need(json_integer(kind->count)),
	       *first = output_need(json_integer(kind->first_time));
	char *cells[KIND_COLUMN_COUNT] = {
		crashtext_value(count),
		crashtext_time(first),
		crashtext_time(json_object_get(kind->last->report, "time")),
		crashtext_value(json_object_get(kind->last->report, "path")),
		crashtext_value(json_object_get(kind->last->report, "cause")),
		crashtext_top(kind->full->report),
		crashtext_message(kind->last->report),
		output_need(strdup(kind->full->id)),
	};

	add_cells(table, cells, KIND_COLUMN_COUNT);
	json_decref(count);
	json_decref(first);
}

static json_t *
kind_json(const struct kind *kind)
{
	const json_t *report = kind->last->report;
	json_t *row = output_need(json_pack(
		"{s:I, s:I, s:s}", "count", kind->count, "first", kind->first_time, "id", kind->full->id));

	json_object_set(row, "last", json_object_get(report, "time"));
	json_object_set(row, "path", json_object_get(report, "path"));
	json_object_set(row, "cause", json_object_get(report, "cause"));
	set_text(row, "top", crashtext_top(kind->full->report));
	set_text(row, "message", crashtext_message(report));
	json_object_set(row, "fingerprint", json_object_get(report, "fingerprint"));
	return row;
}

static void
print_kinds(const struct place *place, const struct crashes *crashes)
{
	bool json = place->line->json;
	struct kind *kinds = output_need(calloc(crashes->count + 1, sizeof(*kinds)));
	struct output_table *table = json ? NULL : output_table_new(kind_columns, KIND_COLUMN_COUNT);
	json_t *rows = output_need(json_array());
	size_t count = find_kinds(place, crashes, kinds);

	for (size_t i = 0; i < count; i++)
		if (json)
			json_array_append_new(rows, kind_json(&kinds[i]));
		else
			add_kind_row(table, &kinds[i]);
	free(kinds);
	if (json) {
		print_rows(rows);
		return;
	}
	json_decref(rows);
	print_table(place, table, count);
}

/* --- the commands --- */

static int
list(struct place *place, const struct crashes *crashes)
{
	if (place->line->unique)
		print_kinds(place, crashes);
	else
		print_each(place, crashes);
	return CONTROL_DONE;
}

static int
show(struct place *place, const struct crashes *crashes)
{
	const struct command_line *line = place->line;
	const char *id = line->word_count > 1 ? line->words[1] : "";
	const struct crash *crash = *id != '\0' ? crashfiles_find(crashes, id) : NULL;

	if (line->last && crashes->count == 0) {
		crashfiles_say_none(&place->of);
		return CONTROL_FAILED;
	}
	if (line->last)
		crash = &crashes->items[crashes->count - 1];
	if (crash == NULL)
		return crashfiles_unknown(crashes, id);
	if (line->json)
		output_json_line(stdout, crash->report);
	else
		crashtext_print(crash->id, crash->report, crashfiles_full(crashes, crash)->report);
	return CONTROL_DONE;
}

/* Of a tree that doesn't run nothing needs to stay: whoever holds its lock may take its directory away. */
static void
remove_directory(const struct place *place)
{
	char path[PATH_MAX + sizeof("/lock")];

	if (place->of.is_running)
		return;
	snprintf(path, sizeof(path), "%s/lock", place->of.tree.directory);
	int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
		unlinkat(place->of.folder, "../" INVENTORY_FOLDER, AT_REMOVEDIR);
		unlink(path);
		rmdir(place->of.tree.directory);
	}
	if (lock >= 0)
		close(lock);
}

static int
remove_one(struct place *place, const struct crashes *crashes)
{
	const char *id = place->line->words[1];
	const struct crash *crash = *id != '\0' ? crashfiles_find(crashes, id) : NULL;

	if (crash == NULL)
		return crashfiles_unknown(crashes, id);
	if (crashfiles_remove(place->of.folder, crash->id))
		return CONTROL_DONE;
	output_error("cannot remove %s: %s", crash->id, strerror(errno));
	return errno == EACCES || errno == EPERM ? CONTROL_NOT_ALLOWED : CONTROL_FAILED;
}

static int
remove_some(struct place *place, const struct crashes *crashes)
{
	if (!place->line->all)
		return remove_one(place, crashes);
	size_t count = crashfiles_remove_all(place->of.folder);
	if (count == 0)
		crashfiles_say_none(&place->of);
	remove_directory(place);
	return CONTROL_DONE;
}

/* --- which of them --- */

static const struct verb {
	const char *name, *synopsis;
	unsigned option;						/* that is its own */
	bool wants_one;							/* an ID, or that option instead */
	int more;							/* words that may be behind that */
	int (*run)(struct place *place, const struct crashes *crashes); /* NULL: it is cmd_replay.c's */
} verbs[] = {
	{ "list", " [--unique] [PATH]", OPTION_UNIQUE, false, 1, list },
	{ "show", " ID|--last", OPTION_LAST, true, 0, show },
	{ "bundle", " ID|--last [FILE]", OPTION_LAST, true, 1, NULL },
	{ "rm", " ID|--all", OPTION_ALL, true, 0, remove_some },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* Without a verb. One that lacks its first "/" is told so. */
static bool
is_path(const struct command_line *line)
{
	return line->word_count > 0 && strchr(line->words[0], '/') != NULL;
}

static const struct verb *
find_verb(const char *name)
{
	const char *names[VERBS];

	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(names[i], name) == 0)
			return &verbs[i];
	}
	const char *meant = suggest_word(name, names, VERBS);
	output_error(
		"crashes list, crashes show ID, crashes bundle ID or crashes rm ID; not crashes %.64s%s%s%s",
		name, meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant : "",
		meant != NULL ? "\"?" : "");
	return NULL;
}

/* Whether what stands on the line goes together. */
static bool
is_sensible(const struct command_line *line, const struct verb *verb)
{
	unsigned given = line->given & (OPTION_UNIQUE | OPTION_LAST | OPTION_ALL);
	bool has_one = line->word_count > 1 || given != 0;
	int most = !is_path(line) + (verb->wants_one && given == 0) + verb->more;

	if ((given & ~verb->option) != 0)
		output_error("crashes %s has no such option; see: tractor help crashes", verb->name);
	else if (line->word_count > most)
		output_error("\"%.64s\" is too much; it is: tractor crashes %s%s", line->words[most],
			verb->name, verb->synopsis);
	else if (verb->wants_one && !has_one)
		output_error("crashes %s which? see: tractor crashes list", verb->name);
	else
		return true;
	return false;
}

/* One crash says itself in which tree it is; what is about all of them is about one tree. */
static bool
open_place(const struct command_line *line, const struct verb *verb, const char *path,
	struct crashfiles_place *ret_place, int *ret_code)
{
	char root[CLIENT_ROOT_BYTES];
	const char *id = line->last ? NULL : line->word_count > 1 ? line->words[1] : "";

	if (!verb->wants_one || line->all)
		return crashfiles_open(
			line->tree == NULL && path != NULL ? client_root_name(path, root) : line->tree,
			ret_place, ret_code);
	return crashfiles_open_for(line->tree, id, ret_place, ret_code);
}

int
cmd_crashes(const struct command_line *line)
{
	bool has_verb = line->word_count > 0 && !is_path(line);
	const struct verb *verb = find_verb(has_verb ? line->words[0] : "list");
	struct place place = { .line = line };
	struct client_end end = { .code = CONTROL_DONE };
	struct crashes crashes;
	int code;

	if (verb == NULL || !is_sensible(line, verb))
		return CONTROL_USAGE;
	if (verb->run == NULL)
		return replay_bundle(line);
	if (verb->run == list && line->word_count > has_verb)
		place.path = line->words[has_verb];
	if (place.path != NULL && !client_check_path(place.path, &end))
		return client_finish(&end);
	if (!open_place(line, verb, place.path, &place.of, &code))
		return code;
	if (verb->run == remove_some)
		crashfiles_read(place.of.folder, true, &crashes);
	else
		read_with_names(place.of.folder, &crashes);
	code = verb->run(&place, &crashes);
	crashfiles_free(&crashes);
	crashfiles_close(&place.of);
	return code;
}
