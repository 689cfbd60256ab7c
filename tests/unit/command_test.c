/*
 * command_test.c: the `tractor` program without its process: command lines, printing, and the commands against the real server of the control socket
 * with a handler that answers what each test needs. The server is a child with its own loop; main() is the only part that is not here.
 */
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

#include <tractor/version.h>

#include "args.h"
#include "client.h"
#include "controlsocket.h"
#include "output.h"
#include "unit.h"

#define OUTPUT_BYTES (1 << 16)
#define WORDS_MAX 16
#define SERVERS_MAX 4

/* The lead's own command is not linked here. */
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

static void
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

static tractor_err
watch(void *arg, int fd, uint32_t epoll_events, void *tag)
{
	(void)arg;
	fds[control_tag_index(tag)] = (struct fd){ fd, (short)epoll_events, tag };
	return TRACTOR_OK;
}

static void
unwatch(void *arg, int fd, void *tag)
{
	(void)arg, (void)fd;
	fds[control_tag_index(tag)].fd = -1;
}

static json_t *
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

static void
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

static void
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
static void
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
static void
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
static void
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

static void
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

static void
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
static void
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

static void
stop_servers(void)
{
	while (server_count > 0) {
		kill(servers[--server_count], SIGKILL);
		waitpid(servers[server_count], NULL, 0);
	}
}

static void
make_run_directory(void)
{
	strcpy(run_directory, "/tmp/tractor-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(run_directory));
	setenv("TRACTOR_RUN_DIR", run_directory, 1);
	unsetenv("TRACTOR_TREE");
	setenv("TZ", "UTC0", 1);
}

static void
remove_run_directory(void)
{
	char command[128];

	stop_servers();
	snprintf(command, sizeof(command), "rm -rf %s", run_directory);
	ck_assert_int_eq(system(command), 0);
}

/* --- running a command --- */

/* From here on `fd` is a file; gives what it was. */
static int
divert(int fd, int *ret_file)
{
	int was = dup(fd);

	*ret_file = fileno(tmpfile());
	dup2(*ret_file, fd);
	return was;
}

static void
bring_back(int fd, int was, int file, char *text)
{
	ssize_t size = pread(file, text, OUTPUT_BYTES - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	dup2(was, fd);
	close(was);
	close(file);
}

/* The words, with one blank between two; gives the exit code, and what was printed in standard_output and standard_error. */
static int
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

/* --- the command line --- */

static bool
parse(const char *words, struct command_line *line, char *error)
{
	static char copy[512];
	char *argv[WORDS_MAX] = { "tractor" };
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	return args_parse(argc, argv, line, error);
}

START_TEST(options_may_stand_anywhere)
{
	static const char *const lines[] = { "-t shop --json ask /shop/db db.get {} --timeout 250ms",
		"ask -tshop /shop/db db.get {} --json --timeout=250ms",
		"--tree=shop ask /shop/db --timeout 250ms --json -- db.get {}" };
	struct command_line line;
	char error[ARGS_ERROR_BYTES] = "";

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(parse(lines[i], &line, error), "%s", error);
		ck_assert_str_eq(line.command->name, "ask");
		ck_assert_str_eq(line.tree, "shop");
		ck_assert(line.json && !line.follow);
		ck_assert_int_eq(line.timeout_ms, 250);
		ck_assert_int_eq(line.word_count, 3);
		ck_assert_str_eq(line.words[1], "db.get");
		ck_assert_str_eq(line.words[2], "{}");
	}
	setenv("TRACTOR_TREE", "other", 1);
	ck_assert(parse("events -f", &line, error));
	ck_assert_str_eq(line.tree, "other");
	ck_assert(line.follow);
	ck_assert_int_eq(line.timeout_ms, COMMAND_NO_TIMEOUT);
	ck_assert(parse("-t this status", &line, error));
	ck_assert_str_eq(line.tree, "this");
	ck_assert(parse("logs -fn 20 --since 10m /shop", &line, error));
	ck_assert(line.follow && !line.previous && strcmp(line.since, "10m") == 0);
	ck_assert_int_eq(line.lines, 20);
	ck_assert(parse("logs --previous -n all", &line, error));
	ck_assert(line.previous && line.since == NULL);
	ck_assert_int_eq(line.lines, COMMAND_ALL);
	ck_assert(parse("logs", &line, error));
	ck_assert_int_eq(line.lines, COMMAND_DEFAULT);
	ck_assert(parse("tell /a b -", &line, error));
	ck_assert_str_eq(line.words[2], "-");
}
END_TEST

START_TEST(command_lines_that_are_none)
{
	static const struct bad {
		const char *words, *complaint;
	} bad[] = {
		{ "", "which command?" },
		{ "stauts", "there is no command \"stauts\"; did you mean \"status\"?" },
		{ "xyzzyx", "there is no command \"xyzzyx\"; see: tractor help" },
		{ "status --jason", "there is no option --jason; did you mean --json?" },
		{ "status -x", "there is no option -x" },
		{ "status -t", "--tree needs a value: --tree NAME" },
		{ "status --json=yes", "--json takes no value" },
		{ "status /a /b", "\"/b\" is too much; it is: tractor status [PATH]" },
		{ "ask /a", "something is missing; it is: tractor ask PATH MESSAGE" },
		{ "status --follow", "status has no option --follow" },
		{ "events --previous", "events has no option --previous" },
		{ "logs -n", "--lines needs a value: --lines N" },
		{ "logs -n -1",
			"--lines: \"-1\" is not a whole number; write one from 0 to 1000000000, or all" },
		{ "logs -n al", "--lines: \"al\" is not a whole number" },
		{ "ask /a b --timeout 5", "--timeout: " },
		{ "ask /a b --timeout 0s", "--timeout: " },
		{ "ask /a b --timeout -1s", "--timeout: " },
	};
	struct command_line line;
	char error[ARGS_ERROR_BYTES];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!parse(bad[i].words, &line, error), "%s", bad[i].words);
		expect_in(error, bad[i].complaint);
		if (*bad[i].words != '\0')
			ck_assert_int_eq(tractor(bad[i].words), CONTROL_USAGE);
	}
}
END_TEST

START_TEST(every_command_has_help)
{
	char words[64];

	ck_assert_int_eq(tractor("help"), 0);
	for (size_t i = 0; i < command_count; i++)
		expect_in(standard_output, commands[i].summary);
	/* In one column, also of those with much to say before. */
	expect_in(standard_output, "\n  version                                               which");
	expect_in(standard_output,
		"\n                                                        make a crash happen");
	for (size_t i = 0; i < command_count; i++) {
		snprintf(words, sizeof(words), "help %s", commands[i].name);
		ck_assert_int_eq(tractor(words), 0);
		expect_in(standard_output, commands[i].summary);
		snprintf(words, sizeof(words), "%s -h", commands[i].name);
		ck_assert_int_eq(tractor(words), 0);
		expect_in(standard_output, commands[i].help);
	}
	ck_assert_int_eq(tractor("help stats"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"status\"?");
	ck_assert_int_eq(tractor(""), CONTROL_USAGE);
	ck_assert_str_eq(standard_output, "");
	expect_in(standard_error, "crashes");
	ck_assert_int_eq(tractor("run x"), 70);
}
END_TEST

/* --- printing --- */

START_TEST(nothing_raw_reaches_the_terminal)
{
	static const char *const cases[][2] = {
		{ "plain \xc3\xbc", "plain \xc3\xbc" },
		{ "\033[31m\n\t\r\x7f", "\\x1b[31m\\n\\t\\r\\x7f" },
		{ "\xc2\x9b"
		  "31m",
			"\\x9b31m" }, /* CSI as one character */
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "a\xe2\x80\xae"
		  "b",
			"a\\u202eb" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *safe = output_safe(cases[i][0]);
		ck_assert_str_eq(safe, cases[i][1]);
		free(safe);
	}
}
END_TEST

static char *
json_text(const char *json)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	ck_assert_ptr_nonnull(value);
	output_json(stream, value);
	fclose(stream);
	json_decref(value);
	return text;
}

START_TEST(json_is_compact_short_and_safe)
{
	static const char *const cases[][2] = {
		{ "{\"a\" : [1, true, null, {}], \"b\": false}", "{\"a\":[1,true,null,{}],\"b\":false}" },
		{ "[0.1, 1.0, -2.5e300, 1e-7, 0.30000000000000004]",
			"[0.1,1.0,-2.5e+300,1e-07,0.30000000000000004]" },
		{ "\"\\u001b[0m \\u009b \\u202e \\\" \\\\ \\n \\u0000 \\u00fc\"",
			"\"\\u001b[0m \\u009b \\u202e \\\" \\\\ \\n \\u0000 \xc3\xbc\"" },
		{ "-9223372036854775808", "-9223372036854775808" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = json_text(cases[i][0]);
		ck_assert_str_eq(text, cases[i][1]);
		free(text);
	}
}
END_TEST

START_TEST(tables_are_aligned)
{
	static const struct output_column columns[] = { { "NAME", false }, { "N", true }, { "WHY", false } };
	static const char *const rows[][3] = { { "a", "1", "" }, { "l\xc3\xa4nger", "1234", "x\ny" },
		{ NULL, NULL, NULL } };
	struct output_table *table = output_table_new(columns, 3);
	char *text = NULL;
	size_t size;

	for (size_t i = 0; i < 3; i++)
		output_table_add(table, rows[i]);
	FILE *stream = tmpfile();
	output_table_print(table, stream, NULL);
	rewind(stream);
	text = calloc(1, 512);
	size = fread(text, 1, 511, stream);
	ck_assert_uint_gt(size, 0);
	ck_assert_str_eq(text, "NAME       N  WHY\n"
			       "a          1  -\n"
			       "l\xc3\xa4nger  1234  x\\ny\n"
			       "-          -  -\n");
	fclose(stream);
	free(text);
	output_table_free(table);
	output_table_free(NULL);
}
END_TEST

START_TEST(times_for_people)
{
	static const struct span {
		int64_t ms;
		const char *text;
	} spans[] = { { -5, "0ms" }, { 0, "0ms" }, { 812, "812ms" }, { 4250, "4.2s" }, { 59999, "59s" },
		{ 81233, "1m21s" }, { 10920000, "3h02m" }, { 447000000, "5d04h" } };
	char text[OUTPUT_TIME_BYTES];

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		ck_assert_str_eq(output_duration(spans[i].ms, text), spans[i].text);
	ck_assert_str_eq(output_time(1001, text), "1970-01-01 00:00:01.001");
	ck_assert_str_eq(output_time(-1, text), "-1");
}
END_TEST

/* --- the tree --- */

START_TEST(no_tree)
{
	ck_assert_int_eq(tractor("status"), CONTROL_NO_TREE);
	expect_in(standard_error, "tractor: no tree is running; start one with: tractor run FILE\n");
	ck_assert_str_eq(standard_output, "");
	/* what a killed supervisor left does not count */
	start_server("shop");
	stop_servers();
	ck_assert_int_eq(tractor("status"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("-t shop status"), CONTROL_NO_TREE);
	expect_in(standard_error, "no tree \"shop\" is running; start one");
}
END_TEST

START_TEST(which_tree)
{
	start_server("shop");
	ck_assert_int_eq(tractor("status"), 0); /* the only one */
	start_server("demo");
	ck_assert_int_eq(tractor("status"), CONTROL_USAGE);
	expect_in(standard_error, "several trees are running: demo, shop; say which with -t NAME");
	ck_assert_int_eq(tractor("-t shop version --json"), 0);
	expect_in(standard_output, "\"name\":\"shop\"");
	setenv("TRACTOR_TREE", "demo", 1);
	ck_assert_int_eq(tractor("version --json"), 0);
	expect_in(standard_output, "\"name\":\"demo\"");
	unsetenv("TRACTOR_TREE");
	ck_assert_int_eq(tractor("ask /demo/x counter.get"), 0); /* by its path */
	ck_assert_int_eq(tractor("-t shpo status"), CONTROL_NO_TREE);
	expect_in(standard_error, "no tree \"shpo\" is running; did you mean \"shop\"?");
	ck_assert_int_eq(tractor("-t demo status /shop/nobody"), CONTROL_NO_ACTOR);
	expect_in(
		standard_error, "no such actor: /shop/nobody (asked the tree \"demo\"; -t chooses another)");
	ck_assert_int_eq(tractor("status shop/db"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"/shop/db\"?");
}
END_TEST

START_TEST(status)
{
	start_server("shop");
	ck_assert_int_eq(tractor("status"), 0);
	ck_assert_str_eq(standard_output,
		"PATH       STATE     PID  INC  RESTARTS  UPTIME  MAILBOX  WHY\n"
		"/shop      running     -    1         0   1m21s        -  one_for_one\n"
		"/shop/db   running  4711    2         1   512ms       17  last exit: SIGSEGV\n"
		"/shop/web  waiting     -    9         8       -        0  last exit: exit 3: it said \\x1b[31mno\\u202e; next attempt in 1.2s\n");
	ck_assert_int_eq(tractor("status --json"), 0);
	expect_in(standard_output,
		"{\"schema_version\":1,\"name\":\"shop\",\"root\":{\"path\":\"/shop\",\"kind\":\"supervisor\"");
	expect_in(standard_output, "\\u001b[31mno\\u202e\"}]}}\n");
	ck_assert_int_eq(tractor("status /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_str_eq(standard_error, "tractor: no such actor: /shop/nobody\n");
}
END_TEST

START_TEST(talking)
{
	start_server("shop");
	ck_assert_int_eq(tractor("ask /shop/counter counter.get"), 0);
	ck_assert_str_eq(standard_output, "{\"total\":4}\n");
	ck_assert_int_eq(tractor("ask /shop/counter counter.get --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"reply\":{\"total\":4}}\n");
	ck_assert_int_eq(tractor("ask /shop/counter echo {\"by\":3} --timeout 7s"), 0);
	expect_in(standard_output, "\"message\":\"echo\"");
	expect_in(standard_output, "\"fields\":{\"by\":3}");
	expect_in(standard_output, "\"path\":\"/shop/counter\"");
	expect_in(standard_output, "\"timeout_ms\":7000");
	ck_assert_int_eq(tractor("tell /shop/counter counter.increment {\"by\":3}"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("tell /shop/counter counter.increment --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("ask /shop/counter late --timeout 20ms"), CONTROL_TIMED_OUT);
	ck_assert_str_eq(standard_error, "tractor: no reply within 20 ms\n");
	ck_assert_int_eq(tractor("ask /shop/counter death"), CONTROL_NO_ANSWER);
	expect_in(standard_error, "went away in the middle of its answer");
}
END_TEST

START_TEST(fields_that_are_none)
{
	ck_assert_int_eq(tractor("tell /a b.c {\"by\":"), CONTROL_USAGE);
	expect_in(standard_error, "the fields are not JSON");
	ck_assert_int_eq(tractor("tell /a b.c [1]"), CONTROL_USAGE);
	expect_in(standard_error, "must be a JSON object");
	ck_assert_int_eq(tractor("tell /a b.c {\"a\":1,\"a\":2}"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("tell /a b.c {\"a\":18446744073709551615}"), CONTROL_USAGE);
	expect_in(standard_error, "above 9223372036854775807 as a string");
	ck_assert_int_eq(tractor("tell /a \xff {}"), CONTROL_USAGE);
}
END_TEST

START_TEST(fields_from_standard_input)
{
	start_server("shop");
	FILE *input = tmpfile();
	int was = dup(STDIN_FILENO);

	fputs("{\"by\":\n 3}\n", input);
	rewind(input);
	dup2(fileno(input), STDIN_FILENO);
	ck_assert_int_eq(tractor("ask /shop/counter echo -"), 0);
	expect_in(standard_output, "\"fields\":{\"by\":3}");
	dup2(was, STDIN_FILENO);
	close(was);
	fclose(input);
}
END_TEST

START_TEST(a_supervisor_that_does_not_answer)
{
	start_server("shop");
	ck_assert_int_eq(tractor("ask /shop/counter silence --timeout 1ms"), CONTROL_NO_ANSWER);
	expect_in(standard_error, "the supervisor of \"shop\" (process ");
}
END_TEST

START_TEST(listing_and_following)
{
	start_server("shop");
	ck_assert_int_eq(tractor("messages /shop/db"), 0);
	ck_assert_str_eq(standard_output, "ask counter.get {} -> counter_total {int64 total}\n");
	ck_assert_int_eq(tractor("events"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 crashed /shop/db#2 SIGSEGV\\nin \\x01\n"
					  "1970-01-01 00:00:01.001 stopped \n");
	ck_assert_int_eq(tractor("events /shop"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 crashed /shop/db#2 SIGSEGV\\nin \\x01\n");
	ck_assert_int_eq(tractor("events /shop/d"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("events -f --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"time\":1000,\"event\":\"crashed\"");
	expect_in(standard_output, "{\"schema_version\":1,\"time\":1001,");
}
END_TEST

START_TEST(steering)
{
	start_server("shop");
	ck_assert_int_eq(tractor("start /shop/db"), 0);
	ck_assert_int_eq(tractor("stop /shop/db --timeout 1s"), 0);
	ck_assert_int_eq(tractor("restart /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("down --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("inject /shop/db exit:7 --at counter.increment:3"), CONTROL_FAILED);
	expect_in(standard_error,
		"{\"at\":\"counter.increment:3\",\"command\":\"inject\",\"fault\":\"exit:7\","
		"\"path\":\"/shop/db\",\"schema_version\":1}");
	ck_assert_int_eq(
		tractor("inject /shop/db segv --at counter.get --probability 0.25 --seed 7"), CONTROL_FAILED);
	expect_in(standard_error, "\"probability\":0.25,\"schema_version\":1,\"seed\":7}");
}
END_TEST

START_TEST(children_and_their_specs)
{
	start_server("shop");
	ck_assert_int_eq(tractor("children"), 0);
	ck_assert_str_eq(standard_output,
		"PATH      KIND        STATE     PID  INC  RESTART    RESTARTS  LAST EXIT\n"
		"/shop/db  actor       running  4711    2  permanent         1  SIGSEGV\n"
		"/shop/s   supervisor  stopped     -    -  -                 -  -\n"
		"-         -           -           -    -  -                 -  -\n"
		"2 specs, 1 active, 1 supervisor, 1 worker\n");
	ck_assert_int_eq(tractor("children /shop --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"path\":\"/shop\",\"children\":[");
	ck_assert_int_eq(tractor("children /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("spec /shop/db"), 0);
	ck_assert_str_eq(standard_output,
		"# runs in /srv/\\x1b\nactor: db\nargs: {\"a:\": \"null\", b: \"x y\"}\nwords: [\"-x\", \"\", 1, true]\n"
		"backoff: {factor: 2.0, max: 30s}\n");
	ck_assert_int_eq(tractor("spec --json /shop/db"), 0);
	expect_in(standard_output, "\"spec\":{\"actor\":\"db\",");
}
END_TEST

START_TEST(adding_and_deleting)
{
	char here[256], wanted[512];

	start_server("shop");
	ck_assert_int_eq(tractor("add /shop {actor:a}"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("add /shop {actor:a} --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"ok\":true}\n");
	ck_assert_int_eq(tractor("add /shop bad"), CONTROL_BAD_FILE);
	ck_assert_str_eq(standard_output, "");
	ck_assert_str_eq(
		standard_error, "SPEC:1:2: not \\x1b good\ntractor: nothing was added: SPEC has 1 error\n");
	ck_assert_int_eq(tractor("add /shop bad --json"), CONTROL_BAD_FILE);
	expect_in(standard_output, "\"ok\":false");
	ck_assert_int_eq(tractor("add /shop echo"), CONTROL_FAILED);
	snprintf(wanted, sizeof(wanted),
		"{\"command\":\"add\",\"directory\":\"%s\",\"path\":\"/shop\",\"schema_version\":1,\"spec\":\"echo\"}",
		getcwd(here, sizeof(here)));
	expect_in(standard_error, wanted);
	ck_assert_int_eq(tractor("add /shop \xff"), CONTROL_USAGE);
	expect_in(standard_error, "the spec is not UTF-8");
	ck_assert_int_eq(tractor("add /shop"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("delete /shop/db"), 0);
	ck_assert_int_eq(tractor("delete /shop/nobody"), CONTROL_NO_ACTOR);
}
END_TEST

START_TEST(scaling)
{
	static const char *const none[] = { "-1", "x", "1.5", "1000001", "99999999999", "3x" };
	char words[64];

	start_server("shop");
	ck_assert_int_eq(tractor("scale /shop/p 1"), 0);
	ck_assert_str_eq(standard_output, "started /shop/p/p-1\nstopped -\n/shop/p has 1 member\n");
	ck_assert_int_eq(tractor("scale /shop/p 1 --json"), 0);
	expect_in(standard_output, "\"started\":[\"/shop/p/p-1\"]");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(words, sizeof(words), "scale /shop/p -- %s", none[i]);
		ck_assert_int_eq(tractor(words), CONTROL_USAGE);
		expect_in(standard_error, "how many members?");
	}
}
END_TEST

START_TEST(faults_that_are_none)
{
	ck_assert_int_eq(tractor("inject /shop/db segv --probability 0.5"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --probability 0"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --probability 1.5"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x --seed -1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db sevg"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"segv\"?");
	ck_assert_int_eq(tractor("inject /shop/db exit:256"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db exit:"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db exit:-1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x:0"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at :1"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("inject /shop/db segv --at x:y"), CONTROL_USAGE);
}
END_TEST

/* --- crashes --- */

static void
write_crash(const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/shop", run_directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/shop/crashes", run_directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/shop/crashes/%s", run_directory, file);
	FILE *stream = fopen(path, "we");
	fputs(text, stream);
	fclose(stream);
}

START_TEST(crashes_are_read_without_a_tree)
{
	ck_assert_int_eq(tractor("crashes"), CONTROL_NO_TREE);
	write_crash("b-2.json",
		"{\"schema_version\":1,\"id\":\"b-2\",\"path\":\"/shop/db\",\"time\":1500,\"cause\":\"signal\",\"signal\":\"SIGSEGV\","
		"\"message\":{\"protocol\":\"counter\",\"name\":\"get\",\"fields\":{}},\"verdict\":\"default\","
		"\"panic_text\":\"\",\"sender\":null,\"log_tail\":[\"last \\u001b[2J words\"],"
		"\"backtrace\":[{\"function\":\"f\",\"offset\":\"0x12\",\"file\":\"f.c\",\"line\":7,\"module\":\"/bin/f\"}]}");
	write_crash("a-1.json",
		"{\"id\":\"a-1\",\"path\":\"/shop/db\",\"time\":2500,\"cause\":\"panic\",\"message\":null,\"verdict\":\"stop\"}");
	write_crash("broken.json", "{");
	write_crash(".hidden.json", "{");
	write_crash("other.txt", "{");
	ck_assert_int_eq(tractor("crashes"), 0);
	ck_assert_str_eq(standard_output,
		"ID   TIME                     PATH      CAUSE   IN          MESSAGE      VERDICT\n"
		"b-2  1970-01-01 00:00:01.500  /shop/db  signal  f at f.c:7  counter.get  default\n"
		"a-1  1970-01-01 00:00:02.500  /shop/db  panic   -           -            stop\n");
	expect_in(standard_error, "broken.json is passed over");
	ck_assert_int_eq(tractor("-t shop crashes list --json"), 0);
	ck_assert_str_eq(standard_output,
		"{\"schema_version\":1,\"crashes\":[{\"id\":\"b-2\",\"time\":1500,\"path\":\"/shop/db\",\"cause\":\"signal\","
		"\"top\":\"f at f.c:7\",\"message\":\"counter.get\",\"verdict\":\"default\"},{\"id\":\"a-1\",\"time\":2500,"
		"\"path\":\"/shop/db\",\"cause\":\"panic\",\"top\":null,\"message\":null,\"verdict\":\"stop\"}]}\n");
	ck_assert_int_eq(tractor("crashes show b"), 0);
	expect_in(standard_output,
		"crash b-2\n  in                   f at f.c:7\n  path                 /shop/db\n"
		"  time                 1970-01-01 00:00:01.500\n  cause                signal: SIGSEGV\n");
	expect_in(standard_output, "  log tail\n    last \\x1b[2J words\n");
	expect_in(standard_output, "  backtrace\n    #0 f+0x12 at f.c:7 in /bin/f\n");
	expect_in(standard_output, "  message              counter.get\n  sender               a program\n");
	ck_assert_int_eq(tractor("crashes show b-2 --json"), 0);
	expect_in(standard_output, "{\"schema_version\":1,\"id\":\"b-2\",");
	ck_assert_int_eq(tractor("crashes show b-3"), CONTROL_FAILED);
	expect_in(standard_error, "there is no crash \"b-3\"; did you mean \"b-2\"?");
	ck_assert_int_eq(tractor("crashes show ../../x"), CONTROL_FAILED);
	ck_assert_int_eq(tractor("crashes show"), CONTROL_USAGE);
	ck_assert_int_eq(tractor("crashes shwo x"), CONTROL_USAGE);
	expect_in(standard_error, "did you mean \"show\"?");
}
END_TEST

/* One value too long for a person, cut before a character that would not fit; and a file too large to be a report. */
START_TEST(crashes_that_are_long)
{
	char report[6000], *huge = malloc((4 << 20) + 2);

	snprintf(report, sizeof(report), "{\"id\":\"a\",\"panic_text\":\"%01999d\xc3\xbc%0100d\"}", 0, 0);
	write_crash("a.json", report);
	ck_assert_int_eq(tractor("-t shop crashes show a"), 0);
	expect_in(standard_output, "0... (102 bytes more, with --json)\n");
	ck_assert_ptr_null(strstr(standard_output, "\xc3"));
	ck_assert_int_eq(tractor("-t shop crashes show a --json"), 0);
	expect_in(standard_output, "\xc3\xbc"
				   "000");

	memset(huge, ' ', (4 << 20) + 1);
	huge[0] = '{';
	huge[1] = '}';
	huge[(4 << 20) + 1] = '\0';
	write_crash("huge.json", huge);
	free(huge);
	ck_assert_int_eq(tractor("-t shop crashes"), 0);
	expect_in(standard_error, "huge.json is passed over: it is no file of ordinary size");
}
END_TEST

/* --- logs --- */

/* In the file of `/shop/db`, or another below the tree. */
static void
write_log(const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/shop", run_directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/shop/logs", run_directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/shop/logs/%s", run_directory, file);
	FILE *stream = fopen(path, "we");
	fputs(text, stream);
	fclose(stream);
}

#define LINE(time, incarnation, number, text)                                  \
	"{\"schema_version\":1,\"time\":" #time                                \
	",\"stream\":\"stdout\",\"path\":\"/x\",\"incarnation\":" #incarnation \
	",\"run\":7,\"number\":" #number ",\"text\":\"" text "\"}\n"

START_TEST(logs_are_read_without_a_tree)
{
	ck_assert_int_eq(tractor("logs"), CONTROL_NO_TREE);
	write_log("db.log", LINE(1000, 1, 1, "first") LINE(1004, 2, 3, "third"));
	write_log("web.log", LINE(1002, 1, 1, "\\u001b[2J\\u0000"));
	ck_assert_int_eq(tractor("logs"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.002 /shop/web#1 | \\x1b[2J\\x00\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 * 1 line is missing here\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 | third\n");
	ck_assert_int_eq(tractor("logs -n 1 --json /shop"), 0);
	ck_assert_str_eq(standard_output,
		"{\"schema_version\":1,\"time\":1004,\"stream\":\"stdout\",\"path\":\"/shop/db\",\"incarnation\":2,\"text\":\"third\"}\n");
	ck_assert_int_eq(tractor("logs --previous"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n");
	ck_assert_int_eq(tractor("logs --since 1h"), 0);
	ck_assert_str_eq(standard_output, "");
	ck_assert_int_eq(tractor("logs /shop/nobody"), CONTROL_NO_ACTOR);
	ck_assert_int_eq(tractor("logs -f"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("logs -t shpo"), CONTROL_NO_TREE);
	ck_assert_int_eq(tractor("logs --since soon"), CONTROL_USAGE);
	expect_in(standard_error,
		"--since: \"soon\" is no time; write how long ago, like 10m, or when, like 14:30");
	ck_assert_int_eq(tractor("logs -f --previous"), CONTROL_USAGE);
}
END_TEST

/* A clock that was set back does not turn an actor's lines around. */
START_TEST(logs_are_in_the_order_of_each_actor)
{
	write_log("db.log",
		LINE(1000, 1, 1, "a") LINE(500, 1, 2, "b") LINE(1000, 1, 3, "c") LINE(1001, 1, 4, "d"));
	write_log("web.log", LINE(700, 1, 1, "w") LINE(1000, 1, 2, "x"));
	ck_assert_int_eq(tractor("logs"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:00.700 /shop/web#1 | w\n"
					  "1970-01-01 00:00:01.000 /shop/db#1 | a\n"
					  "1970-01-01 00:00:00.500 /shop/db#1 | b\n"
					  "1970-01-01 00:00:01.000 /shop/db#1 | c\n"
					  "1970-01-01 00:00:01.000 /shop/web#1 | x\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | d\n");
}
END_TEST

START_TEST(logs_from_files_and_from_the_supervisor)
{
	start_server("shop");
	write_log("db.log", LINE(1000, 1, 1, "first") LINE(1001, 1, 2, "second") LINE(1003, 2, 4, "fourth"));
	write_log("gone.log", LINE(999, 1, 1, "from one who is no more"));
	ck_assert_int_eq(tractor("logs /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | second\n"
					  "1970-01-01 00:00:01.003 /shop/db#2 * 1 line is missing here\n"
					  "1970-01-01 00:00:01.003 /shop/db#2 | fourth\n"
					  "1970-01-01 00:00:01.004 /shop/db#2 * fifth\n");
	ck_assert_int_eq(tractor("logs -f -n 1 /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.004 /shop/db#2 * fifth\n"
					  "1970-01-01 00:00:01.006 /shop/db#2 | sixth\n");
	ck_assert_int_eq(tractor("logs --previous /shop/db"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:01.000 /shop/db#1 | first\n"
					  "1970-01-01 00:00:01.001 /shop/db#1 | second\n");
	ck_assert_int_eq(tractor("logs /shop/nobody"), CONTROL_NO_ACTOR);
	expect_in(standard_error, "no such actor: /shop/nobody");
	/* The supervisor doesn't know it any more, but it has left its log. */
	write_log("nobody.log", LINE(999, 1, 1, "here I was"));
	ck_assert_int_eq(tractor("logs /shop/nobody"), 0);
	ck_assert_str_eq(standard_output, "1970-01-01 00:00:00.999 /shop/nobody#1 | here I was\n");
	ck_assert_str_eq(standard_error, "");
	ck_assert_int_eq(tractor("logs -f /shop/nobody"), CONTROL_NO_ACTOR);
}
END_TEST

/* --- check --- */

START_TEST(checking_a_file)
{
	char path[128], words[256];

	snprintf(path, sizeof(path), "%s/tree.yaml", run_directory);
	FILE *stream = fopen(path, "we");
	fputs("name: shop\nchildren:\n  - actor: db\n    exec: /bin/true\n  - supervisor: workers\n    children:\n      - actor: one\n        exec: "
	      "/bin/true\n        restart: transient\n",
		stream);
	fclose(stream);
	snprintf(words, sizeof(words), "check %s", path);
	ck_assert_int_eq(tractor(words), 0);
	expect_in(standard_output, "PATH               KIND        RESTART    RUNS\n");
	expect_in(standard_output, "/shop/workers/one  actor       transient  ");
	strcat(words, " --json");
	ck_assert_int_eq(tractor(words), 0);
	expect_in(standard_output,
		"{\"schema_version\":1,\"ok\":true,\"name\":\"shop\",\"root\":{\"path\":\"/shop\"");

	stream = fopen(path, "we");
	fputs("name: shop\nstrategy: one_for_nobody\nchilds: []\n", stream);
	fclose(stream);
	ck_assert_int_eq(tractor(words), CONTROL_BAD_FILE);
	expect_in(standard_output, "\"ok\":false");
	expect_in(standard_output, "\"line\":2");
	snprintf(words, sizeof(words), "check %s", path);
	ck_assert_int_eq(tractor(words), CONTROL_BAD_FILE);
	ck_assert_str_eq(standard_output, "");
	expect_in(standard_error, "tree.yaml:2:");
}
END_TEST

START_TEST(version)
{
	ck_assert_int_eq(tractor("version"), 0);
	ck_assert_str_eq(standard_output, "tractor " TRACTOR_VERSION "\n");
	ck_assert_int_eq(tractor("--version"), 0);
	ck_assert_int_eq(tractor("version --json"), 0);
	ck_assert_str_eq(standard_output, "{\"schema_version\":1,\"version\":\"" TRACTOR_VERSION "\"}\n");
	start_server("shop");
	ck_assert_int_eq(tractor("-t shop version"), 0);
	ck_assert_str_eq(standard_output, "tractor " TRACTOR_VERSION "\nsupervisor 9.9.9\n");
}
END_TEST

static void
add_case(Suite *suite, const char *name, const TTest *const *tests, size_t count)
{
	TCase *cases = tcase_create(name);

	tcase_add_checked_fixture(cases, make_run_directory, remove_run_directory);
	tcase_set_timeout(cases, 20);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(cases, tests[i]);
	suite_add_tcase(suite, cases);
}

Suite *
test_suite(void)
{
	Suite *suite = suite_create("command");
	const TTest *with_trees[] = { no_tree, which_tree, status, talking, fields_that_are_none,
		fields_from_standard_input, a_supervisor_that_does_not_answer, listing_and_following,
		steering, children_and_their_specs, adding_and_deleting, scaling, faults_that_are_none,
		crashes_are_read_without_a_tree, crashes_that_are_long, logs_are_read_without_a_tree,
		logs_are_in_the_order_of_each_actor, logs_from_files_and_from_the_supervisor, checking_a_file,
		version };

	TEST_CASE(suite, "line", 30, options_may_stand_anywhere, command_lines_that_are_none,
		every_command_has_help);
	TEST_CASE(suite, "printing", 30, nothing_raw_reaches_the_terminal, json_is_compact_short_and_safe,
		tables_are_aligned, times_for_people);
	add_case(suite, "tree", with_trees, sizeof(with_trees) / sizeof(with_trees[0]));
	return suite;
}
