/* scenariomatch.c: see scenariomatch.h. Recurses as deep as what is wanted, which its reader has bounded. */
#include "scenariomatch.h"

#include <stdlib.h>
#include <string.h>

#define WHERE_BYTES 512

static bool match(const json_t *wanted, const json_t *got, const char *where, FILE *stream);

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
differ(const json_t *wanted, const json_t *got, const char *where, FILE *stream)
{
	fprintf(stream, "%s: wanted ", where);
	print_value(stream, wanted);
	fputs(", got ", stream);
	print_value(stream, got);
	fputc('\n', stream);
	return false;
}

static bool
match_object(const json_t *wanted, const json_t *got, const char *where, FILE *stream)
{
	const char *key;
	json_t *value;

	if (!json_is_object(got))
		return differ(wanted, got, *where != '\0' ? where : "the reply", stream);
	json_object_foreach((json_t *)wanted, key, value)
	{
		char below[WHERE_BYTES];
		snprintf(below, sizeof(below), "%s%s%.100s", where, *where != '\0' ? "." : "", key);
		if (!match(value, json_object_get(got, key), below, stream))
			return false;
	}
	return true;
}

static bool
match_list(const json_t *wanted, const json_t *got, const char *where, FILE *stream)
{
	if (!json_is_array(got) || json_array_size(got) != json_array_size(wanted))
		return differ(wanted, got, where, stream);
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		char below[WHERE_BYTES];
		snprintf(below, sizeof(below), "%.400s[%zu]", where, i);
		if (!match(json_array_get(wanted, i), json_array_get(got, i), below, stream))
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
match(const json_t *wanted, const json_t *got, const char *where, FILE *stream)
{
	if (got != NULL && json_is_object(wanted))
		return match_object(wanted, got, where, stream);
	if (got != NULL && json_is_array(wanted))
		return match_list(wanted, got, where, stream);
	return (got != NULL && is_same(wanted, got)) || differ(wanted, got, where, stream);
}

bool
scenariomatch(const json_t *wanted, const json_t *got, FILE *stream)
{
	return match(wanted, got, "", stream);
}
