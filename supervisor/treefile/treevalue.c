/*
 * treevalue.c: reads the scalar values of a tree file, and says what would have been right where one is not.
 *
 * It knows texts and ranges, nothing of YAML and keys. Numbers are read by hand rather than with strtod() and friends, which
 * take the locale's decimal point, signs, hexadecimal, "inf" and leading blanks. It allocates nothing; the only failure is
 * TRACTOR_EINVAL with a fault.
 */
#include "treevalue.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "spec.h"
#include "suggest.h"

#define DIGITS "0123456789"

/* So many digits before the point are read exactly; more is out of every range anyway. */
#define WHOLE_DIGITS_MAX 15
#define FRACTION_DIGITS_MAX 9

struct decimal {
	uint64_t whole;
	uint64_t fraction, scale; /* the digits behind the point, and 10 to the power of their number */
	const char *rest;	  /* what follows the number */
};

static const struct unit {
	const char *word;
	int64_t ns;
} units[] = {
	{ "ms", INT64_C(1000000) },
	{ "s", INT64_C(1000000000) },
	{ "m", INT64_C(60) * 1000000000 },
	{ "h", INT64_C(3600) * 1000000000 },
};

tractor_err
treevalue_fault(struct treevalue_fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return TRACTOR_EINVAL;
}

struct treevalue_quoted
treevalue_quote(const char *text)
{
	struct treevalue_quoted quoted;
	const size_t room = sizeof(quoted.text) - sizeof("\"...\"");
	size_t length = strnlen(text, room + 1);
	bool cut = length > room;

	if (cut) {
		length = room;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--; /* not in the middle of a character */
	}
	snprintf(quoted.text, sizeof(quoted.text), "\"%.*s%s\"", (int)length, text, cut ? "..." : "");
	return quoted;
}

const char *
treevalue_list(const char *const *words, size_t count, const char *last_link, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		const char *link = i == 0 ? "" : i + 1 < count ? ", " : last_link;
		used += (size_t)snprintf(text + used, size - used, "%s%s", link, words[i]);
	}
	return text;
}

static uint64_t
digits_value(const char *digits, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (uint64_t)(digits[i] - '0');
	return value;
}

static uint64_t
power_of_ten(size_t exponent)
{
	uint64_t value = 1;

	while (exponent-- > 0)
		value *= 10;
	return value;
}

/* Reads digits, and a point with more digits if there is one. False: no number begins here, or its fraction is too long. */
static bool
decimal_read(const char *text, struct decimal *ret_decimal)
{
	size_t whole = strspn(text, DIGITS), fraction = 0;
	const char *rest = text + whole;

	if (whole == 0)
		return false;
	if (rest[0] == '.') {
		fraction = strspn(rest + 1, DIGITS);
		if (fraction == 0 || fraction > FRACTION_DIGITS_MAX)
			return false;
		rest += 1 + fraction;
	}
	ret_decimal->whole =
		whole <= WHOLE_DIGITS_MAX ? digits_value(text, whole) : power_of_ten(WHOLE_DIGITS_MAX);
	ret_decimal->fraction = fraction > 0 ? digits_value(rest - fraction, fraction) : 0;
	ret_decimal->scale = power_of_ten(fraction);
	ret_decimal->rest = rest;
	return true;
}

static const struct unit *
unit_find(const char *word)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].word, word) == 0)
			return &units[i];
	return NULL;
}

/* -1: longer than the longest. */
static int64_t
decimal_ns(const struct decimal *decimal, const struct unit *unit)
{
	if (decimal->whole > (uint64_t)(SPEC_DURATION_MAX_NS / unit->ns))
		return -1;
	/* a double is exact enough for less than one hour in nanoseconds: 3.6e12 is far below 2^53 */
	double part = (double)decimal->fraction / (double)decimal->scale * (double)unit->ns;
	int64_t ns = (int64_t)decimal->whole * unit->ns + (int64_t)(part + 0.5);
	return ns <= SPEC_DURATION_MAX_NS ? ns : -1;
}

/* What is wrong with a duration that has a number but no unit of ours. */
static tractor_err
unit_fault(const char *text, const char *unit, struct treevalue_fault *fault)
{
	if (unit[0] == '\0')
		return treevalue_fault(fault, "%s has no unit; write %.20ss or %.20sms",
			treevalue_quote(text).text, text, text);
	return treevalue_fault(fault,
		"%s has an unknown unit; a duration is one number and ms, s, m or h at once behind it, like 5s, 250ms or 1.5s",
		treevalue_quote(text).text);
}

tractor_err
treevalue_duration(const char *text, int64_t min_ns, int64_t *ret_ns, struct treevalue_fault *fault)
{
	struct decimal decimal;
	int64_t ns = 0;

	if (text[0] == '-')
		return treevalue_fault(fault, "%s is negative; write a duration like 5s or 250ms",
			treevalue_quote(text).text);
	if (!decimal_read(text, &decimal))
		return treevalue_fault(fault, "%s is not a duration; write one like 5s, 250ms or 1.5s",
			treevalue_quote(text).text);
	if (strcmp(text, "0") != 0) {
		const struct unit *unit = unit_find(decimal.rest);
		if (unit == NULL)
			return unit_fault(text, decimal.rest, fault);
		ns = decimal_ns(&decimal, unit);
	}
	if (ns < 0)
		return treevalue_fault(fault, "%s is too long; write %" PRId64 "h (ten years) at most",
			treevalue_quote(text).text, SPEC_DURATION_MAX_NS / (3600 * SPEC_SECOND));
	if (ns < min_ns)
		return treevalue_fault(fault, "%s is too short; write more than 0, like 5s or 250ms",
			treevalue_quote(text).text);
	*ret_ns = ns;
	return TRACTOR_OK;
}

tractor_err
treevalue_number(
	const char *text, unsigned min, unsigned max, unsigned *ret_number, struct treevalue_fault *fault)
{
	size_t length = strspn(text, DIGITS);

	if (length == 0 || text[length] != '\0')
		return treevalue_fault(fault, "%s is not a whole number; write one from %u to %u",
			treevalue_quote(text).text, min, max);
	if (text[0] == '0' && length > 1) /* YAML 1.1 would take it for an octal number, JSON for none */
		return treevalue_fault(
			fault, "%s begins with 0; write the number without it", treevalue_quote(text).text);
	if (length > WHOLE_DIGITS_MAX || digits_value(text, length) < min || digits_value(text, length) > max)
		return treevalue_fault(fault, "%s is out of range; write a whole number from %u to %u",
			treevalue_quote(text).text, min, max);
	*ret_number = (unsigned)digits_value(text, length);
	return TRACTOR_OK;
}

static const struct spec_size_unit *
size_unit_find(const char *word)
{
	for (const struct spec_size_unit *unit = spec_size_units; unit->word != NULL; unit++)
		if (strcmp(unit->word, word) == 0)
			return unit;
	return NULL;
}

tractor_err
treevalue_size(
	const char *text, unsigned min, unsigned max, unsigned *ret_bytes, struct treevalue_fault *fault)
{
	char least[SPEC_SIZE_TEXT_BYTES], most[SPEC_SIZE_TEXT_BYTES];
	struct decimal decimal;

	if (!decimal_read(text, &decimal))
		return treevalue_fault(fault, "%s is not a size; write one like 1MB, 64KiB or 1.5MB",
			treevalue_quote(text).text);
	const struct spec_size_unit *unit = size_unit_find(decimal.rest);
	if (unit == NULL && decimal.rest[0] == '\0')
		return treevalue_fault(fault, "%s has no unit; write %.20sKB or %.20sMB",
			treevalue_quote(text).text, text, text);
	if (unit == NULL)
		return treevalue_fault(fault,
			"%s has an unknown unit; a size is one number and B, KB, MB, KiB or MiB at once behind it, like 1MB",
			treevalue_quote(text).text);
	/* far below 2^53: a double is exact */
	double bytes =
		((double)decimal.whole + (double)decimal.fraction / (double)decimal.scale) * unit->bytes;
	if (bytes < min || bytes > max)
		return treevalue_fault(fault, "%s is out of range; write a size from %s to %s",
			treevalue_quote(text).text, spec_size_text(min, least), spec_size_text(max, most));
	*ret_bytes = (unsigned)bytes;
	return TRACTOR_OK;
}

tractor_err
treevalue_decimal(
	const char *text, double min, double max, double *ret_decimal, struct treevalue_fault *fault)
{
	struct decimal decimal;

	if (!decimal_read(text, &decimal) || decimal.rest[0] != '\0')
		return treevalue_fault(fault, "%s is not a number; write one from %g to %g, like 0.5 or 2",
			treevalue_quote(text).text, min, max);
	double value = (double)decimal.whole + (double)decimal.fraction / (double)decimal.scale;
	if (value < min || value > max)
		return treevalue_fault(fault, "%s is out of range; write a number from %g to %g",
			treevalue_quote(text).text, min, max);
	*ret_decimal = value;
	return TRACTOR_OK;
}

tractor_err
treevalue_boolean(const char *text, bool *ret_boolean, struct treevalue_fault *fault)
{
	bool truth = strcmp(text, "true") == 0;

	if (!truth && strcmp(text, "false") != 0)
		return treevalue_fault(
			fault, "%s is neither; write true or false", treevalue_quote(text).text);
	*ret_boolean = truth;
	return TRACTOR_OK;
}

tractor_err
treevalue_word(const char *text, const char *const *words, size_t count, size_t *ret_index,
	struct treevalue_fault *fault)
{
	char list[256];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_index = i;
			return TRACTOR_OK;
		}
	}
	const char *near = suggest_word(text, words, count);
	if (near != NULL)
		return treevalue_fault(
			fault, "%s is none of its words; did you mean %s?", treevalue_quote(text).text, near);
	return treevalue_fault(fault, "%s is none of its words; write %s", treevalue_quote(text).text,
		treevalue_list(words, count, " or ", list, sizeof(list)));
}

bool
treevalue_identifier_ok(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" DIGITS;

	return strspn(text, letters) > 0 && text[strspn(text, more)] == '\0';
}
