/*
 * error.c: errors in words. Owns the names and texts of the public lists in <tractor/error.h> and each
 * thread's last sentence. It knows nothing of what failed. Nothing here fails: numbers that are not ours,
 * which a peer may have sent, have words too.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why.h"

static _Thread_local char why[TRI_WHY_MAX];
static _Thread_local tractor_err why_of; /* the error that it was said of */

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
	return why;
}

void
tri_why_clear(void)
{
	why[0] = '\0';
}

const char *
tri_why_said_of(tractor_err err)
{
	return err == why_of ? why : "";
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
	memcpy(why, text, strlen(text) + 1);
	why_of = err;
	return err;
}
