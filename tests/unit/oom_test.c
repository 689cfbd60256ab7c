/* oom_test.c: the out-of-memory killer told from a stranger's SIGKILL, by what the kernel's files say. They are made here. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shell.h"
#include "sys.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)
#define OURS "/sys/fs/cgroup/app.slice/memory.events"

static struct {
	const char *path;
	const char *text; /* NULL: there is no such file */
} files[] = { { "/proc/self/cgroup", NULL }, { "/proc/4711/cgroup", NULL }, { OURS, NULL },
	{ "/proc/vmstat", NULL } };

static int
open_made(const char *path, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].path, path) != 0 || !files[i].text)
			continue;
		int fd = memfd_create("made", MFD_CLOEXEC);
		ck_assert_int_eq(
			write(fd, files[i].text, strlen(files[i].text)), (ssize_t)strlen(files[i].text));
		lseek(fd, 0, SEEK_SET);
		return fd;
	}
	return -1;
}

/* Our group and that of the process that dies, and how many were killed so far: in ours, and on the machine. */
static void
world(const char *self, const char *process, const char *group, const char *machine)
{
	files[0].text = self;
	files[1].text = process;
	files[2].text = group;
	files[3].text = machine;
	sys.open = open_made;
}

static void
expect(const char *words, struct oom *oom, int64_t now_ns)
{
	const char *why = oom_struck(oom, 4711, now_ns);

	if (words) {
		ck_assert_ptr_nonnull(why);
		ck_assert_msg(strstr(why, words) != NULL, "%s", why);
	} else {
		ck_assert_msg(why == NULL, "%s", why);
	}
}

START_TEST(oom_of_another_group_is_not_ours)
{
	struct oom oom;

	world("0::/app.slice\n", "0::/app.slice\n", "low 0\noom 0\noom_kill 2\n",
		"nr_free_pages 1\noom_kill 7\n");
	oom_prepare(&oom);
	expect(NULL, &oom, 1 * SECOND);
	world("0::/app.slice\n", "0::/app.slice\n", "low 0\noom 0\noom_kill 2\n",
		"nr_free_pages 1\noom_kill 8\n");
	expect(NULL, &oom, 2 * SECOND);
	world("0::/app.slice\n", "0::/app.slice\n", "low 0\noom 1\noom_kill 3\n",
		"nr_free_pages 1\noom_kill 9\n");
	expect("control group", &oom, 60 * SECOND);
	expect("control group", &oom, 60 * SECOND + 1); /* it had taken two */
	expect(NULL, &oom, 62 * SECOND);
}
END_TEST

START_TEST(oom_of_one_that_was_moved_is_the_machines)
{
	struct oom oom;

	world("0::/app.slice\n", "0::/other.slice\n", "low 0\noom_kill 0\n", "nr 1\noom_kill 0\n");
	oom_prepare(&oom);
	expect(NULL, &oom, 1 * SECOND);
	world("0::/app.slice\n", "0::/other.slice\n", "low 0\noom_kill 0\n", "nr 1\noom_kill 1\n");
	expect("machine", &oom, 2 * SECOND);
}
END_TEST

START_TEST(oom_where_groups_do_not_count_is_the_machines)
{
	struct oom oom;

	world("4:memory:/a\n0::/\n", "4:memory:/\n0::/\n", NULL, "nr 1\noom_kill 3\n");
	oom_prepare(&oom);
	world("4:memory:/a\n0::/\n", "4:memory:/\n0::/\n", NULL, "nr 1\noom_kill 4\n");
	expect("machine", &oom, 1 * SECOND);
	world("0::/app.slice\n", "0::/app.slice\n", NULL, "nr 1\noom_kill 4\n");
	oom_prepare(&oom);
	expect(NULL, &oom, 9 * SECOND);
	world("0::/app.slice\n", "0::/app.slice\n", NULL, "nr 1\noom_kill 5\n");
	expect("machine", &oom, 10 * SECOND);
}
END_TEST

START_TEST(oom_that_nobody_tells_of_has_not_struck)
{
	struct oom oom;

	world(NULL, NULL, NULL, NULL);
	oom_prepare(&oom);
	expect(NULL, &oom, 1 * SECOND);
	world(NULL, NULL, NULL, "nr 1\noom_kill 5\n"); /* since when is not known */
	expect(NULL, &oom, 2 * SECOND);
	world(NULL, NULL, NULL, "nr 1\noom_kill 6\n");
	expect("machine", &oom, 3 * SECOND);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("oom");

	TEST_CASE(suite, "oom", 30, oom_of_another_group_is_not_ours,
		oom_of_one_that_was_moved_is_the_machines, oom_where_groups_do_not_count_is_the_machines,
		oom_that_nobody_tells_of_has_not_struck);
	return suite;
}
