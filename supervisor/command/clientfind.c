/*
 * clientfind.c: which tree is meant. Looks into the directories where run directories are, and finds out which of them have a
 * supervisor by connecting. It changes nothing there. The rule of where they are is the supervisor's (rundir.c); both
 * places are looked at, because the tree may have been started where XDG_RUNTIME_DIR is not set: by cron, say.
 */
#include "clientfind.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inventory.h"
#include "logrotation.h"
#include "output.h"
#include "suggest.h"

#define PARENTS_MAX 2
#define TREES_MAX 64 /* that are listed; more run on one machine only by mistake */

struct parents {
	char paths[PARENTS_MAX][PATH_MAX];
	size_t count;
};

/* Only what nobody else could have put there: the temporary directory is everybody's. */
static bool
is_private(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	       (status.st_mode & 022) == 0;
}

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static void
find_parents(struct parents *parents)
{
	const char *own = variable("TRACTOR_RUN_DIR"), *runtime = variable("XDG_RUNTIME_DIR"),
		   *temporary = variable("TMPDIR");
	parents->count = 0;
	char *next = parents->paths[0];
	if (own != NULL) {
		/* Said in so many words, so it may even be another user's: root looks after other people's trees. */
		snprintf(next, PATH_MAX, "%s", own);
		parents->count = 1;
		return;
	}
	if (runtime != NULL && snprintf(next, PATH_MAX, "%s/tractor", runtime) < PATH_MAX && is_private(next))
		next = parents->paths[++parents->count];
	if (snprintf(next, PATH_MAX, "%s/tractor-%u", temporary != NULL ? temporary : "/tmp",
		    (unsigned)geteuid()) < PATH_MAX &&
		is_private(next))
		parents->count++;
}

static int
look_for(const struct client_tree *tree, const char *file)
{
	char path[PATH_MAX + 16];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", tree->directory, file);
	return stat(path, &status) == 0 ? 0 : errno;
}

/* 0: it counts; else why not, as an errno. */
static int
look_at(const struct client_tree *tree, enum client_kind kind)
{
	int error;

	switch (kind) {
	case CLIENT_LEFT: return look_for(tree, INVENTORY_FOLDER);
	case CLIENT_LOGGED: return look_for(tree, LOGROTATION_FOLDER);
	case CLIENT_HERE:
		/* Every one that has run has left one of them, and what is no tree's has none. */
		error = look_for(tree, INVENTORY_FOLDER);
		error = error != 0 ? look_for(tree, LOGROTATION_FOLDER) : 0;
		return error != 0 ? look_for(tree, "lock") : 0;
	case CLIENT_RUNNING: break;
	}
	int fd = client_connect(tree->directory);
	if (fd >= 0)
		close(fd);
	/* Full is running too, and another user's may be. */
	return fd >= 0 || errno == EAGAIN || errno == EACCES ? 0 : errno;
}

static bool
make_tree(const char *parent, const char *name, struct client_tree *ret_tree)
{
	if (!spec_name_ok(name))
		return false;
	strcpy(ret_tree->name, name);
	return snprintf(ret_tree->directory, sizeof(ret_tree->directory), "%s/%s", parent, name) <
	       (int)sizeof(ret_tree->directory);
}

static bool
find_by_name(const struct parents *parents, const char *name, size_t length, enum client_kind kind,
	struct client_tree *ret_tree)
{
	char copy[SPEC_NAME_MAX + 1];
	struct client_tree tree;

	if (length > SPEC_NAME_MAX)
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)length, name);
	for (size_t i = 0; i < parents->count; i++)
		if (make_tree(parents->paths[i], copy, &tree) && look_at(&tree, kind) == 0) {
			*ret_tree = tree;
			return true;
		}
	return false;
}

static bool
is_listed(const struct client_trees *found, const char *name)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->items[i].name, name) == 0)
			return true;
	return false;
}

/* False: whose it is doesn't let us look. */
static bool
list_parent(const char *parent, enum client_kind kind, struct client_trees *found)
{
	DIR *directory = opendir(parent);
	const struct dirent *entry;

	if (directory == NULL)
		return errno != EACCES;
	while (found->count < TREES_MAX && (entry = readdir(directory)) != NULL) {
		struct client_tree *tree = &found->items[found->count];
		if (!is_listed(found, entry->d_name) && make_tree(parent, entry->d_name, tree) &&
			look_at(tree, kind) == 0)
			found->count++;
	}
	closedir(directory);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct client_tree *)a)->name, ((const struct client_tree *)b)->name);
}

/* Gives a parent that may not be looked into; NULL: there is none such. */
static const char *
list_all(const struct parents *parents, enum client_kind kind, struct client_trees *found)
{
	const char *closed = NULL;

	*found = (struct client_trees){ .items = output_need(calloc(TREES_MAX, sizeof(struct client_tree))) };
	for (size_t i = 0; i < parents->count; i++)
		if (!list_parent(parents->paths[i], kind, found))
			closed = parents->paths[i];
	qsort(found->items, found->count, sizeof(*found->items), by_name);
	return closed;
}

void
client_list(enum client_kind kind, struct client_trees *ret_trees)
{
	struct parents parents;

	find_parents(&parents);
	list_all(&parents, kind, ret_trees);
}

const char *
client_root_name(const char *path, char name[CLIENT_ROOT_BYTES])
{
	snprintf(name, CLIENT_ROOT_BYTES, "%.*s", (int)strcspn(path + 1, "/"), path + 1);
	return name;
}

void
client_write_names(const struct client_trees *found, char *text, size_t size)
{
	size_t length = 0, shown = found->count < 8 ? found->count : 8;

	*text = '\0';
	for (size_t i = 0; i < shown && length < size; i++)
		length += (size_t)snprintf(
			text + length, size - length, "%s%s", i > 0 ? ", " : "", found->items[i].name);
	if (shown < found->count && length < size)
		snprintf(text + length, size - length, " and %zu more", found->count - shown);
}

static void
explain_name(const char *name, const struct client_trees *found, bool runs, struct client_end *end)
{
	const char *names[TREES_MAX];
	char list[CLIENT_NAMES_BYTES], what[160];

	for (size_t i = 0; i < found->count; i++)
		names[i] = found->items[i].name;
	const char *meant = suggest_word(name, names, found->count);
	snprintf(what, sizeof(what),
		runs ? "no tree \"%.100s\" is running" : "nothing of a tree \"%.100s\" is here", name);
	client_write_names(found, list, sizeof(list));
	if (meant != NULL)
		client_set_end(end, CONTROL_NO_TREE, "%s; did you mean \"%s\"?", what, meant);
	else if (found->count > 0)
		client_set_end(
			end, CONTROL_NO_TREE, "%s; %s: %s", what, runs ? "running" : "there are", list);
	else
		client_set_end(end, CONTROL_NO_TREE, "%s; start one with: tractor run FILE", what);
}

static void
explain_count(const struct client_trees *found, enum client_kind kind, struct client_end *end)
{
	char list[CLIENT_NAMES_BYTES];

	client_write_names(found, list, sizeof(list));
	if (found->count > 0)
		client_set_end(end, CONTROL_USAGE,
			"several trees %s: %s; say which with -t NAME or TRACTOR_TREE",
			kind == CLIENT_RUNNING ? "are running" : "have been running", list);
	else if (kind == CLIENT_RUNNING)
		client_set_end(end, CONTROL_NO_TREE, "no tree is running; start one with: tractor run FILE");
	else
		client_set_end(end, CONTROL_NO_TREE,
			"no tree is running or has left anything; start one with: tractor run FILE");
}

bool
client_choose(const char *name, const char *path, enum client_kind kind, struct client_tree *ret_tree,
	struct client_end *ret_end)
{
	bool runs = kind == CLIENT_RUNNING;
	enum client_kind named = runs ? CLIENT_RUNNING : CLIENT_HERE;
	struct parents parents;
	struct client_trees found;

	find_parents(&parents);
	if (name != NULL && find_by_name(&parents, name, strlen(name), named, ret_tree))
		return true;
	if (name == NULL && path != NULL &&
		find_by_name(&parents, path + 1, strcspn(path + 1, "/"), named, ret_tree))
		return true;
	const char *closed = list_all(&parents, name != NULL ? named : kind, &found);
	if (found.count == 0 && !runs) {
		free(found.items);
		list_all(&parents, CLIENT_HERE, &found);
	}
	bool chosen = name == NULL && found.count == 1;
	if (chosen)
		*ret_tree = found.items[0];
	else if (found.count == 0 && closed != NULL)
		client_set_end(ret_end, CONTROL_NOT_ALLOWED, "%s: %s; the trees there are another user's",
			closed, strerror(EACCES));
	else if (name != NULL)
		explain_name(name, &found, runs, ret_end);
	else
		explain_count(&found, kind, ret_end);
	free(found.items);
	return chosen;
}
