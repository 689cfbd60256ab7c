/*
 * environment.c: the environment of a process that we start: this program's own, without what belongs to our own place in a tree; over it what the spec says; and the mark of this supervisor, which
 * stays with whatever that process starts, and by which the next supervisor of this tree knows it if we are killed (orphans.c). What goes wrong: memory.
 */
#include <stdio.h>
#include <string.h>

#include "actor_process.h"
#include "runtime.h"

#define OURS 3 /* entries, beside the spec's */

extern char **environ;

static bool
is_named(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static bool
is_inherited(const char *entry, const struct spec *spec)
{
	if (is_named(entry, TRI_ENV_LINK) || is_named(entry, TRI_ENV_ACTOR) ||
		is_named(entry, TRI_ENV_SUPERVISOR))
		return false;
	for (size_t i = 0; spec && i < spec->env.count; i++)
		if (is_named(entry, spec->env.items[i].key))
			return false;
	return true;
}

static char *
entry_of(struct tri_arena *arena, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + sizeof("=");
	char *entry = tri_arena_alloc(arena, size);

	if (entry)
		snprintf(entry, size, "%s=%s", name, value);
	return entry;
}

/* From entries[count] on; gives how many there are then. One that there is no memory for is NULL. */
static size_t
add_own(struct tractor_runtime *runtime, const struct spec *spec, const char *url, char **entries,
	size_t count)
{
	struct tri_arena *arena = &runtime->arena;

	for (size_t i = 0; spec && i < spec->env.count; i++)
		entries[count++] = entry_of(arena, spec->env.items[i].key, spec->env.items[i].value);
	if (url)
		entries[count++] = entry_of(arena, TRI_ENV_LINK, url);
	if (spec && spec->role)
		entries[count++] = entry_of(arena, TRI_ENV_ACTOR, spec->role);
	entries[count++] = entry_of(arena, TRI_ENV_SUPERVISOR, runtime->rundir.mark);
	entries[count] = NULL;
	return count;
}

char **
environment_make(struct tractor_runtime *runtime, const struct spec *spec, const char *url)
{
	size_t inherited = 0, made = 0;

	while (environ && environ[inherited])
		inherited++;
	size_t room = inherited + (spec ? spec->env.count : 0) + OURS + 1;
	char **entries = tri_arena_alloc(&runtime->arena, room * sizeof(*entries));
	if (!entries)
		return NULL;
	for (size_t i = 0; i < inherited; i++)
		if (is_inherited(environ[i], spec))
			entries[made++] = environ[i];
	size_t count = add_own(runtime, spec, url, entries, made);
	for (size_t i = made; i < count; i++)
		if (!entries[i])
			return NULL;
	return entries;
}
