/*
 * peer_supervisors.c: how long runit and supervisord take from a SIGKILL until the service runs again, as the service itself sees it. The service is this program: it writes its pid into a
 * FIFO. It lives for a second before it is killed: both supervisors hold up what dies younger.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

#define YOUNG_US 1100000 /* both wait a second for a start to have gone well */

extern char **environ;

struct supervisor {
	pid_t pid;
	int ready; /* the FIFO */
};

static char self[4096];

static void
be_service(const char *fifo)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && dprintf(fd, "%d\n", (int)getpid()) > 0, fifo);
	for (;;)
		pause();
}

static pid_t
next_service(const struct supervisor *supervisor)
{
	char line[32];
	ssize_t size = read(supervisor->ready, line, sizeof(line) - 1);

	must(size > 0, "read");
	line[size] = '\0';
	return (pid_t)strtol(line, NULL, 10);
}

/* Nothing to be done if that is not there: then it is left out. */
static struct supervisor
start(const char *const argv[])
{
	struct supervisor supervisor;
	posix_spawn_file_actions_t actions;

	must(mkfifo("ready", 0600) == 0, "mkfifo");
	supervisor.ready =
		open("ready", O_RDWR | O_CLOEXEC); /* so that a reader is there, and never an end */
	must(supervisor.ready >= 0, "open");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&supervisor.pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno == ENOENT)
		skip("not installed");
	must(errno == 0, argv[0]);
	return supervisor;
}

static void
sample_restarts(const struct plan *plan, const struct supervisor *supervisor)
{
	pid_t service = next_service(supervisor);

	for (unsigned long i = 0; i < plan->count; i++) {
		sleep_us(YOUNG_US);
		uint64_t began_ns = clock_ns();
		kill(service, SIGKILL);
		service = next_service(supervisor);
		sample((double)(clock_ns() - began_ns));
	}
	kill(supervisor->pid, SIGTERM); /* both end their service then */
	waitpid(supervisor->pid, NULL, 0);
}

static void
take_runit(const struct plan *plan)
{
	must(mkdir("service", 0700) == 0 && symlink(self, "service/run") == 0, "service");
	struct supervisor supervisor = start((const char *const[]){ "runsv", "service", NULL });
	sample_restarts(plan, &supervisor);
}

static void
take_supervisord(const struct plan *plan)
{
	char folder[4096];
	FILE *file = fopen("supervisord.conf", "we");

	must(file != NULL && getcwd(folder, sizeof(folder)) != NULL, "supervisord.conf");
	fprintf(file,
		"[supervisord]\nnodaemon=true\nuser=%d\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=%s/pid\n",
		(int)getuid(), folder);
	fprintf(file,
		"[program:service]\ncommand=%s service %s/ready\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
		self, folder);
	fclose(file);
	struct supervisor supervisor =
		start((const char *const[]){ "supervisord", "-c", "supervisord.conf", NULL });
	sample_restarts(plan, &supervisor);
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "runit", take_runit },
		{ "supervisord", take_supervisord },
		{ NULL, NULL },
	};

	if (strcmp(argv[0], "./run") == 0) /* runsv's way to start it, in its own folder */
		be_service("../ready");
	if (argc == 3 && strcmp(argv[1], "service") == 0)
		be_service(argv[2]);
	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "readlink");
	return measure_main(argc, argv, table);
}
