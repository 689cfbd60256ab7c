/*
 * treefile_world.h: what the files treefile*_test.c share: enough of the world that a tree file refers to, and a file that is right or wrong in it: each message with its position,
 * and no message more.
 */
#ifndef TRACTOR_TESTS_UNIT_TREEFILE_WORLD_H
#define TRACTOR_TESTS_UNIT_TREEFILE_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "treefile.h"
#include "unit.h"

/* Enough of the world that a tree file refers to: made before the tests of a case, removed after them whatever came of them. */
static char directory[] = "/tmp/treefile_test.XXXXXX";

static const struct world_file {
	const char *name, *text;
	mode_t mode;
} world[] = {
	{ "db", "#!/bin/sh\n", 0755 },
	{ "policy", "#!/bin/sh\n", 0755 },
	{ "plain", "no program\n", 0644 },
	{ "lost", "#!/no/such/interpreter -x\n", 0755 },
	{ "blocked", "#!/etc/passwd\n", 0755 },
	{ "windows", "#!/bin/sh\r\necho\r\n", 0755 },
	{ "policy.so", "\177ELF", 0644 },
	{ "open.so", "\177ELF", 0664 },
	{ "tree.yaml", "name: shop\nchildren: [{actor: db, exec: ./db}]\n", 0644 },
	{ "wide.yaml",
		"name: shop\nchildren: [{actor: db, exec: ./db}, {supervisor: s, children: [{actor: c, exec: ./db}]},"
		" {pool: p, exec: ./db}]\n",
		0644 },
	{ "bad.yaml", "name: shop\nchildren: [{actor: db, exec: ./bd}]\n", 0644 },
};
#define WORLD_COUNT (sizeof(world) / sizeof(world[0]))

static inline const char *
world_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static inline void
make_world(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	for (size_t i = 0; i < WORLD_COUNT; i++) {
		FILE *file = fopen(world_path(world[i].name), "w");
		ck_assert_ptr_nonnull(file);
		fputs(world[i].text, file);
		fclose(file);
		ck_assert_int_eq(chmod(world_path(world[i].name), world[i].mode), 0);
	}
	ck_assert_int_eq(mkdir(world_path("folder"), 0755), 0);
	ck_assert_int_eq(symlink("policy.so", world_path("link.so")), 0);
}

static inline void
remove_world(void)
{
	for (size_t i = 0; i < WORLD_COUNT; i++)
		unlink(world_path(world[i].name));
	unlink(world_path("link.so"));
	rmdir(world_path("folder"));
	rmdir(directory);
}

static inline tractor_err
parse(const char *text, struct treefile_report *report, struct spec **ret_root)
{
	return treefile_parse(text, strlen(text), "tree.yaml", directory, report, ret_root);
}

/* The spec of a text without errors. */
static inline struct spec *
parse_good(const char *text)
{
	struct treefile_report report;
	struct spec *root = NULL;
	tractor_err err = parse(text, &report, &root);

	treefile_report_print(&report, "tree.yaml", stderr);
	ck_assert_msg(err == TRACTOR_OK, "%s: %s", tractor_err_text(err), text);
	ck_assert_uint_eq(report.count, 0);
	treefile_report_free(&report);
	return root;
}

/* Replaces each $D in `text` by the directory. */
static inline char *
expand(const char *text)
{
	char *expanded = calloc(1, strlen(text) * 16 + 1), *to = expanded;

	ck_assert_ptr_nonnull(expanded);
	for (const char *from = text; *from != '\0'; from++) {
		if (from[0] == '$' && from[1] == 'D') {
			to = stpcpy(to, directory);
			from++;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return expanded;
}

#define EXPECTED_MAX 8

struct bad {
	const char *text;		    /* $D is the directory, in the expected lines too */
	const char *expected[EXPECTED_MAX]; /* "line:column: fragment of the message", in order */
};

/* Whether the error is at the place and has the fragment. */
static inline bool
error_is(const struct treefile_error *error, const char *expected)
{
	char *wanted = expand(expected);
	int line, column, used = 0;

	ck_assert_int_ge(sscanf(wanted, "%d:%d: %n", &line, &column, &used), 2);
	bool same =
		error->line == line && error->column == column && strstr(error->text, wanted + used) != NULL;
	free(wanted);
	return same;
}

/* It has these errors and no more; `text` is what `name` had in it. */
static inline void
expect_report(const struct treefile_report *report, const char *name, const char *text,
	const char *const expected[EXPECTED_MAX])
{
	size_t count = 0;

	while (count < EXPECTED_MAX && expected[count] != NULL)
		count++;
	bool same = report->count == count;
	for (size_t i = 0; same && i < count; i++)
		same = error_is(&report->errors[i], expected[i]);
	if (!same) {
		fprintf(stderr, "---- of\n%.1000s\n---- expected\n", text);
		for (size_t i = 0; i < count; i++)
			fprintf(stderr, "%s\n", expected[i]);
		fprintf(stderr, "---- found\n");
		treefile_report_print(report, name, stderr);
	}
	ck_assert_msg(same, "see standard error");
}

static inline void
check_bad(const struct bad *bad)
{
	struct treefile_report report;
	struct spec *root = (struct spec *)&report; /* must stay so */
	char *text = expand(bad->text);

	tractor_err err = parse(text, &report, &root);
	expect_report(&report, "tree.yaml", text, bad->expected);
	ck_assert_int_eq(err, TRACTOR_EINVAL);
	ck_assert_ptr_eq(root, (struct spec *)&report);
	treefile_report_free(&report);
	free(text);
}

#define CHECK_BAD(table)                                              \
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) \
	check_bad(&table[i])

/* Everything that the contract shows, and role. */
static const char full[] = "name: shop                        # the running tree's name\n"
			   "strategy: rest_for_one\n"
			   "intensity: 3\n"
			   "period: 1.5s\n"
			   "auto_shutdown: any_significant\n"
			   "crash_policy: {exec: [./policy, --arg, 7]}\n"
			   "children:\n"
			   "  - actor: db\n"
			   "    exec: ./db\n"
			   "    role: db_main\n"
			   "    args: {file: data.bin, level: 1, quick: true, empty: , nil: null}\n"
			   "    env: {LANG: C.UTF-8, _X1: \"\"}\n"
			   "    restart: transient\n"
			   "    shutdown: 250ms\n"
			   "    significant: true\n"
			   "    start_timeout: 2m\n"
			   "    handler_timeout: 0\n"
			   "    handler_cpu_timeout: 1500ms\n"
			   "    mailbox: 0\n"
			   "    redeliver: true\n"
			   "    spares: 3\n"
			   "    lanes: off\n"
			   "    backoff: {initial: 100ms, factor: 1.5, max: 1h, jitter: 0.25, reset: 20s}\n"
			   "    log: {max_size: 1.5MB, files: 0, rate: 0, burst: 17}\n"
			   "  - supervisor: workers\n"
			   "    strategy: one_for_all\n"
			   "    auto_shutdown: all_significant\n"
			   "    shutdown: kill\n"
			   "    children: [{actor: one, exec: sh}, {actor: two, exec: /bin/sh}]\n"
			   "  - pool: sessions\n"
			   "    exec: ./db\n"
			   "    role: session\n"
			   "    max: 12\n"
			   "    intensity: 10\n"
			   "    shutdown: infinity\n";

static inline void
add_case(Suite *suite, const char *name, double timeout_s, const TTest *const *tests, size_t count)
{
	TCase *test_case = tcase_create(name);

	tcase_set_timeout(test_case, timeout_s);
	tcase_add_unchecked_fixture(test_case, make_world, remove_world);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(test_case, tests[i]);
	suite_add_tcase(suite, test_case);
}

/* As TEST_CASE(), in a world of files. */
#define WORLD_CASE(suite, name, timeout_s, ...)                                               \
	do {                                                                                  \
		const TTest *const tests_[] = { __VA_ARGS__ };                                \
		add_case(suite, name, timeout_s, tests_, sizeof(tests_) / sizeof(tests_[0])); \
	} while (0)

#endif
