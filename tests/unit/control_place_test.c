/* control_place_test.c: where the control socket is, and who may come there. */
#include "control_world.h"

START_TEST(other_users_are_refused_politely)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0600);
	if (geteuid() != 0)
		return;
	/* The file's mode and the directory's would keep them out; this is about what is behind these. */
	ck_assert_int_eq(chmod(directory, 0755), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	pid_t child = fork();
	if (child == 0) {
		char text[256] = "";
		if (setuid(65534) != 0)
			_exit(2);
		int fd = connect_client();
		for (ssize_t got = 0, size = 0;
			(got = recv(fd, text + size, sizeof(text) - 1 - (size_t)size, 0)) > 0; size += got)
			continue;
		_exit(strstr(text, "\"code\":77") != NULL && strstr(text, "not user 65534") != NULL ? 0 : 1);
	}
	turn(5000);
	int how;
	ck_assert_int_eq(waitpid(child, &how, 0), child);
	ck_assert_int_eq(how, 0);
}
END_TEST

START_TEST(where_it_will_not_listen)
{
	struct control *other = NULL;
	char file[128];

	close_control();
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "mode 0700");
	ck_assert_int_eq(chmod(directory, 0700), 0);
	snprintf(file, sizeof(file), "%s/file", directory);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(control_open(file, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "no socket");
	unlink(file);
	snprintf(file, sizeof(file), "%s/nowhere/control", directory);
	ck_assert_int_eq(control_open(file, &ops, NULL, now_ns, &other), TRACTOR_ESYSTEM);
	expect_in(tractor_why(), "No such file");
	ck_assert_ptr_null(other);
	/* a socket that a killed supervisor left behind */
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &control), TRACTOR_OK);
	char aside[128];
	snprintf(aside, sizeof(aside), "%s/aside", directory);
	ck_assert_int_eq(rename(path, aside), 0);
	control_close(control);
	ck_assert_int_eq(rename(aside, path), 0);
	control = NULL;
	ck_assert_int_eq(control_open(path, &ops, NULL, now_ns, &control), TRACTOR_OK);
	on_request = echo;
	expect_in(answer(ask("{}\n")), "\"code\":0");
}
END_TEST

START_TEST(a_path_longer_than_an_address)
{
	char deep[256], file[300];
	struct sockaddr_un address;
	int parent;
	struct control *keep = control, *other = NULL;
	struct watched listener = watched[0];

	snprintf(deep, sizeof(deep), "%s/%0120d", directory, 1);
	snprintf(file, sizeof(file), "%s/%s", deep, CONTROL_FILE);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	control = NULL;
	watched[0] = (struct watched){ .fd = -1 };
	ck_assert_msg(control_open(file, &ops, NULL, now_ns, &other) == TRACTOR_OK, "%s", tractor_why());
	control = other;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(control_address(file, &address, &parent), TRACTOR_OK);
	ck_assert_int_ge(parent, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(parent);
	close(fd);
	settle();
	control_close(other);
	control = keep;
	watched[0] = listener;
	rmdir(deep);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("control_place");

	WORLD_CASE(suite, "place", other_users_are_refused_politely, where_it_will_not_listen,
		a_path_longer_than_an_address);
	return suite;
}
