/* treefile_limits_test.c: tree files that are too large or too deep, and some that a dog has chewed: whatever comes in, nothing crashes and nothing is leaked. */
#include <stdint.h>
#include <time.h>

#include "treefile_world.h"

/* `count` times `unit` between `head` and `tail`. */
static char *
repeat(const char *head, const char *unit, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + strlen(unit) * count + strlen(tail) + 1);

	ck_assert_ptr_nonnull(text);
	char *to = stpcpy(text, head);
	while (count-- > 0)
		to = stpcpy(to, unit);
	strcpy(to, tail);
	return text;
}

/* The only error of a text that passes a limit. */
static void
check_limit(char *text, const char *expected)
{
	check_bad(&(struct bad){ text, { expected } });
	free(text);
}

START_TEST(sizes_are_bounded)
{
	check_limit(repeat("name: a\nchildren: ", "[", 100000, ""),
		"2:74: nested deeper than any tree may be; check the brackets");
	check_limit(repeat("", "- a\n", 200001, ""),
		"200000:3: too many values (over 200000); make the file smaller");
	check_limit(repeat("name: a\nchildren: [{actor: a, exec: ./db, args: {", "a: 1, ", 1001, "}}]"),
		"2:41: args: has 1001 entries; write 1000 at most");
	check_limit(repeat("name: a\ncrash_policy: {exec: [./policy", ", a", 100, "]}"),
		"2:22: exec: has 101 words");

	char *anchors = malloc(16 * 300), *to = anchors;
	for (int i = 0; i < 300; i++)
		to += sprintf(to, "- &a%d x\n", i);
	check_limit(anchors, "257:3: too many anchors (over 256); use fewer");
}
END_TEST

START_TEST(aliases_do_not_explode)
{
	char text[8192], *to = text;

	to += sprintf(to, "name: a\nchildren:\n- supervisor: s0\n  children: &c0 []\n");
	for (int i = 1; i <= 14; i++) {
		to += sprintf(to, "- supervisor: s%d\n  children: &c%d [", i, i);
		for (int j = 0; j < 8; j++)
			to += sprintf(to, "{supervisor: x%d, children: *c%d}, ", j, i - 1);
		to += sprintf(to, "]\n");
	}

	struct treefile_report report;
	struct spec *root = NULL;
	ck_assert_int_eq(parse(text, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert_ptr_nonnull(
		strstr(report.errors[0].text, "more than 200000 values once its aliases are expanded"));
	treefile_report_free(&report);
}
END_TEST

/* `depth` supervisors below the root, one in the other. */
static char *
nested(size_t depth)
{
	char *begin = repeat("{name: a", ", children: [{supervisor: s", depth, "");
	char *text = repeat(begin, "}]", depth, "}");

	free(begin);
	return text;
}

START_TEST(depth_is_bounded)
{
	for (size_t depth = 1; depth < 31; depth++) {
		struct treefile_report report;
		struct spec *root = NULL;
		char *text = nested(depth);
		tractor_err err = parse(text, &report, &root);
		ck_assert_int_eq(err, depth < SPEC_DEPTH_MAX ? TRACTOR_OK : TRACTOR_EINVAL);
		ck_assert_uint_eq(report.count, depth < SPEC_DEPTH_MAX ? 0 : 1);
		spec_free(root);
		treefile_report_free(&report);
		free(text);
	}
}
END_TEST

START_TEST(too_large_a_text)
{
	char *text = calloc(1, TREEFILE_BYTES_MAX + 1);
	struct treefile_report report;
	struct spec *root = NULL;

	memset(text, '#', TREEFILE_BYTES_MAX + 1);
	ck_assert_int_eq(
		treefile_parse(text, TREEFILE_BYTES_MAX + 1, "x", directory, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, 1);
	ck_assert(error_is(&report.errors[0], "0:0: is larger than 16 MiB; is it the right file?"));
	treefile_report_free(&report);
	free(text);
}
END_TEST

START_TEST(report_is_sorted_bounded_and_printed)
{
	char *text = repeat("children:\n", "- {actor: [], exec: ./db}\n", 150, "period: 5\n"),
	     *printed = NULL;
	struct treefile_report report;
	struct spec *root = NULL;
	size_t size = 0;

	ck_assert_int_eq(parse(text, &report, &root), TRACTOR_EINVAL);
	ck_assert_uint_eq(report.count, TREEFILE_ERRORS_MAX);
	ck_assert_uint_eq(report.more,
		52); /* 150 names, one period, one missing name; the last was found last and stands first */
	ck_assert(error_is(&report.errors[0], "1:1: the tree has no name"));
	for (size_t i = 1; i < report.count; i++)
		ck_assert_int_eq(report.errors[i].line, (int)i + 1);

	FILE *stream = open_memstream(&printed, &size);
	treefile_report_print(&report, "shop.yaml", stream);
	fclose(stream);
	ck_assert_ptr_eq(
		strstr(printed,
			"shop.yaml:1:1: the tree has no name; add one, like name: shop\nshop.yaml:2:11: actor: "),
		printed);
	ck_assert_ptr_nonnull(strstr(printed, "\nshop.yaml: and 52 more; correct these first\n"));
	free(printed);
	treefile_report_free(&report);
	treefile_report_free(&report); /* empty now */
	treefile_report_free(NULL);
	free(text);
}
END_TEST

/* The chewed files. A generator of our own, so that a seed gives the same files everywhere. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t
below(uint64_t *state, size_t limit)
{
	return (size_t)(next_random(state) % limit);
}

static const char *const corpus[] = {
	full,
	"{\"name\": \"shop\", \"children\": [{\"actor\": \"db\", \"exec\": \"./db\", \"backoff\": {\"initial\": \"1s\"}}]}",
	"name: a\nchildren:\n- &x {actor: a, exec: &e ./db, env: &v {A: b}}\n- {actor: b, exec: *e, env: *v}\n- supervisor: s\n  children: &c\n  - *x\n- supervisor: t\n  children: *c\n",
	"%YAML 1.1\n---\nname: >\n  folded\n  text\nstrategy: |-\n  one_for_one\n? children\n: - pool: \"p\\x41\"\n    exec: './db'\n...\n"
};

static const char *const crumbs[] = { "*c", "&c ", "[", "]", "{", "}", ": ", "- ", "\n", "<<: ", "\t", "'",
	"\"", "\\0", "!x ", "? ", "---\n", "null", "~", "0", "-1", "99999999999999999999", "1e9s", "\xff",
	"\xc2\x9b", "#", "|\n", "%", "exec: ./db", "children:", "actor: ", "supervisor: s",
	"max: ", "period: ", "5s" };

/* Copies a text without its NUL; returns its length. */
static size_t
put(char *to, const char *from)
{
	size_t length = 0;

	for (; from[length] != '\0'; length++)
		to[length] = from[length];
	return length;
}

/* Changes text[*length], of which `size` bytes may be used, a little. */
static void
chew(uint64_t *state, char *text, size_t *length, size_t size)
{
	size_t at = below(state, *length + 1), piece = *length - at;
	const char *crumb = crumbs[below(state, sizeof(crumbs) / sizeof(crumbs[0]))];

	switch (below(state, 4)) {
	case 0: /* another byte */
		if (piece > 0)
			text[at] = (char)next_random(state);
		break;
	case 1: /* some bytes less */
		piece = below(state, piece < 20 ? piece + 1 : 20);
		memmove(text + at, text + at + piece, *length - at - piece);
		*length -= piece;
		break;
	case 2: /* something that means something */
		if (*length + strlen(crumb) > size)
			break;
		memmove(text + at + strlen(crumb), text + at, piece);
		*length += put(text + at, crumb);
		break;
	default: /* something of it again at the end */
		piece = below(state, piece < 200 ? piece + 1 : 200);
		if (*length + piece <= size)
			memmove(text + *length, text + at, piece), *length += piece;
		break;
	}
}

static void
check_sound(const char *text, size_t length)
{
	/* a copy of its very length, so that the sanitizer sees each byte too many */
	char *exact = malloc(length > 0 ? length : 1);
	struct treefile_report report;
	struct spec *root = NULL;

	memcpy(exact, text, length);
	tractor_err err = treefile_parse(exact, length, "x", directory, &report, &root);
	free(exact);
	ck_assert(err == TRACTOR_OK || err == TRACTOR_EINVAL);
	ck_assert((err == TRACTOR_OK) == (report.count == 0));
	ck_assert((err == TRACTOR_OK) == (root != NULL));
	for (size_t i = 0; i < report.count; i++) {
		ck_assert_ptr_null(strpbrk(report.errors[i].text, "\n\r\033"));
		ck_assert_int_gt(report.errors[i].line, 0);
		ck_assert_int_gt(report.errors[i].column, 0);
		ck_assert(i == 0 || report.errors[i].line >= report.errors[i - 1].line);
	}
	spec_free(root);
	treefile_report_free(&report);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(chewed_files_do_no_harm)
{
	const char *limit = getenv("TREEFILE_TEST_SECONDS"); /* longer, by hand */
	double end = seconds() + (limit != NULL ? atof(limit) : 1);
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	char text[4096];

	while (seconds() < end) {
		const char *seed = corpus[below(&state, sizeof(corpus) / sizeof(corpus[0]))];
		size_t length = put(text, seed);
		for (size_t bites = 1 + below(&state, 8); bites > 0; bites--)
			chew(&state, text, &length, sizeof(text));
		check_sound(text, length);
	}
}
END_TEST

START_TEST(files_cut_anywhere_do_no_harm)
{
	for (size_t i = 0; i < sizeof(corpus) / sizeof(corpus[0]); i++)
		for (size_t length = 0; length <= strlen(corpus[i]); length++)
			check_sound(corpus[i], length);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("treefile limits");

	WORLD_CASE(suite, "limits", 60, sizes_are_bounded, aliases_do_not_explode, depth_is_bounded,
		too_large_a_text, report_is_sorted_bounded_and_printed);
	WORLD_CASE(suite, "chewed", 120, chewed_files_do_no_harm, files_cut_anywhere_do_no_harm);
	return suite;
}
