/* error_test.c: a thread's last sentence is its own, needs no memory in the first thread, and costs a thread nothing that says none. */
#include "unit.h"

#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "why.h"

#define TLS_MAX_BYTES 512 /* a page in each of an actor's threads is 50 KiB of its memory */

static bool no_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

static void *
say_two(void *arg)
{
	(void)arg;
	ck_assert_str_eq(tractor_why(), "");
	tri_why(TRACTOR_EFULL, "two");
	tri_why(TRACTOR_EFULL, "more than %s", tractor_why());
	return strdup(tractor_why());
}

static char *
said_by(void *(*what)(void *arg))
{
	pthread_t thread;
	void *said;

	ck_assert_int_eq(pthread_create(&thread, NULL, what, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, &said), 0);
	return said;
}

START_TEST(each_thread_has_its_own_sentence)
{
	tri_why(TRACTOR_EINVAL, "one");
	char *said = said_by(say_two);
	ck_assert_str_eq(said, "more than two");
	ck_assert_str_eq(tractor_why(), "one");
	ck_assert_str_eq(tri_why_said_of(TRACTOR_EINVAL), "one");
	ck_assert_str_eq(tri_why_said_of(TRACTOR_EFULL), "");
	tri_why_clear();
	ck_assert_str_eq(tractor_why(), "");
	ck_assert_str_eq(tri_why_said_of(TRACTOR_EINVAL), "");
	free(said);
}
END_TEST

static void *
say_without_memory(void *arg)
{
	(void)arg;
	no_memory = true;
	tri_why(TRACTOR_EFULL, "in other words");
	no_memory = false;
	return strdup(tractor_why());
}

START_TEST(without_memory)
{
	char *said = said_by(say_without_memory);

	ck_assert_str_eq(said, tractor_err_text(TRACTOR_EFULL)); /* better than nothing */
	free(said);
	no_memory = true;
	tri_why(TRACTOR_EFULL, "the first thread needs none");
	no_memory = false;
	ck_assert_str_eq(tractor_why(), "the first thread needs none");
}
END_TEST

/* Of this program, which has our libraries in it. */
START_TEST(what_every_thread_pays_for_is_small)
{
	const Elf64_Phdr *segments = (const Elf64_Phdr *)getauxval(AT_PHDR);

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		if (segments[i].p_type == PT_TLS)
			ck_assert_uint_le(segments[i].p_memsz, TLS_MAX_BYTES);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("error");

	TEST_CASE(suite, "sentences", 30, each_thread_has_its_own_sentence, without_memory,
		what_every_thread_pays_for_is_small);
	return suite;
}
