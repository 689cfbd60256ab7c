/* doctor_test.c: which limits there are, by what the kernel's files say; those are made here. What is of this process (its ulimits) is as it is. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"
#include "sys.h"
#include "unit.h"

struct made {
	const char *path, *text;
};

static const struct made *made; /* ended by a path that is NULL */

static const struct doctor_cost cost = {
	.each = { [CAPACITY_THREADS] = 14,
		[CAPACITY_FDS] = 8,
		[CAPACITY_MAPPINGS] = 1,
		[CAPACITY_MEMORY] = 1024 },
	.fds_taken = 20,
	.mappings_taken = 100,
};

static int
open_made(const char *path, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	for (const struct made *file = made; file->path != NULL; file++) {
		if (strcmp(file->path, path) != 0)
			continue;
		int fd = memfd_create("made", MFD_CLOEXEC);
		ck_assert_int_eq(write(fd, file->text, strlen(file->text)), (ssize_t)strlen(file->text));
		lseek(fd, 0, SEEK_SET);
		return fd;
	}
	errno = ENOENT;
	return -1;
}

static struct capacity_limit limits[DOCTOR_LIMITS_MAX];
static size_t limit_count;

static void
look(const struct made *files)
{
	made = files;
	sys.open = open_made;
	limit_count = doctor_limits(&cost, limits);
	sys = sys_real;
}

/* NULL: there is no such limit. */
static const struct capacity_limit *
limit_of(const char *name)
{
	for (size_t i = 0; i < limit_count; i++)
		if (strcmp(limits[i].name, name) == 0)
			return &limits[i];
	return NULL;
}

static void
expect_limit(const char *name, enum capacity_kind kind, uint64_t most, uint64_t taken, const char *help)
{
	const struct capacity_limit *limit = limit_of(name);

	ck_assert_msg(limit != NULL, "no limit %s", name);
	ck_assert_int_eq(limit->kind, kind);
	ck_assert_uint_eq(limit->most, most);
	ck_assert_uint_eq(limit->taken, taken);
	ck_assert_msg(strstr(limit->help, help) != NULL, "\"%s\"", limit->help);
}

START_TEST(of_a_machine)
{
	look((const struct made[]){
		{ "/proc/loadavg", "0.00 0.01 0.05 1/700 25421\n" },
		{ "/proc/sys/kernel/pid_max", "32768\n" },
		{ "/proc/sys/kernel/threads-max", "192730\n" },
		{ "/proc/sys/vm/max_map_count", "65530\n" },
		{ "/proc/meminfo", "MemTotal:       1000 kB\nMemFree:    10 kB\nMemAvailable:    600 kB\n" },
		{ NULL, NULL },
	});
	expect_limit("kernel.pid_max", CAPACITY_THREADS, 32768, 1000, "sysctl -w kernel.pid_max=4194304");
	expect_limit(
		"kernel.threads-max", CAPACITY_THREADS, 192730, 700, "sysctl -w kernel.threads-max=385460");
	expect_limit("vm.max_map_count", CAPACITY_MAPPINGS, 65530, 100, "vm.max_map_count=131060");
	expect_limit("memory", CAPACITY_MEMORY, 1024000, 409600, "memory");
	ck_assert_ptr_null(limit_of("pids.max"));
	ck_assert_ptr_null(limit_of("memory.max"));
}
END_TEST

START_TEST(of_nothing_that_can_be_read)
{
	look((const struct made[]){ { NULL, NULL } });
	for (size_t i = 0; i < limit_count; i++)
		ck_assert_msg(strncmp(limits[i].name, "RLIMIT_", 7) == 0, "%s", limits[i].name);
}
END_TEST

START_TEST(of_fds_the_hard_one)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	limit.rlim_max = 128;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	look((const struct made[]){ { NULL, NULL } });
	expect_limit("RLIMIT_NOFILE", CAPACITY_FDS, 128, 20, "ulimit -n 256");
}
END_TEST

START_TEST(of_a_user_who_is_not_root)
{
	struct rlimit limit = { .rlim_cur = 100, .rlim_max = 200 };
	static const struct made root[] = { { "/proc/self/uid_map", "0 0 4294967295\n" }, { NULL, NULL } };
	static const struct made of_a_namespace[] = {
		{ "/proc/self/uid_map", "         0       1000          1\n" }, { NULL, NULL }
	};

	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
	look(of_a_namespace);
	expect_limit("RLIMIT_NPROC", CAPACITY_THREADS, 100, 0, "ulimit -Su $(ulimit -Hu)");
	limit.rlim_max = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
	look(of_a_namespace);
	expect_limit("RLIMIT_NPROC", CAPACITY_THREADS, 100, 0, "limits.conf");
	look(root);
	ck_assert(limit_of("RLIMIT_NPROC") == NULL || getuid() != 0);
}
END_TEST

/* Version 2: that of the service is the tighter one by its number, but the slice is nearly full. */
START_TEST(of_the_tightest_control_group)
{
	look((const struct made[]){
		{ "/proc/self/cgroup", "0::/app.slice/x.service\n" },
		{ "/sys/fs/cgroup/app.slice/x.service/pids.max", "500\n" },
		{ "/sys/fs/cgroup/app.slice/x.service/pids.current", "10\n" },
		{ "/sys/fs/cgroup/app.slice/pids.max", "1000\n" },
		{ "/sys/fs/cgroup/app.slice/pids.current", "900\n" },
		{ "/sys/fs/cgroup/app.slice/x.service/memory.max", "max\n" },
		{ "/sys/fs/cgroup/app.slice/x.service/memory.current", "5000\n" },
		{ "/sys/fs/cgroup/app.slice/memory.max", "1048576\n" },
		{ "/sys/fs/cgroup/app.slice/memory.current", "524288\n" },
		{ "/sys/fs/cgroup/app.slice/memory.stat", "anon 1\nfile 2\ninactive_file 262144\n" },
		{ NULL, NULL },
	});
	expect_limit("pids.max", CAPACITY_THREADS, 1000, 900, " /sys/fs/cgroup/app.slice/pids.max");
	expect_limit("memory.max", CAPACITY_MEMORY, 1048576, 262144, " /sys/fs/cgroup/app.slice/memory.max");
}
END_TEST

/* Version 1; and the path is the one outside, so in here there is only the root, which is the container's own group. */
START_TEST(of_a_container_that_is_called_otherwise_outside)
{
	look((const struct made[]){
		{ "/proc/self/cgroup", "8:pids:/docker/4f\n4:memory:/docker/4f\n0::/docker/4f\n" },
		{ "/sys/fs/cgroup/pids/pids.max", "100\n" },
		{ "/sys/fs/cgroup/pids/pids.current", "7\n" },
		{ "/sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n" },
		{ "/sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n" },
		{ "/sys/fs/cgroup/memory/memory.stat", "inactive_file 500\ntotal_inactive_file 600\n" },
		{ NULL, NULL },
	});
	expect_limit("pids.max", CAPACITY_THREADS, 100, 7, " /sys/fs/cgroup/pids/pids.max");
	expect_limit("memory.limit_in_bytes", CAPACITY_MEMORY, 1048576, 400,
		" /sys/fs/cgroup/memory/memory.limit_in_bytes");
}
END_TEST

/* As a container's cgroup namespace has it where the process was moved to a sibling. */
START_TEST(of_a_group_above_the_root)
{
	look((const struct made[]){
		{ "/proc/self/cgroup", "0::/../x\n" },
		{ "/sys/fs/cgroup/pids.max", "50\n" },
		{ NULL, NULL },
	});
	expect_limit("pids.max", CAPACITY_THREADS, 50, 0, " /sys/fs/cgroup/pids.max");
}
END_TEST

START_TEST(parts_are_all_here_where_tests_run)
{
	for (size_t i = 0; i < doctor_part_count; i++)
		if (doctor_parts[i].is_needed)
			ck_assert_msg(doctor_parts[i].works(), "%s", doctor_parts[i].name);
}
END_TEST

static int
refused(pid_t pid)
{
	(void)pid;
	errno = ENOSYS;
	return -1;
}

static int
not_sealed(int fd, int seals)
{
	(void)fd;
	(void)seals;
	errno = EINVAL;
	return -1;
}

START_TEST(a_part_that_is_not_there_is_found_missing)
{
	sys.pidfd_open = refused;
	sys.seal = not_sealed;
	for (size_t i = 0; i < doctor_part_count; i++)
		if (strstr(doctor_parts[i].name, "pidfd") != NULL ||
			strstr(doctor_parts[i].name, "seal") != NULL)
			ck_assert_msg(!doctor_parts[i].works(), "%s", doctor_parts[i].name);
	sys = sys_real;
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("doctor");

	TEST_CASE(suite, "limits", 10, of_a_machine, of_nothing_that_can_be_read, of_fds_the_hard_one,
		of_a_user_who_is_not_root, of_the_tightest_control_group,
		of_a_container_that_is_called_otherwise_outside, of_a_group_above_the_root);
	TEST_CASE(suite, "parts", 10, parts_are_all_here_where_tests_run,
		a_part_that_is_not_there_is_found_missing);
	return suite;
}
