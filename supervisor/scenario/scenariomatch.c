/* scenariomatch.c: see scenariomatch.h. Recurses as deep as what is wanted, which its reader has bounded. */
#include "scenariomatch.h"

#include <stdlib.h>
#include <string.h>

#include "suggest.h"

#define WHERE_BYTES 512

struct matching {
	const char *message;
	FILE *stream;
};

static bool match(const struct matching *of, const json_t *wanted, const json_t *got, const char *where);

/* In one line, and not without end. */
static void
print_value(FILE *stream, const json_t *value)
{
	char *text = value != NULL
			     ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15))
			     : NULL;

	fprintf(stream, "%.200s%s", text != NULL ? text : "nothing",
		text != NULL && strlen(text) > 200 ? "..." : "");
	free(text);
}

static bool
differ(const struct matching *of, const json_t *wanted, const json_t *got, const char *where)
{
	fprintf(of->stream, "%s: wanted ", where);
	print_value(of->stream, wanted);
	fputs(", got ", of->stream);
	print_value(of->stream, got);
	fputc('\n', of->stream);
	return false;
}

/* A reply has all of its fields, always: one that it has not was misspelt, and could never have been there. */
static bool
lacks(const struct matching *of, const json_t *got, const char *where, const char *key)
{
	const char **names = calloc(json_object_size(got) + 1, sizeof(*names)), *name, *meant = NULL;
	json_t *value;
	size_t count = 0;

	json_object_foreach((json_t *)got, name, value)
	{
		if (names != NULL)
			names[count++] = name;
	}
	if (names != NULL)
		meant = suggest_word(key, names, count);
	fprintf(of->stream, "%s's reply has no field \"%s\"; ", of->message, where);
	if (meant != NULL)
		fprintf(of->stream, "did you mean \"%s\"?\n", meant);
	else
		fprintf(of->stream, "see: tractor messages\n");
	free(names);
	return false;
}

static bool
match_object(const struct matching *of, const json_t *wanted, const json_t *got, const char *where)
{
	const char *key;
	json_t *value;

	if (!json_is_object(got))
		return differ(of, wanted, got, *where != '\0' ? where : "the reply");
	json_object_foreach((json_t *)wanted, key, value)
	{
		char below[WHERE_BYTES];
		snprintf(below, sizeof(below), "%s%s%.100s", where, *where != '\0' ? "." : "", key);
		if (json_object_get(got, key) == NULL)
			return lacks(of, got, below, key);
		if (!match(of, value, json_object_get(got, key), below))
			return false;
	}
	return true;
}

static bool
match_list(const struct matching *of, const json_t *wanted, const json_t *got, const char *where)
{
	if (!json_is_array(got) || json_array_size(got) != json_array_size(wanted))
		return differ(of, wanted, got, where);
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		char below[WHERE_BYTES];
		snprintf(below, sizeof(below), "%.400s[%zu]", where, i);
		if (!match(of, json_array_get(wanted, i), json_array_get(got, i), below))
			return false;
	}
	return true;
}

static bool
is_same(const json_t *wanted, const json_t *got)
{
	if (!json_is_number(wanted) || !json_is_number(got) ||
		(json_is_integer(wanted) && json_is_integer(got)))
		return json_equal(wanted, got);
	double a = json_number_value(wanted), b = json_number_value(got);
	return a >= b && a <= b;
}

static bool
match(const struct matching *of, const json_t *wanted, const json_t *got, const char *where)
{
	if (got != NULL && json_is_object(wanted))
		return match_object(of, wanted, got, where);
	if (got != NULL && json_is_array(wanted))
		return match_list(of, wanted, got, where);
	return (got != NULL && is_same(wanted, got)) || differ(of, wanted, got, where);
}

bool
scenariomatch(const char *message, const json_t *wanted, const json_t *got, FILE *stream)
{
	const struct matching of = { message, stream };

	return match(&of, wanted, got, "");
}
