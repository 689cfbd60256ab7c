/*
 * command_world.h: what the files of the `tractor` program's tests share: a run directory, the real server of the control socket with a handler that answers what each test needs, and the program without its
 * process. The server is a child with its own loop; main() is the only part that is not here.
 */
#ifndef TRACTOR_TESTS_UNIT_COMMAND_WORLD_H
#define TRACTOR_TESTS_UNIT_COMMAND_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "client.h"
#include "controlsocket.h"
#include "output.h"
#include "unit.h"

#define OUTPUT_BYTES (1 << 16)
#define WORDS_MAX 16
#define SERVERS_MAX 4

/* In the place of the command that would stay: it has scenarios of its own. */
int
cmd_run(const struct command_line *line)
{
	(void)line;
	return 70;
}

static char run_directory[64];
static char standard_output[OUTPUT_BYTES], standard_error[OUTPUT_BYTES];
static pid_t servers[SERVERS_MAX];
static size_t server_count;

static inline void
expect_in(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

/* --- the server --- */

struct fd {
	int fd;
	short events;
	void *tag;
};
static struct fd fds[CONTROL_CONNECTIONS_MAX + 1];

static inline tractor_err
watch(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	(void)arg;
	fds[control_tag_index(tag)] = (struct fd){ fd, (short)epoll_events, tag };
	return TRACTOR_OK;
}

static inline void
unwatch(void *arg, int fd, void *tag)
{
	(void)arg, (void)fd;
	fds[control_tag_index(tag)].fd = -1;
}

static inline json_t *
shop_status(void)
{
	return json_loads(
		"{\"schema_version\":1,\"name\":\"shop\",\"root\":{\"path\":\"/shop\",\"kind\":\"supervisor\","
		"\"strategy\":\"one_for_one\",\"state\":\"running\",\"incarnation\":1,\"restarts\":0,\"uptime_ms\":81233,\"children\":["
		"{\"path\":\"/shop/db\",\"kind\":\"actor\",\"state\":\"running\",\"pid\":4711,\"incarnation\":2,\"restarts\":1,"
		"\"uptime_ms\":512,\"mailbox\":17,\"handled\":12,\"last_exit\":\"SIGSEGV\"},"
		"{\"path\":\"/shop/web\",\"kind\":\"actor\",\"state\":\"waiting\",\"pid\":0,\"incarnation\":9,\"restarts\":8,\"mailbox\":0,"
		"\"last_exit\":\"exit 3\",\"next_attempt_ms\":1250,\"why\":\"it said \\u001b[31mno\\u202e\"}]}}",
		0, NULL);
}

static inline void
answer_ask(struct control_request *request, const json_t *body)
{
	const char *message = json_string_value(json_object_get(body, "message"));

	if (strcmp(message, "counter.get") == 0)
		control_data(request, json_pack("{s:i}", "total", 4));
	else if (strcmp(message, "echo") == 0)
		control_data(request, json_deep_copy(body));
	else if (strcmp(message, "silence") == 0)
		return;
	else if (strcmp(message, "death") == 0)
		_exit(0);
	else if (strcmp(message, "late") == 0) {
		control_end(request, CONTROL_TIMED_OUT, "no reply within %d ms",
			(int)json_integer_value(json_object_get(body, "timeout_ms")));
		return;
	}
	control_end(request, CONTROL_DONE, NULL);
}

static inline void
answer_events(struct control_request *request)
{
	control_data(request, json_pack("{s:i, s:I, s:s, s:s, s:i, s:s}", "schema_version", 1, "time",
				      (json_int_t)1000, "event", "crashed", "path", "/shop/db", "incarnation",
				      2, "text", "SIGSEGV\nin \x01"));
	control_data(request, json_pack("{s:I, s:s, s:s, s:i, s:s}", "time", (json_int_t)1001, "event",
				      "stopped", "path", "", "incarnation", 0, "text", ""));
	control_end(request, CONTROL_DONE, NULL);
}

/* What a tree of our own could say; and beyond that what no tree says, which must do no harm. */
static inline void
answer_with(struct control_request *request, const char *command)
{
	static const struct {
		const char *command, *data;
	} answers[] = {
		{ "children",
			"{\"schema_version\":1,\"path\":\"/shop\",\"children\":["
			"{\"path\":\"/shop/db\",\"kind\":\"actor\",\"state\":\"running\",\"pid\":4711,\"incarnation\":2,\"restart\":\"permanent\","
			"\"restarts\":1,\"last_exit\":\"SIGSEGV\"},"
			"{\"path\":\"/shop/s\",\"kind\":\"supervisor\",\"state\":\"stopped\",\"pid\":0,\"last_exit\":null},7],"
			"\"counts\":{\"specs\":2,\"active\":1,\"supervisors\":1,\"workers\":1}}" },
		{ "spec",
			"{\"schema_version\":1,\"path\":\"/shop/db\",\"directory\":\"/srv/\\u001b\",\"spec\":{\"actor\":\"db\",\"args\":{\"a:\":\"null\","
			"\"b\":\"x y\"},\"words\":[\"-x\",\"\",1,true],\"backoff\":{\"factor\":2.0,\"max\":\"30s\"}}}" },
		{ "scale",
			"{\"schema_version\":1,\"path\":\"/shop/p\",\"members\":1,\"started\":[\"/shop/p/p-1\"],\"stopped\":[7]}" },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i].command, command) == 0)
			control_data(request, json_loads(answers[i].data, 0, NULL));
	control_end(request, CONTROL_DONE, NULL);
}

/* What a supervisor knows of its lines, and what comes then; and a line of nobody's. */
static inline void
answer_logs(struct control_request *request, const json_t *body)
{
	static const char *const known[] = {
		"{\"schema_version\":1,\"actors\":[{\"path\":\"/shop/db\",\"run\":7,\"incarnation\":2,\"files\":true},5,{}]}",
		"{\"time\":1001,\"stream\":\"stderr\",\"path\":\"/shop/db\",\"incarnation\":1,\"run\":7,\"number\":2,\"text\":\"second\\u001b\"}",
		"{\"time\":1004,\"stream\":\"tractor\",\"path\":\"/shop/db\",\"incarnation\":2,\"run\":7,\"number\":5,\"text\":\"fifth\"}",
		"{\"time\":1,\"path\":\"/shop/db\",\"text\":7}",
		"{\"text\":\"nobody's\"}",
	};
	bool follow = json_is_true(json_object_get(body, "follow"));

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		control_data(request, json_loads(known[i], 0, NULL));
	for (int number = 5; follow && number <= 6; number++) {
		if (number == 5)
			control_data(request, json_pack("{s:b}", "caught_up", 1));
		control_data(
			request, json_pack("{s:i, s:s, s:s, s:i, s:i, s:i, s:s}", "time", 1000 + number,
					 "stream", "stdout", "path", "/shop/db", "incarnation", 2, "run", 7,
					 "number", number, "text", number == 5 ? "fifth again" : "sixth"));
	}
	control_end(request, CONTROL_DONE, NULL);
}

/* A spec with the word "bad" in it is; else what was asked is what is said. */
static inline void
answer_add(struct control_request *request, const json_t *body)
{
	const char *spec = json_string_value(json_object_get(body, "spec"));

	if (strstr(spec, "bad") != NULL) {
		control_data(request, json_pack("{s:i, s:b, s:[{s:i, s:i, s:s}]}", "schema_version", 1, "ok",
					      0, "errors", "line", 1, "column", 2, "text", "not \033 good"));
		control_end(request, CONTROL_BAD_FILE, "nothing was added: SPEC has 1 error");
	} else if (strcmp(spec, "echo") == 0) {
		char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
		control_end(request, CONTROL_FAILED, "%s", text);
		free(text);
	} else {
		control_end(request, CONTROL_DONE, NULL);
	}
}

static inline void
answer(void *arg, struct control_request *request, const json_t *body)
{
	const char *command = json_string_value(json_object_get(body, "command"));
	const char *path = json_string_value(json_object_get(body, "path"));

	if (json_integer_value(json_object_get(body, "schema_version")) != 1)
		control_end(request, CONTROL_FAILED, "no schema_version");
	else if (path != NULL && strcmp(path, "/shop/nobody") == 0)
		control_end(request, CONTROL_NO_ACTOR, "no such actor: %s", path);
	else if (strcmp(command, "status") == 0) {
		control_data(request, shop_status());
		control_end(request, CONTROL_DONE, NULL);
	} else if (strcmp(command, "messages") == 0 && strcmp(path, "/shop/mute") == 0) {
		control_data(request, json_pack("{s:[]}", "messages"));
		control_end(request, CONTROL_DONE, NULL);
	} else if (strcmp(command, "messages") == 0) {
		control_data(request, json_pack("{s:[{s:s}]}", "messages", "text",
					      "ask counter.get {} -> counter_total {int64 total}"));
		control_end(request, CONTROL_DONE, NULL);
	} else if (strcmp(command, "ask") == 0)
		answer_ask(request, body);
	else if (strcmp(command, "events") == 0)
		answer_events(request);
	else if (strcmp(command, "children") == 0 || strcmp(command, "spec") == 0 ||
		 strcmp(command, "scale") == 0)
		answer_with(request, command);
	else if (strcmp(command, "logs") == 0)
		answer_logs(request, body);
	else if (strcmp(command, "add") == 0)
		answer_add(request, body);
	else if (strcmp(command, "version") == 0) {
		control_data(request, json_pack("{s:s, s:s}", "version", "9.9.9", "name", (const char *)arg));
		control_end(request, CONTROL_DONE, NULL);
	} else if (strcmp(command, "inject") == 0) {
		char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
		control_end(request, CONTROL_FAILED, "%s", text);
		free(text);
	} else
		control_end(request, CONTROL_DONE, NULL);
}

static inline void
serve(const char *name, int ready)
{
	static const struct control_ops ops = { watch, unwatch, answer };
	char path[128];
	struct control *control;

	for (size_t i = 0; i <= CONTROL_CONNECTIONS_MAX; i++)
		fds[i].fd = -1;
	snprintf(path, sizeof(path), "%s/%s/%s", run_directory, name, CONTROL_FILE);
	if (control_open(path, &ops, (void *)name, 0, &control) != TRACTOR_OK)
		_exit(1);
	close(ready);
	for (;;) {
		struct pollfd polled[CONTROL_CONNECTIONS_MAX + 1];
		for (size_t i = 0; i <= CONTROL_CONNECTIONS_MAX; i++)
			polled[i] = (struct pollfd){ .fd = fds[i].fd, .events = fds[i].events };
		poll(polled, CONTROL_CONNECTIONS_MAX + 1, -1);
		for (size_t i = 0; i <= CONTROL_CONNECTIONS_MAX; i++)
			if (polled[i].revents != 0 && fds[i].fd >= 0)
				control_ready(control, fds[i].tag, (uint32_t)polled[i].revents, 0);
		control_tick(control, 0);
	}
}

/* A tree of that name runs once this has returned. */
static inline void
start_server(const char *name)
{
	char path[128], byte;
	int ready[2];

	snprintf(path, sizeof(path), "%s/%s", run_directory, name);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		serve(name, ready[1]);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	servers[server_count++] = pid;
}

static inline void
stop_servers(void)
{
	while (server_count > 0) {
		kill(servers[--server_count], SIGKILL);
		waitpid(servers[server_count], NULL, 0);
	}
}

static inline void
make_run_directory(void)
{
	strcpy(run_directory, "/tmp/tractor-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(run_directory));
	setenv("TRACTOR_RUN_DIR", run_directory, 1);
	unsetenv("TRACTOR_TREE");
	setenv("TZ", "UTC0", 1);
}

static inline void
remove_run_directory(void)
{
	char command[128];

	stop_servers();
	snprintf(command, sizeof(command), "rm -rf %s", run_directory);
	ck_assert_int_eq(system(command), 0);
}

/* --- running a command --- */

/* From here on `fd` is a file; gives what it was. */
static inline int
divert(int fd, int *ret_file)
{
	int was = dup(fd);

	*ret_file = fileno(tmpfile());
	dup2(*ret_file, fd);
	return was;
}

static inline void
bring_back(int fd, int was, int file, char *text)
{
	ssize_t size = pread(file, text, OUTPUT_BYTES - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	dup2(was, fd);
	close(was);
	close(file);
}

/* The words, with one blank between two; gives the exit code, and what was printed in standard_output and standard_error. */
static inline int
tractor(const char *words)
{
	char *argv[WORDS_MAX] = { "tractor" }, *copy = strdup(words);
	int argc = 1, out, error;

	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	fflush(NULL);
	int out_was = divert(STDOUT_FILENO, &out), error_was = divert(STDERR_FILENO, &error);
	int code = command_main(argc, argv);
	fflush(NULL);
	bring_back(STDOUT_FILENO, out_was, out, standard_output);
	bring_back(STDERR_FILENO, error_was, error, standard_error);
	free(copy);
	return code;
}

/* As TEST_CASE(), with the run directory. */
#define WORLD_CASE(suite, name, ...) \
	TEST_CASE_WITH(suite, name, 20, make_run_directory, remove_run_directory, __VA_ARGS__)

#endif
