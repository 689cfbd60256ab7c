/* since.c: reads a moment. It knows the local time zone, and is told what time it is. */
#include "since.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

static const struct form {
	const char *format; /* strptime()'s */
	bool day, seconds;  /* what it has */
} forms[] = {
	{ "%Y-%m-%d %H:%M:%S", true, true },
	{ "%Y-%m-%dT%H:%M:%S", true, true },
	{ "%Y-%m-%d %H:%M", true, false },
	{ "%Y-%m-%dT%H:%M", true, false },
	{ "%Y-%m-%d", true, false },
	{ "%H:%M:%S", false, true },
	{ "%H:%M", false, false },
};

/* ".123" as milliseconds, as far as it goes; moves on behind it. */
static int
take_fraction(const char **at)
{
	int ms = 0;

	if (**at != '.' || !isdigit((unsigned char)(*at)[1]))
		return 0;
	for (int scale = 100; isdigit((unsigned char)*++*at); scale /= 10)
		ms += scale * (**at - '0');
	return ms;
}

static bool
read_form(const struct form *form, const char *text, int64_t now_ms, int64_t *ret_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm broken = { .tm_isdst = -1 }, today;

	if (localtime_r(&now, &today) == NULL)
		return false;
	if (!form->day) {
		broken.tm_year = today.tm_year;
		broken.tm_mon = today.tm_mon;
		broken.tm_mday = today.tm_mday;
	}
	const char *rest = strptime(text, form->format, &broken);
	if (rest == NULL)
		return false;
	int ms = form->seconds ? take_fraction(&rest) : 0;
	bool utc = form->day && strcmp(rest, "Z") == 0;
	if (*rest != '\0' && !utc)
		return false;
	*ret_ms = (int64_t)(utc ? timegm(&broken) : mktime(&broken)) * 1000 + ms;
	return true;
}

tractor_err
since_parse(const char *text, int64_t now_ms, int64_t *ret_ms, struct treevalue_fault *fault)
{
	int64_t ago_ns;

	if (treevalue_duration(text, 0, &ago_ns, fault) == TRACTOR_OK) {
		*ret_ms = now_ms - ago_ns / 1000000;
		return TRACTOR_OK;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (read_form(&forms[i], text, now_ms, ret_ms))
			return TRACTOR_OK;
	return treevalue_fault(fault,
		"%s is no time; write how long ago, like 10m, or when, like 14:30 or 2026-11-23 14:30:00",
		treevalue_quote(text).text);
}
