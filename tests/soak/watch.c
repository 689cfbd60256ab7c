/*
 * watch.c: the supervisor, seen from outside: what /proc knows of it and what `tractor status` says. Believes neither alone: at rest both must name the same
 * processes. Complains through driver.h; nothing here ends the run.
 */
#include "driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REST_MS \
	20000 /* from the worst moment to all running and nothing waiting: backlogs of some hundred messages, restarts of some ms */
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
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "crashes") != 0)
			complain(driver, "the supervisor left %s in its run directory", entry->d_name);
	if (folder)
		closedir(folder);
}

void
watch_stop(struct driver *driver)
{
	uint64_t until_ns = ledger_now_ns() + (uint64_t)STOP_MS * driver->scale * 1000000;
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

static long
count_fds(const struct driver *driver)
{
	char path[64];
	long count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", driver->supervisor);
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
	struct usage usage = { .fds = count_fds(driver) };
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

static void
look_at(const json_t *node, struct tree_seen *seen)
{
	const char *path = json_string_value(json_object_get(node, "path")),
		   *kind = json_string_value(json_object_get(node, "kind")),
		   *state = json_string_value(json_object_get(node, "state"));
	unsigned member = path ? member_at(path) : MEMBER_COUNT;
	const json_t *child;
	size_t i;

	json_array_foreach(json_object_get(node, "children"), i, child) look_at(child, seen);
	if (!kind || !state || strcmp(kind, "actor") != 0)
		return;
	seen->actors++;
	seen->running += strcmp(state, "running") == 0;
	seen->restarts += (unsigned long)json_integer_value(json_object_get(node, "incarnation")) - 1;
	seen->waiting += (long)json_integer_value(json_object_get(node, "mailbox"));
	if (member < MEMBER_COUNT)
		seen->pids[member] = (pid_t)json_integer_value(json_object_get(node, "pid"));
}

bool
watch_status(const struct driver *driver, struct tree_seen *ret_seen)
{
	json_error_t error;
	FILE *answer = popen("tractor -t soak status --json 2>/dev/null", "re");
	json_t *status = answer ? json_loadf(answer, 0, &error) : NULL;

	(void)driver;
	if (answer)
		pclose(answer);
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

	if (watch_status(driver, &seen) || watch_status(driver, &seen) || !watch_is_alive(driver))
		return;
	driver->stuck = true;
	complain(driver, "the supervisor lives and does not answer");
	watch_save(driver, "stuck");
}

static bool
senders_rest(const struct driver *driver)
{
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		if (members[i].sends && (!atomic_load(&driver->ledgers[i]->resting) ||
						atomic_load(&driver->ledgers[i]->asking_since_ns) != 0))
			return false;
	return true;
}

static bool
at_rest(const struct driver *driver, struct tree_seen *seen)
{
	return senders_rest(driver) && watch_status(driver, seen) && seen->actors == MEMBER_COUNT &&
	       seen->running == MEMBER_COUNT && seen->waiting == 0;
}

bool
watch_rest(struct driver *driver, const char *when)
{
	uint64_t until_ns = ledger_now_ns() + (uint64_t)REST_MS * driver->scale * 1000000;
	struct tree_seen seen = { .actors = 0 };
	unsigned times = 0;

	while (watch_is_alive(driver) && ledger_now_ns() < until_ns) {
		times = at_rest(driver, &seen) ? times + 1 : 0;
		if (times == 3)
			return true;
		sleep_ms(50);
	}
	complain(driver, "%s: not at rest: %u of %u running, %ld messages waiting, the senders %s", when,
		seen.running, seen.actors, seen.waiting, senders_rest(driver) ? "rest" : "don't rest");
	watch_save(driver, "not-at-rest");
	return false;
}

static bool
is_member_pid(const struct tree_seen *seen, pid_t pid)
{
	for (unsigned i = 0; i < MEMBER_COUNT; i++)
		if (seen->pids[i] == pid)
			return true;
	return false;
}

void
watch_check_children(struct driver *driver, const char *when)
{
	pid_t pids[CHILDREN_MAX];
	struct tree_seen seen;
	size_t count = watch_children(driver, pids, CHILDREN_MAX);

	if (!watch_status(driver, &seen)) {
		complain(driver, "%s: no status", when);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		char state = watch_state_of(pids[i]);
		if (state == 'Z' || !is_member_pid(&seen, pids[i]))
			complain(driver, "%s: the supervisor's child %d is %s", when, pids[i],
				state == 'Z' ? "a zombie" : "none of its actors");
	}
	if (count != MEMBER_COUNT)
		complain(driver, "%s: the supervisor has %zu children, not %d", when, count, MEMBER_COUNT);
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
