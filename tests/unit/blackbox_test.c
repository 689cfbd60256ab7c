/* blackbox_test.c: what is in hand, what is done, and that an actor can't hurt its supervisor through the shared memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "blackbox.h"
#include "shell.h"
#include "unit.h"

START_TEST(blackbox_take_and_done)
{
	struct tri_blackbox *box, *other;
	int fd;

	ck_assert_int_eq(box_make(3, 41, &box, &fd), TRACTOR_OK);
	ck_assert_int_eq(tri_blackbox_map(fd, &other), TRACTOR_OK);
	ck_assert_uint_eq(other->incarnation, 3);
	ck_assert_uint_eq(atomic_load(&other->done), 41);
	other->hand = (struct tri_in_hand){ .sequence = 42, .message = 4711, .source = 7, .began_ns = 1000 };
	tri_blackbox_take(other);
	ck_assert_uint_eq(atomic_load(&box->in_hand), 42);
	ck_assert_uint_eq(atomic_load(&box->done), 41);
	ck_assert_uint_eq(box->hand.message, 4711);
	tri_blackbox_done(other, 3000);
	ck_assert_uint_eq(atomic_load(&box->done), 42);
	ck_assert_uint_eq(atomic_load(&box->busy_since_ns), 0);
	ck_assert_uint_eq(box->recent[0].took_ns, 2000);
	tri_blackbox_unmap(box);
	tri_blackbox_unmap(other);
	close(fd);
}
END_TEST

START_TEST(blackbox_cannot_be_shrunk)
{
	struct tri_blackbox *box;
	int fd;

	ck_assert_int_eq(box_make(1, 0, &box, &fd), TRACTOR_OK);
	ck_assert_int_lt(ftruncate(fd, 0), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_lt(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_uint_eq(box->magic, TRI_BLACKBOX_MAGIC);
	tri_blackbox_unmap(box);
	close(fd);
}
END_TEST

START_TEST(blackbox_first_last_words_stay)
{
	struct tri_blackbox *box = tri_blackbox_private();

	ck_assert(tri_blackbox_last_words(box, TRI_LAST_PANIC));
	ck_assert(!tri_blackbox_last_words(box, TRI_LAST_FAULT));
	ck_assert_uint_eq(atomic_load(&box->last_words), TRI_LAST_PANIC);
	tri_blackbox_unmap(box);
}
END_TEST

START_TEST(blackbox_is_told_from_other_files)
{
	struct tri_blackbox *box;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	ck_assert_int_eq(tri_blackbox_map(fd, &box), TRACTOR_EINVAL);
	close(fd);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("blackbox");

	TEST_CASE(suite, "blackbox", 30, blackbox_take_and_done, blackbox_cannot_be_shrunk,
		blackbox_first_last_words_stay, blackbox_is_told_from_other_files);
	return suite;
}
