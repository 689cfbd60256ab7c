/*
 * watch.c: the supervisor, seen from outside: what /proc knows of it and what `tractor status` says. Complains through driver.h; nothing here ends the
 * run.
 */
#include "driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 20000
#define ASK_SLACK_MS 3000 /* beyond its limit, before an ask counts as hanging: senders are stopped, too */

/* --- the process --- */

static void
redirect(const char *folder)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/run.log", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
}

bool
watch_start(struct driver *driver)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		redirect(driver->folder);
		execlp("tractor", "tractor", "run", driver->tree_file, (char *)NULL);
		_exit(127);
	}
	driver->supervisor = pid;
	return pid > 0;
}

bool
watch_is_alive(struct driver *driver)
{
	int status;

	if (driver->supervisor <= 0 || waitpid(driver->supervisor, &status, WNOHANG) == 0)
		return driver->supervisor > 0 && !driver->stuck;
	complain(driver, "the supervisor has ended: %s %d", WIFSIGNALED(status) ? "signal" : "exit",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	driver->supervisor = 0;
	return false;
}

/* Whoever the supervisor left has become ours. */
static void
check_orphans(struct driver *driver)
{
	pid_t pid;
	int status, count = 0;

	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid == 0) {
			char path[64], children[256] = "";
			snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
			FILE *file = fopen(path, "re");
			if (file && fgets(children, sizeof(children), file))
				complain(driver, "the supervisor left running: %s", children);
			if (file)
				fclose(file);
			return;
		}
		count++;
	}
	if (count > 0)
		complain(driver, "the supervisor left %d dead children", count);
}

static void
check_run_folder(struct driver *driver)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/run/soak", driver->folder);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "crashes") != 0 &&
			strcmp(entry->d_name, "logs") != 0)
			complain(driver, "the supervisor left %s in its run directory", entry->d_name);
	if (folder)
		closedir(folder);
}

void
watch_stop(struct driver *driver)
{
	uint64_t until_ns = until_ns_of(driver, STOP_MS);
	int status = 0;
	pid_t pid;

	if (driver->supervisor <= 0)
		return;
	if (driver->stuck) {
		kill(driver->supervisor, SIGKILL); /* takes its actors with it */
		return;
	}
	kill(driver->supervisor, SIGTERM);
	while ((pid = waitpid(driver->supervisor, &status, WNOHANG)) == 0 && ledger_now_ns() < until_ns)
		sleep_ms(10);
	if (pid == 0) {
		complain(driver, "the supervisor does not stop");
		watch_save(driver, "does-not-stop");
		kill(driver->supervisor, SIGKILL);
		waitpid(driver->supervisor, &status, 0);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		complain(driver, "the supervisor ended with %s %d, not 0",
			WIFSIGNALED(status) ? "signal" : "exit",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	driver->supervisor = 0;
	check_orphans(driver);
	check_run_folder(driver);
}

/* --- /proc --- */

long
watch_fds(pid_t pid)
{
	char path[64];
	long count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return count;
}

struct usage
watch_usage(const struct driver *driver)
{
	struct usage usage = { .fds = watch_fds(driver->supervisor) };
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", driver->supervisor);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "VmRSS: %ld", &usage.rss_kib);
		sscanf(line, "RssAnon: %ld", &usage.anonymous_kib);
		sscanf(line, "RssShmem: %ld", &usage.shared_kib);
		sscanf(line, "Threads: %ld", &usage.threads);
	}
	if (file)
		fclose(file);
	return usage;
}

unsigned long
watch_data_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && kib == 0 && fgets(line, sizeof(line), file))
		sscanf(line, "VmData: %lu", &kib);
	if (file)
		fclose(file);
	return kib;
}

size_t
watch_children(const struct driver *driver, pid_t *ret_pids, size_t max)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", driver->supervisor, driver->supervisor);
	FILE *file = fopen(path, "re");
	while (file && count < max && fscanf(file, "%d", &ret_pids[count]) == 1)
		count++;
	if (file)
		fclose(file);
	return count;
}

char
watch_state_of(pid_t pid)
{
	char path[64], state = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (file)
		fclose(file);
	return state;
}

/* --- status --- */

json_t *
watch_command(const char *format, ...)
{
	char command[256] = "tractor -t soak ";
	size_t length = strlen(command);
	json_error_t error;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + length, sizeof(command) - length, format, arguments);
	va_end(arguments);
	FILE *answer = popen(command, "re");
	json_t *json = answer ? json_loadf(answer, JSON_DISABLE_EOF_CHECK, &error) : NULL;
	if (answer && pclose(answer) != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static const char *
text_of(const json_t *node, const char *key)
{
	const char *text = json_string_value(json_object_get(node, key));

	return text ? text : "";
}

static void
look_at_actor(const json_t *node, struct tree_seen *seen)
{
	unsigned who = member_at(text_of(node, "path"));
	struct member_seen member = {
		.pid = (pid_t)json_integer_value(json_object_get(node, "pid")),
		.waiting = (long)json_integer_value(json_object_get(node, "mailbox")),
	};

	snprintf(member.state, sizeof(member.state), "%s", text_of(node, "state"));
	snprintf(member.why, sizeof(member.why), "%s", text_of(node, "why"));
	seen->actors++;
	seen->running += strcmp(member.state, "running") == 0;
	seen->restarts += (unsigned long)json_integer_value(json_object_get(node, "incarnation")) - 1;
	seen->waiting += member.waiting;
	if (who < MEMBER_COUNT)
		seen->members[who] = member;
}

static void
look_at(const json_t *node, struct tree_seen *seen)
{
	const json_t *child;
	size_t i;

	json_array_foreach(json_object_get(node, "children"), i, child) look_at(child, seen);
	if (strcmp(text_of(node, "kind"), "actor") == 0)
		look_at_actor(node, seen);
}

bool
watch_status(struct tree_seen *ret_seen)
{
	json_t *status = watch_command("status --json 2>/dev/null");

	*ret_seen = (struct tree_seen){ .actors = 0 };
	if (status)
		look_at(json_object_get(status, "root"), ret_seen);
	json_decref(status);
	return status != NULL;
}

void
watch_check_answer(struct driver *driver)
{
	struct tree_seen seen;

	for (int i = 0; i < 2; i++)
		if (watch_status(&seen) || !watch_is_alive(driver))
			return;
	driver->stuck = true;
	complain(driver, "the supervisor lives and does not answer");
	watch_save(driver, "stuck");
}

void
watch_check_asks(struct driver *driver)
{
	uint64_t limit_ms =
		(uint64_t)atomic_load(&driver->board->ask_limit_ms) + ASK_SLACK_MS * driver->scale;

	for (unsigned i = 0; i < MEMBER_COUNT; i++) {
		uint64_t since_ns = atomic_load(&driver->ledgers[i]->asking_since_ns),
			 now_ns = ledger_now_ns();
		if (since_ns == 0 || now_ns < since_ns || (now_ns - since_ns) / 1000000 < limit_ms)
			continue;
		complain(driver, "%s has been in one ask for %llu ms", members[i].path,
			(unsigned long long)((now_ns - since_ns) / 1000000));
		watch_save(driver, "ask-hangs");
		atomic_store(&driver->ledgers[i]->asking_since_ns, 0); /* said once */
	}
}

void
watch_save(const struct driver *driver, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"cd '%s' && { ls -l /proc/%d/fd; cat /proc/%d/status; for p in $(cat /proc/%d/task/*/children); do "
		"echo $p; cat /proc/$p/cmdline /proc/$p/wchan /proc/$p/status | tr '\\0' ' '; done; for t in "
		"/proc/%d/task/*; do cat $t/comm $t/wchan; echo; done; } >%s.proc 2>&1; "
		"tractor -t soak status --json >%s.status 2>&1; tractor -t soak events >%s.events 2>&1",
		driver->folder, driver->supervisor, driver->supervisor, driver->supervisor,
		driver->supervisor, name, name, name);
	(void)!system(command);
}
