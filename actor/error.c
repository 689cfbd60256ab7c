/*
 * error.c: errors in words. Owns the names and texts of the public lists in <tractor/error.h> and each
 * thread's last sentence. It knows nothing of what failed. Nothing here fails: numbers that are not ours,
 * which a peer may have sent, have words too.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

/*
 * Room for a sentence has who has said one. In the storage of threads itself it would be a page of each thread's, and an actor has a dozen of nng's that never say anything.
 */
static char first_room[TRI_WHY_MAX]; /* the first thread's, so that it needs no memory */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static _Thread_local char *room;
static _Thread_local const char *why;
static _Thread_local tractor_err why_of; /* the error that it was said of */

/* The thread ends. */
static void
leave_room(void *memory)
{
	room = NULL;
	why = NULL;
	free(memory);
}

static void
make_key(void)
{
	has_key = pthread_key_create(&key, leave_room) == 0;
}

/* NULL: there is no memory. */
static char *
own_room(void)
{
	if (room)
		return room;
	if (getpid() == gettid())
		return room = first_room;
	pthread_once(&once, make_key);
	char *memory = has_key ? malloc(TRI_WHY_MAX) : NULL;
	if (memory && pthread_setspecific(key, memory) == 0)
		return room = memory;
	free(memory);
	return NULL;
}

const char *
tractor_err_name(tractor_err err)
{
	switch (err) {
#define NAME_CASE(constant, number, text) \
	case constant: return #constant;
		TRACTOR_ERRORS(NAME_CASE)
#undef NAME_CASE
	}
	return "TRACTOR_E?";
}

bool
tri_err_is_known(int err)
{
	switch (err) {
#define KNOWN_CASE(constant, number, text) case constant:
		TRACTOR_ERRORS(KNOWN_CASE)
#undef KNOWN_CASE
		return true;
	}
	return false;
}

const char *
tractor_err_text(tractor_err err)
{
	switch (err) {
#define TEXT_CASE(constant, number, text) \
	case constant: return text;
		TRACTOR_ERRORS(TEXT_CASE)
#undef TEXT_CASE
	}
	return "an unknown error";
}

const char *
tractor_cause_name(enum tractor_cause cause)
{
	switch (cause) {
#define CAUSE_CASE(constant, number, word) \
	case constant: return word;
		TRACTOR_CAUSES(CAUSE_CASE)
#undef CAUSE_CASE
	}
	return "?";
}

const char *
tractor_why(void)
{
	return why ? why : "";
}

void
tri_why_clear(void)
{
	why = NULL;
}

const char *
tri_why_said_of(tractor_err err)
{
	return err == why_of ? tractor_why() : "";
}

tractor_err
tri_why_of(tractor_err err)
{
	return *tri_why_said_of(err) ? err : tri_why(err, "%s", tractor_err_text(err));
}

tractor_err
tractor_fail(tractor_err err, const char *format, ...)
{
	char text[TRI_WHY_MAX];
	va_list args;

	/* Formatted aside: an argument may be the sentence before, which is being wrapped in a longer one. */
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		snprintf(text, sizeof(text), "%s", tractor_err_text(err));
	va_end(args);
	char *kept = own_room();
	why = kept ? memcpy(kept, text, strlen(text) + 1) : tractor_err_text(err);
	why_of = err;
	return err;
}
