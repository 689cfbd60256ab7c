/*
 * fuzz.c: unwind-fuzz [--file FILE] [--seed N] [--seconds N] [--count N] [--case N] [--keep FILE]: forged black boxes for the unwinder. Each is read by a confined process of its own, as the supervisor has it. Where only the
 * black box is forged it must answer, in time, with an answer that the supervisor takes; where a file is forged, too, which libdw has to make sense of, it may also die: that costs a report its names.
 *
 * --file: what is forged then; else /bin/true, which has no debug information.
 * A seed gives the same forgeries each time, if addresses are not random (it starts itself anew so that they aren't, where that is allowed); --case repeats one, and --keep leaves its black box for `tractor-unwind <FILE`, and the forged file. Exit: 0 all well;
 * 1 what went wrong, and how to repeat it; 2 usage.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captured.h"
#include "confine.h"
#include "mutate.h"
#include "testclock.h"
#include "unwind.h"
#include "unwound.h"

#define ENDLESS_MS 10000 /* for one: five times what it gives itself */
#define FILE_BYTES (64u << 10)
#define CRAFTED_EVERY 3 /* of so many one has a forged file */
#define SLOW_PERCENT 2	/* may run out of time: on a machine that is swamped two seconds are not much */

static struct fuzz {
	uint64_t seed, count, only;
	int64_t seconds;
	bool has_only;
	const char *keep, *path;
	struct tri_fault bases[4];
	uint8_t file[FILE_BYTES]; /* a program, to be forged */
	size_t file_bytes;
	char crafted[64]; /* where the forged one is */
	unsigned long answered, died, slow;
} fuzz = { .path = "/bin/true", .seed = 1, .count = UINT64_MAX, .seconds = INT64_MAX / 1000 };

/* --- what is forged --- */

/* Not a tail call, and no sanitizer reports it in its own way before it happens. */
#define KEPT __attribute__((noinline, no_sanitize("undefined", "address")))

static volatile int zero;

KEPT static void
dereference_null(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
	zero = 1;
}

KEPT static int
dig(int depth) /* NOLINT(misc-no-recursion) */
{
	return depth == zero ? 0 : dig(depth + 1) + zero;
}

static void
overflow(void)
{
	zero = dig(1);
}

KEPT static void
call_null(void)
{
	void (*volatile nothing)(void) = NULL;

	nothing();
	zero = 1;
}

static void
leave(void)
{
	exit(3);
}

static void
prepare(void)
{
	captured(dereference_null, &fuzz.bases[0]);
	captured(overflow, &fuzz.bases[1]);
	captured(call_null, &fuzz.bases[2]);
	captured(leave, &fuzz.bases[3]);
	FILE *file = fopen(fuzz.path, "re");
	fuzz.file_bytes = file ? fread(fuzz.file, 1, sizeof(fuzz.file), file) : 0;
	if (file)
		fclose(file);
	snprintf(fuzz.crafted, sizeof(fuzz.crafted), "/tmp/unwind-fuzz-XXXXXX");
	int fd = mkstemp(fuzz.crafted);
	if (fd < 0 || fuzz.file_bytes == 0)
		errx(1, "nothing to forge");
	close(fd);
}

/* Gives its inode. */
static uint64_t
craft_file(uint64_t *state)
{
	static uint8_t forged[FILE_BYTES];
	struct stat about;
	int fd = open(fuzz.crafted, O_WRONLY | O_TRUNC | O_CLOEXEC);

	memcpy(forged, fuzz.file, fuzz.file_bytes);
	mutate_file(forged, fuzz.file_bytes, state);
	if (fd < 0 || fstat(fd, &about) < 0 || write(fd, forged, fuzz.file_bytes) != (ssize_t)fuzz.file_bytes)
		err(1, "%s", fuzz.crafted);
	close(fd);
	return about.st_ino;
}

/* --- reading it --- */

static _Noreturn void
read_it(struct tri_fault *fault, int out)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	dup2(out, STDOUT_FILENO);
	json_object_seed(1);
	if (!confine())
		_exit(3);
	char *text = json_dumps(unwind(fault), JSON_COMPACT);
	for (size_t put = 0, length = text ? strlen(text) : 0; put < length;) {
		ssize_t some = write(STDOUT_FILENO, text + put, length - put);
		if (some < 0)
			_exit(4);
		put += (size_t)some;
	}
	_exit(text ? 0 : 5);
}

/* All that it says until it closes the pipe, or says too much; false: it takes too long. */
static bool
listen_to(int fd, char *answer, size_t *ret_length)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	ssize_t got = 1;

	while (got > 0 && length <= UNWOUND_MAX_BYTES) {
		if (poll(&readable, 1, (int)scaled_ms(ENDLESS_MS)) <= 0)
			return false;
		got = read(fd, answer + length, UNWOUND_MAX_BYTES + 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	*ret_length = length;
	return true;
}

enum outcome { ANSWERED, DIED, SLOW, ENDLESS, WRONG };

static enum outcome
judge(int status, const char *answer, size_t length)
{
	json_t *report = json_object();
	bool out_of_time =
		WIFSIGNALED(status) &&
		(WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
	bool taken = length <= UNWOUND_MAX_BYTES && unwound_take(report, answer, length) == TRACTOR_OK;

	json_decref(report);
	if (out_of_time)
		return SLOW;
	if (WIFSIGNALED(status))
		return DIED;
	return status == 0 && taken ? ANSWERED : WRONG;
}

static enum outcome
run(struct tri_fault *fault, int *ret_status)
{
	static char answer[UNWOUND_MAX_BYTES + 1];
	size_t length = 0;
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid_t pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		read_it(fault, out[1]);
	close(out[1]);
	bool in_time = listen_to(out[0], answer, &length);
	close(out[0]);
	if (!in_time)
		kill(pid, SIGKILL);
	waitpid(pid, ret_status, 0);
	return in_time ? judge(*ret_status, answer, length) : ENDLESS;
}

/* --- one after the other --- */

static void
keep(const struct tri_fault *fault)
{
	FILE *file = fuzz.keep ? fopen(fuzz.keep, "we") : NULL;

	if (file && fwrite(fault, sizeof(*fault), 1, file) != 1)
		warn("%s", fuzz.keep);
	if (file)
		fclose(file);
}

/* False: something is wrong. */
static bool
try_case(uint64_t number)
{
	static struct tri_fault fault;
	uint64_t state = fuzz.seed * UINT64_C(0x9e3779b97f4a7c15) + number;
	bool has_file = number % CRAFTED_EVERY == 0;
	int status = 0;

	fault = fuzz.bases[mutate_pick(&state, sizeof(fuzz.bases) / sizeof(fuzz.bases[0]))];
	uint64_t inode = has_file ? craft_file(&state) : 0;
	mutate_fault(&fault, &state, has_file ? fuzz.crafted : NULL, inode);
	keep(&fault);
	enum outcome outcome = run(&fault, &status);
	fuzz.answered += outcome == ANSWERED;
	fuzz.died += outcome == DIED;
	fuzz.slow += outcome == SLOW;
	if (outcome == ANSWERED || outcome == SLOW || (outcome == DIED && has_file))
		return true;
	fprintf(stderr,
		"WRONG: %s (status 0x%x); again with: unwind-fuzz --seed %llu --case %llu --keep FILE\n",
		outcome == ENDLESS ? "it does not end"
		: outcome == DIED  ? "it died"
				   : "that is no answer",
		(unsigned)status, (unsigned long long)fuzz.seed, (unsigned long long)number);
	return false;
}

static bool
try_all(void)
{
	int64_t until_ms = now_ms() + fuzz.seconds * 1000;
	bool good = true;
	uint64_t number = 0;

	for (; good && number < fuzz.count && now_ms() < until_ms; number++)
		good = try_case(number);
	printf("seed %llu: %llu black boxes: %lu answers, %lu died over a forged file, %lu ran out of time\n",
		(unsigned long long)fuzz.seed, (unsigned long long)number, fuzz.answered, fuzz.died,
		fuzz.slow);
	return good && fuzz.slow * 100 <= number * SLOW_PERCENT + 100;
}

static bool
read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = argv[i + 1];
		if (!value)
			return false;
		if (strcmp(argv[i], "--seed") == 0)
			fuzz.seed = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--seconds") == 0)
			fuzz.seconds = strtoll(value, NULL, 10);
		else if (strcmp(argv[i], "--count") == 0)
			fuzz.count = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--case") == 0)
			fuzz.has_only = true, fuzz.only = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--file") == 0)
			fuzz.path = value;
		else if (strcmp(argv[i], "--keep") == 0)
			fuzz.keep = value;
		else
			return false;
	}
	return true;
}

/* Addresses are the same each time then. Where it isn't allowed they aren't. */
static void
settle_addresses(char **argv)
{
	int before = personality(0xffffffff);

	if (before >= 0 && !(before & ADDR_NO_RANDOMIZE) &&
		personality((unsigned)before | ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", argv);
}

int
main(int argc, char **argv)
{
	if (!read_arguments(argc, argv)) {
		fprintf(stderr,
			"unwind-fuzz [--file FILE] [--seed N] [--seconds N] [--count N] [--case N] [--keep FILE]\n");
		return 2;
	}
	settle_addresses(argv);
	prepare();
	bool good = fuzz.has_only ? try_case(fuzz.only) : try_all();
	if (!fuzz.keep)
		unlink(fuzz.crafted);
	return good ? 0 : 1;
}
