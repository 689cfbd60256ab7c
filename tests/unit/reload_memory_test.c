/*
 * reload_memory_test.c: a reload of which each allocation fails once, from the first to the last: every time it is refused, the tree is as
 * it was, and the same reload succeeds as soon as there is memory. The linker puts the functions below before the real ones
 * (--wrap, see CMakeLists.txt).
 */
#include <stdlib.h>

#include "core.h"
#include "fakeshell.h"

static long allowed = -1; /* so many more allocations; -1: any number */

static bool
may(void)
{
	if (allowed > 0)
		allowed--;
	else if (allowed == 0)
		return false;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
FILE *__real_open_memstream(char **ret_text, size_t *ret_size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
FILE *__wrap_open_memstream(char **ret_text, size_t *ret_size);
int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *
__wrap_malloc(size_t size)
{
	return may() ? __real_malloc(size) : NULL;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return may() ? __real_calloc(count, size) : NULL;
}

void *
__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return may() ? __real_reallocarray(memory, count, size) : NULL;
}

char *
__wrap_strdup(const char *text)
{
	return may() ? __real_strdup(text) : NULL;
}

FILE *
__wrap_open_memstream(char **ret_text, size_t *ret_size)
{
	return may() ? __real_open_memstream(ret_text, ret_size) : NULL;
}

int
__wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list args;

	if (!may())
		return -1;
	va_start(args, format);
	int length = vasprintf(ret_text, format, args);
	va_end(args);
	return length;
}

static struct spec *
program(const char *name, const char *exec)
{
	struct spec *spec = actor(name, SPEC_PERMANENT);

	spec->exec = strdup(exec);
	return spec;
}

static struct spec *
pool_of(const char *exec)
{
	struct spec *spec = pool("p", SPEC_PERMANENT, 1);

	spec->exec = strdup(exec);
	return spec;
}

static struct spec *
old_file(void)
{
	return sup("r", SPEC_ONE_FOR_ONE, 1, program("a", "./a"), program("b", "./b"),
		sup("s", SPEC_ONE_FOR_ONE, 1, program("x", "./x"), program("y", "./y"), NULL), pool_of("./m"),
		NULL);
}

static struct spec *
new_file(void)
{
	return sup("r", SPEC_ONE_FOR_ALL, 7, program("n", "./n"), program("b", "./b2"),
		sup("s", SPEC_ONE_FOR_ONE, 3, program("y", "./y"), program("z", "./z"),
			sup("t", SPEC_ONE_FOR_ONE, 3, program("u", "./u"), NULL), NULL),
		sup("a", SPEC_ONE_FOR_ONE, 1, NULL), pool_of("./m2"), NULL);
}

/* What there is, and for how many memory was set aside. */
static const char *
words_of_tree(void)
{
	static char words[4096];

	snprintf(words, sizeof(words), "%zu nodes, %zu timers\n", fake.tree->node_count,
		fake.tree->timers.reserved);
	for (struct node *node = tree_root(fake.tree); node != NULL; node = tree_next(fake.tree, node))
		append(words, sizeof(words), "%s %s %u %llu %s\n", node->path, node_state_name(node->state),
			node->incarnation, (unsigned long long)node->id,
			node->spec->exec != NULL ? node->spec->exec : "");
	return words;
}

START_TEST(each_allocation_fails_once)
{
	char before[4096];
	struct tree_plan plan;
	int failed = 0;
	tractor_err err;

	begin(old_file());
	add_members("/r/p", 2);
	forget_log();
	snprintf(before, sizeof(before), "%s", words_of_tree());
	do {
		struct spec *spec = new_file();
		allowed = failed;
		err = tree_reload(fake.tree, tree_root(fake.tree), spec, &plan);
		allowed = -1;
		if (err == TRACTOR_OK)
			break;
		/* The check of the spec has no other word for it than that it is wrong. */
		ck_assert(err == TRACTOR_ENOMEM || err == TRACTOR_EINVAL);
		spec_free(spec);
		run();
		did("");
		ck_assert_str_eq(words_of_tree(), before);
		failed++;
	} while (failed < 1000);
	ck_assert_int_eq(err, TRACTOR_OK);
	ck_assert_int_gt(failed, 30);
	tree_plan_free(&plan);
	run();
	ck_assert(!tree_reloading(fake.tree));
	did("-b -x -a +z +n +u +b");
	ck_assert_str_eq(at("/r/p/m2")->spec->exec, "./m2");
	finish();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("reload_memory");

	TEST_CASE(suite, "memory", 30, each_allocation_fails_once);
	return suite;
}
