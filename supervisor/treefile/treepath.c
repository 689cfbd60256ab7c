/*
 * treepath.c: the nodes of a spec by their paths, and which one was meant by a path that is none. Out of memory nothing is meant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "treewalk.h"

static struct spec *
child_named(const struct spec *parent, const char *name, size_t length)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (strlen(parent->children[i]->name) == length &&
			strncmp(parent->children[i]->name, name, length) == 0)
			return parent->children[i];
	return NULL;
}

struct spec *
treepath_find(struct spec *root, const char *path, const char **ret_rest)
{
	const struct spec above = { .children = &root, .child_count = 1 };
	const char *name = path + (path[0] == '/');
	struct spec *found = NULL;

	for (;;) {
		size_t length = strcspn(name, "/");
		struct spec *child = child_named(found != NULL ? found : &above, name, length);
		if (child == NULL || path[0] != '/') {
			*ret_rest = *name != '\0' ? name : "/"; /* never "", which is all of it */
			return found;
		}
		found = child;
		if (name[length] == '\0') {
			*ret_rest = "";
			return found;
		}
		name += length + 1;
	}
}

static void
free_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

/* Among the children of the last node that is there. */
char *
treepath_meant(struct spec *root, const char *path)
{
	const char *rest;
	const struct spec *parent = treepath_find(root, path, &rest);
	const struct spec above = { .children = &root, .child_count = 1 };
	int before = (int)(strlen(path) - strlen(rest));
	char wanted[SPEC_PATH_MAX];

	if (parent == NULL)
		parent = &above;
	char **paths = calloc(parent->child_count + 1, sizeof(*paths));
	if (paths == NULL || *rest == '/') { /* it ends in a slash */
		free(paths);
		return NULL;
	}
	snprintf(wanted, sizeof(wanted), "%.*s", before + (int)strcspn(rest, "/"), path);
	for (size_t i = 0; i < parent->child_count; i++)
		if (asprintf(&paths[i], "%.*s%s", before, path, parent->children[i]->name) < 0)
			paths[i] = NULL;
	const char *near = suggest_word(wanted, (const char *const *)paths, parent->child_count);
	char *meant = near != NULL ? strdup(near) : NULL;
	free_paths(paths, parent->child_count);
	return meant;
}
