/*
 * policy.c: asking the CrashPolicy. A function or a plugin answers at once; a program is started, gets the report on its standard input and has POLICY_LIMIT_MS for a word on its
 * standard output, while everything else goes on. A policy that fails, dawdles or babbles has said "default".
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define POLICY_LIMIT_MS 500
#define ANSWER_BYTES 256 /* the longest verdict has some twenty */

/* A program that thinks about one crash. */
struct judgement {
	struct judgement *next;
	struct slot *slot; /* NULL: the slot has gone meanwhile */
	struct tractor_runtime *runtime;
	struct remains *remains;
	struct spawned process;
	struct watch ended, answering, reading;
	struct alarm limit;
	char *question;
	size_t question_bytes, asked_bytes;
	char answer[ANSWER_BYTES];
	size_t answer_bytes;
	bool overdue;
};

/* --- verdicts in words --- */

/* "restart", "restart_after 1500" (ms), "stop", "escalate", "default". */
static bool
parse_verdict(const char *text, struct tractor_verdict *ret_verdict)
{
	static const struct {
		const char *word;
		enum tractor_verdict_kind kind;
	} words[] = {
#define WORD(constant, word) { word, constant },
		TRACTOR_VERDICTS(WORD)
#undef WORD
	};
	size_t length = strcspn(text, " \t\r\n");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != length || strncmp(words[i].word, text, length) != 0)
			continue;
		char *end;
		long long after_ms = strtoll(text + length, &end, 10);
		bool has_number = end != text + length;
		if ((words[i].kind == TRACTOR_VERDICT_RESTART_AFTER) != has_number || after_ms < 0)
			return false;
		*ret_verdict = (struct tractor_verdict){ .kind = words[i].kind, .after_ms = after_ms };
		return true;
	}
	return false;
}

static bool
is_ours(struct tractor_verdict verdict)
{
	return (unsigned)verdict.kind <= TRACTOR_VERDICT_ESCALATE && verdict.after_ms >= 0 &&
	       verdict.after_ms < INT64_MAX / SPEC_MILLISECOND;
}

static void
decided(struct slot *slot, struct remains *remains, struct tractor_verdict verdict)
{
	if (!is_ours(verdict))
		verdict = (struct tractor_verdict){ .kind = TRACTOR_VERDICT_DEFAULT };
	if (remains)
		remains_decided(remains, verdict);
	else
		report_lost(slot, slot->incarnation, "out of memory");
	death_judged(slot, verdict);
}

/* --- a program --- */

static void
judgement_free(struct judgement *judgement)
{
	struct tractor_runtime *runtime = judgement->runtime;
	struct watch *watches[] = { &judgement->ended, &judgement->answering, &judgement->reading };
	struct judgement **at = &runtime->policy.pending;

	while (*at && *at != judgement)
		at = &(*at)->next;
	if (*at)
		*at = judgement->next;
	loop_disarm(&runtime->loop, &judgement->limit);
	loop_reserve(&runtime->loop, -1);
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		int fd = watches[i]->fd;
		loop_unwatch(&runtime->loop, watches[i]);
		if (fd >= 0)
			sys.close(fd);
	}
	remains_free(judgement->remains);
	free(judgement->question);
	free(judgement);
}

static void
conclude(struct judgement *judgement, bool exited_well)
{
	struct slot *slot = judgement->slot;
	struct remains *remains = judgement->remains;
	struct tractor_verdict verdict = { .kind = TRACTOR_VERDICT_DEFAULT };

	judgement->answer[judgement->answer_bytes] = '\0';
	if (slot && (judgement->overdue || !exited_well || !parse_verdict(judgement->answer, &verdict)))
		events_note(slot->runtime, "policy_failed", slot->node->path, slot->incarnation,
			"%s; so the default it is",
			judgement->overdue ? "the crash policy took longer than 500 ms"
			: !exited_well
				? "the crash policy failed"
				: "the crash policy's answer is no verdict (default, restart, restart_after MS, stop, escalate)");
	if (slot)
		judgement->remains = NULL;
	judgement_free(judgement);
	if (slot)
		decided(slot, remains, verdict);
}

static void
read_answer(struct judgement *judgement)
{
	ssize_t got;

	while (judgement->answer_bytes < ANSWER_BYTES - 1 &&
		(got = sys.read(judgement->answering.fd, judgement->answer + judgement->answer_bytes,
			 ANSWER_BYTES - 1 - judgement->answer_bytes)) > 0)
		judgement->answer_bytes += (size_t)got;
}

static void
on_answering(void *arg, uint32_t epoll_events)
{
	struct judgement *judgement = arg;

	read_answer(judgement);
	if ((epoll_events & EPOLLHUP) || judgement->answer_bytes == ANSWER_BYTES - 1) {
		int fd = judgement->answering.fd;
		loop_unwatch(&judgement->runtime->loop, &judgement->answering);
		sys.close(fd);
	}
}

static void
on_ended(void *arg, uint32_t epoll_events)
{
	struct judgement *judgement = arg;
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;

	(void)epoll_events;
	sys.group_kill(judgement->process.pid, SIGKILL);
	int reaped = spawn_reap(&judgement->process, &info, &usage);
	if (reaped == 0) { /* how it ended is the tracer's to know */
		loop_unwatch(&judgement->runtime->loop, &judgement->ended);
		corpses_add(&judgement->runtime->corpses, judgement->process);
	}
	if (reaped <= 0)
		info.si_code = CLD_KILLED;
	if (judgement->answering.fd >= 0)
		read_answer(judgement);
	conclude(judgement, info.si_code == CLD_EXITED && info.si_status == 0);
}

static void
on_reading(void *arg, uint32_t epoll_events)
{
	struct judgement *judgement = arg;
	int fd = judgement->reading.fd;
	struct iovec rest = { judgement->question + judgement->asked_bytes,
		judgement->question_bytes - judgement->asked_bytes };
	ssize_t put = (epoll_events & (EPOLLERR | EPOLLHUP)) ? -1 : sys.send(fd, &rest, 1);

	if (put > 0)
		judgement->asked_bytes += (size_t)put;
	if ((put < 0 && errno != EAGAIN) || judgement->asked_bytes == judgement->question_bytes ||
		(epoll_events & EPOLLERR)) {
		loop_unwatch(&judgement->runtime->loop, &judgement->reading);
		sys.close(fd);
	}
}

static void
on_limit(void *arg)
{
	struct judgement *judgement = arg;

	judgement->overdue = true;
	spawn_signal(&judgement->process, SIGKILL);
}

/* Its pidfd is not watched any more. */
static void
end_program(struct judgement *judgement)
{
	loop_unwatch(&judgement->runtime->loop, &judgement->ended);
	spawn_end(&judgement->process);
}

/* Its ends are the child's; ours are watched. */
static tractor_err
start_program(struct judgement *judgement, char **argv)
{
	struct loop *loop = &judgement->runtime->loop;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	char **environment = environment_make(judgement->runtime, NULL, NULL);
	tractor_err err = environment ? TRACTOR_ESYSTEM : TRACTOR_ENOMEM;

	/*
	 * Its standard input is a socket, for a pipe whose reader has gone would be a SIGPIPE to the whole program. The child reads with ordinary, blocking reads; it
	 * is our end that must not block.
	 */
	if (environment && sys.socketpair(in) == 0 && sys.pipe(out) == 0) {
		struct spawn_plan plan = { .path = argv[0],
			.argv = argv,
			.envp = environment,
			.fds = { in[0], out[1], STDERR_FILENO },
			.fd_count = 3,
			.files = host_files_before(&judgement->runtime->files),
			.pad = &judgement->runtime->pad };
		err = spawn_start(&plan, &judgement->process);
	}
	tri_arena_reset(&judgement->runtime->arena);
	if (in[0] >= 0)
		sys.close(in[0]);
	if (out[1] >= 0)
		sys.close(out[1]);
	if (err == TRACTOR_OK &&
		loop_watch(loop, &judgement->ended, judgement->process.pidfd, EPOLLIN) == TRACTOR_OK &&
		loop_watch(loop, &judgement->answering, out[0], EPOLLIN) == TRACTOR_OK &&
		loop_watch(loop, &judgement->reading, in[1], EPOLLOUT) == TRACTOR_OK)
		return TRACTOR_OK;
	if (err == TRACTOR_OK)
		end_program(judgement);
	if (in[1] >= 0 && judgement->reading.fd < 0)
		sys.close(in[1]);
	if (out[0] >= 0 && judgement->answering.fd < 0)
		sys.close(out[0]);
	return err == TRACTOR_OK ? TRACTOR_ESYSTEM : err;
}

static tractor_err
ask_program(struct slot *slot, struct remains *remains)
{
	struct tractor_runtime *runtime = slot->runtime;
	json_t *report = remains_report(remains);
	struct judgement *judgement = report ? calloc(1, sizeof(*judgement)) : NULL;

	if (!judgement || loop_reserve(&runtime->loop, 1) != TRACTOR_OK) {
		free(judgement);
		return TRACTOR_ENOMEM;
	}
	*judgement = (struct judgement){ .next = runtime->policy.pending, .slot = slot, .runtime = runtime };
	runtime->policy.pending = judgement;
	judgement->ended = (struct watch){ .fd = -1, .ready = on_ended, .arg = judgement };
	judgement->answering = (struct watch){ .fd = -1, .ready = on_answering, .arg = judgement };
	judgement->reading = (struct watch){ .fd = -1, .ready = on_reading, .arg = judgement };
	judgement->limit = (struct alarm){ .due = on_limit, .arg = judgement };
	judgement->question = json_dumps(report, JSON_COMPACT);
	judgement->question_bytes = judgement->question ? strlen(judgement->question) : 0;
	tractor_err err =
		judgement->question ? start_program(judgement, runtime->policy.argv) : TRACTOR_ENOMEM;
	if (err != TRACTOR_OK) {
		judgement_free(judgement);
		return err;
	}
	judgement->remains = remains;
	loop_arm(
		&runtime->loop, &judgement->limit, runtime->loop.now_ns + POLICY_LIMIT_MS * SPEC_MILLISECOND);
	return TRACTOR_OK;
}

/* --- any --- */

void
policy_ask(struct slot *slot, struct remains *remains, const char *planned)
{
	struct policy *policy = &slot->runtime->policy;
	struct tractor_verdict verdict = { .kind = TRACTOR_VERDICT_DEFAULT };

	if (policy->argv) {
		tractor_err err = remains ? ask_program(slot, remains) : TRACTOR_ENOMEM;
		if (err == TRACTOR_OK)
			return;
		runtime_explained(err);
		events_note(slot->runtime, "policy_failed", slot->node->path, slot->incarnation,
			"%s; so the default it is", tractor_why());
	} else if (policy->call) {
		struct tractor_crash crash = remains_crash(slot, remains, planned);
		verdict = policy->call->on_crash(policy->call->self, &crash);
	}
	/* cppcheck-suppress invalidLifetime ; a verdict holds no pointer */
	decided(slot, remains, verdict);
}

/* Looked at again where it is opened: what the tree file's check saw may have been replaced. */
static tractor_err
load_plugin(struct policy *policy, const char *path)
{
	struct stat about;

	if (path[0] != '/')
		return tri_why(TRACTOR_EINVAL, "crash policy %s: a plugin needs an absolute path", path);
	if (sys.lstat(path, &about) < 0 || !S_ISREG(about.st_mode) ||
		(about.st_uid != 0 && about.st_uid != geteuid()) || (about.st_mode & 022))
		return tri_why(TRACTOR_EINVAL,
			"crash policy %s must be a file of yours or root's that nobody else can write", path);
	policy->plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!policy->plugin)
		return tri_why(TRACTOR_EINVAL, "crash policy: %s", dlerror());
	policy->call = dlsym(policy->plugin, "tractor_crash_policy");
	if (!policy->call || !policy->call->on_crash)
		return tri_why(TRACTOR_EINVAL,
			"crash policy %s does not export `const struct tractor_crash_policy tractor_crash_policy`",
			path);
	return TRACTOR_OK;
}

tractor_err
policy_load(const struct spec *root, const struct tractor_crash_policy *call, struct policy *ret_policy)
{
	struct policy policy = { .kind = root->policy, .call = call };

	if (root->policy == SPEC_POLICY_EXEC)
		policy.argv = root->policy_argv;
	tractor_err err =
		root->policy == SPEC_POLICY_PLUGIN ? load_plugin(&policy, root->policy_argv[0]) : TRACTOR_OK;
	if (err == TRACTOR_OK)
		*ret_policy = policy;
	else
		policy_unload(&policy);
	return err;
}

void
policy_unload(struct policy *policy)
{
	if (policy->plugin)
		dlclose(policy->plugin);
	policy->plugin = NULL;
}

tractor_err
policy_open(struct tractor_runtime *runtime, const struct spec *root, const struct tractor_crash_policy *call)
{
	return policy_load(root, call, &runtime->policy);
}

/* Who thinks about a crash already goes on with that. */
void
policy_replace(struct tractor_runtime *runtime, const struct policy *policy)
{
	struct judgement *pending = runtime->policy.pending;

	policy_unload(&runtime->policy);
	runtime->policy = *policy;
	runtime->policy.pending = pending;
}

bool
policy_runs(const struct tractor_runtime *runtime, pid_t pid)
{
	const struct judgement *judgement = runtime->policy.pending;

	while (judgement && judgement->process.pid != pid)
		judgement = judgement->next;
	return judgement != NULL;
}

void
policy_forget(struct slot *slot)
{
	for (struct judgement *judgement = slot->runtime->policy.pending; judgement;
		judgement = judgement->next)
		if (judgement->slot == slot)
			judgement->slot = NULL;
}

void
policy_close(struct tractor_runtime *runtime)
{
	for (struct judgement *judgement; (judgement = runtime->policy.pending);) {
		runtime->policy.pending = judgement->next;
		end_program(judgement);
		judgement_free(judgement);
	}
	policy_unload(&runtime->policy);
}
