/*
 * policy.c: asking the CrashPolicy. A function or a plugin answers at once; a program is started, gets the report on its standard input and has POLICY_LIMIT_MS for a word on its
 * standard output, while everything else goes on. Few of these run at a time: where more crashes at once the rest wait in line. A policy that fails, dawdles or babbles has said "default".
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

#include "consult.h"
#include "host.h"
#include "runtime.h"
#include "slot.h"
#include "sys.h"
#include "why.h"

#define POLICY_LIMIT_MS 500
#define ANSWER_BYTES 256 /* the longest verdict has some twenty */

/* A program that thinks about one crash, or is to. */
struct judgement {
	struct judgement *next;
	struct slot *slot; /* NULL: the slot has gone meanwhile */
	struct tractor_runtime *runtime;
	struct remains *remains;
	bool waited; /* for its turn */
	int64_t since_ns;
	struct consult program;
	struct watch reading;
	char *question;
	size_t question_bytes, asked_bytes;
	char answer[ANSWER_BYTES];
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
stop_asking(struct judgement *judgement)
{
	int fd = judgement->reading.fd;

	loop_unwatch(&judgement->runtime->loop, &judgement->reading);
	if (fd >= 0)
		sys.close(fd);
}

static void
judgement_free(struct judgement *judgement)
{
	stop_asking(judgement);
	if (judgement->slot)
		judgement->slot->judgement = NULL;
	remains_free(judgement->remains);
	free(judgement->question);
	free(judgement);
}

/* Its judgement is over, and gone. `trouble`: why it is none; NULL: nothing was wrong. */
static void
conclude(struct judgement *judgement, struct tractor_verdict verdict, const char *trouble)
{
	struct slot *slot = judgement->slot;
	struct remains *remains = judgement->remains;

	if (slot)
		judgement->remains = NULL;
	judgement_free(judgement);
	if (!slot)
		return;
	if (trouble)
		events_note(slot->runtime, "policy_failed", slot->node->path, slot->incarnation,
			"%s; so the default it is", trouble);
	decided(slot, remains, verdict);
}

static void
conclude_without(struct judgement *judgement, const char *trouble)
{
	conclude(judgement, (struct tractor_verdict){ .kind = TRACTOR_VERDICT_DEFAULT }, trouble);
}

static void
on_reading(void *arg, uint32_t epoll_events)
{
	struct judgement *judgement = arg;
	struct iovec rest = { judgement->question + judgement->asked_bytes,
		judgement->question_bytes - judgement->asked_bytes };
	ssize_t put = (epoll_events & (EPOLLERR | EPOLLHUP)) ? -1 : sys.send(judgement->reading.fd, &rest, 1);

	if (put > 0)
		judgement->asked_bytes += (size_t)put;
	if ((put < 0 && errno != EAGAIN) || judgement->asked_bytes == judgement->question_bytes ||
		(epoll_events & (EPOLLERR | EPOLLHUP)))
		stop_asking(judgement);
}

/* `in`: its standard input, and our end of it. */
static tractor_err
start_program(struct judgement *judgement, char **environment, const int in[2])
{
	struct tractor_runtime *runtime = judgement->runtime;
	char **argv = runtime->policy.argv;
	struct spawn_plan plan = { .path = argv[0],
		.argv = argv,
		.envp = environment,
		.fds = { in[0], -1, STDERR_FILENO },
		.fd_count = 3,
		.files = host_files_before(&runtime->files),
		.pad = &runtime->pad };
	tractor_err err = consult_begin(&judgement->program, &plan, POLICY_LIMIT_MS * SPEC_MILLISECOND);

	sys.close(in[0]);
	if (err == TRACTOR_OK) {
		err = loop_watch(&runtime->loop, &judgement->reading, in[1], EPOLLOUT);
		if (err != TRACTOR_OK)
			consult_give_up(&judgement->program);
	}
	if (err != TRACTOR_OK)
		sys.close(in[1]);
	return err;
}

/*
 * Its standard input is a socket, for a pipe whose reader has gone would be a SIGPIPE to the whole program. The child reads with ordinary, blocking reads; it is our end that must not block.
 */
static tractor_err
ask(struct judgement *judgement)
{
	json_t *report = remains_report(judgement->remains);
	char **environment = environment_make(judgement->runtime, NULL, NULL);
	tractor_err err = TRACTOR_ENOMEM;
	int in[2];

	judgement->question = report ? json_dumps(report, JSON_COMPACT) : NULL;
	judgement->question_bytes = judgement->question ? strlen(judgement->question) : 0;
	if (environment && judgement->question)
		err = sys.socketpair(in) == 0
			      ? start_program(judgement, environment, in)
			      : host_refused(errno, "socketpair", "a socket for the crash policy");
	tri_arena_reset(&judgement->runtime->arena);
	return runtime_explained(err);
}

/* --- the line --- */

static void
put_last(struct judgements *judgements, struct judgement *judgement)
{
	if (judgements->first)
		judgements->last->next = judgement;
	else
		judgements->first = judgement;
	judgements->last = judgement;
}

static struct judgement *
take_first(struct judgements *judgements)
{
	struct judgement *first = judgements->first;

	if (first)
		judgements->first = first->next;
	return first;
}

/* Who has waited for as long as one has to think, when one who has thinks still, would wait for ever behind such. */
static void
give_up_waiting(struct tractor_runtime *runtime)
{
	struct judgements *judgements = &runtime->judgements;
	int64_t since_ns = (int64_t)tri_now_ns() - POLICY_LIMIT_MS * SPEC_MILLISECOND;

	while (judgements->first && judgements->first->since_ns <= since_ns)
		conclude_without(take_first(judgements),
			"the crash policy took longer than 500 ms for one before this");
}

/* One that had to wait, while what it was in has come to be stopped: that doesn't wait for the line. */
static bool
is_of_no_use(const struct judgement *judgement)
{
	return !judgement->slot || (judgement->waited && tree_is_to_stop(judgement->slot->node));
}

/* Where one can't be started the others are tried for when another one ends: the host may have what it takes by then. */
static void
serve(struct tractor_runtime *runtime)
{
	struct judgements *judgements = &runtime->judgements;

	while (judgements->first && judgements->thinking_count < POLICY_PROGRAMS_MAX) {
		struct judgement *judgement = take_first(judgements);
		if (is_of_no_use(judgement)) {
			conclude_without(judgement, NULL);
		} else if (ask(judgement) == TRACTOR_OK) {
			judgements->thinking[judgements->thinking_count++] = judgement;
		} else {
			conclude_without(judgement, tractor_why());
			if (judgements->thinking_count > 0)
				return;
		}
	}
}

static void
on_over(void *arg, const struct consult_end *end)
{
	struct judgement *judgement = arg;
	struct tractor_runtime *runtime = judgement->runtime;
	struct judgements *judgements = &runtime->judgements;
	struct tractor_verdict verdict = { .kind = TRACTOR_VERDICT_DEFAULT };
	const char *trouble = NULL;

	for (unsigned i = 0; i < judgements->thinking_count; i++)
		if (judgements->thinking[i] == judgement)
			judgements->thinking[i] = judgements->thinking[--judgements->thinking_count];
	judgement->answer[judgement->program.answer_bytes] = '\0';
	if (end->overdue)
		trouble = "the crash policy took longer than 500 ms";
	else if (!end->exited_well)
		trouble = "the crash policy failed";
	else if (!parse_verdict(judgement->answer, &verdict))
		trouble =
			"the crash policy's answer is no verdict (default, restart, restart_after MS, stop, escalate)";
	conclude(judgement, verdict, trouble);
	if (end->overdue)
		give_up_waiting(runtime);
	serve(runtime);
}

static tractor_err
stand_in_line(struct slot *slot, struct remains *remains)
{
	struct tractor_runtime *runtime = slot->runtime;
	struct judgement *judgement = calloc(1, sizeof(*judgement));

	if (!judgement)
		return TRACTOR_ENOMEM;
	*judgement = (struct judgement){ .slot = slot,
		.runtime = runtime,
		.remains = remains,
		.waited = runtime->judgements.thinking_count == POLICY_PROGRAMS_MAX,
		.since_ns = (int64_t)tri_now_ns(),
		.program = { .loop = &runtime->loop,
			.corpses = &runtime->corpses,
			.over = on_over,
			.arg = judgement,
			.answer = judgement->answer,
			.answer_room = ANSWER_BYTES - 1 },
		.reading = { .fd = -1, .ready = on_reading, .arg = judgement } };
	slot->judgement = judgement;
	put_last(&runtime->judgements, judgement);
	serve(runtime);
	return TRACTOR_OK;
}

/* --- any --- */

void
policy_ask(struct slot *slot, struct remains *remains, const char *planned)
{
	struct policy *policy = &slot->runtime->policy;
	struct tractor_verdict verdict = { .kind = TRACTOR_VERDICT_DEFAULT };

	if (policy->argv) {
		tractor_err err = remains ? stand_in_line(slot, remains) : TRACTOR_ENOMEM;
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

/* Who thinks about a crash already goes on with that; who is in line goes by the new one. */
void
policy_replace(struct tractor_runtime *runtime, const struct policy *policy)
{
	policy_unload(&runtime->policy);
	runtime->policy = *policy;
	for (struct judgement *judgement; !policy->argv && (judgement = take_first(&runtime->judgements));) {
		struct slot *slot = judgement->slot;
		struct remains *remains = judgement->remains;
		if (slot)
			judgement->remains = NULL;
		judgement_free(judgement);
		if (slot)
			policy_ask(slot, remains, remains->planned);
	}
}

void
policy_remember(struct tractor_runtime *runtime)
{
	for (struct judgement *judgement = runtime->judgements.first; judgement; judgement = judgement->next)
		if (judgement->slot)
			remains_report(judgement->remains);
}

void
policy_shift(struct tractor_runtime *runtime, int64_t lost_ns)
{
	for (struct judgement *judgement = runtime->judgements.first; judgement; judgement = judgement->next)
		judgement->since_ns += lost_ns;
}

bool
policy_runs(const struct tractor_runtime *runtime, pid_t pid)
{
	const struct judgements *judgements = &runtime->judgements;

	for (unsigned i = 0; i < judgements->thinking_count; i++)
		if (judgements->thinking[i]->program.process.pid == pid)
			return true;
	return false;
}

void
policy_forget(struct slot *slot)
{
	if (slot->judgement)
		slot->judgement->slot = NULL;
	slot->judgement = NULL;
}

void
policy_close(struct tractor_runtime *runtime)
{
	struct judgements *judgements = &runtime->judgements;

	while (judgements->thinking_count > 0) {
		struct judgement *judgement = judgements->thinking[--judgements->thinking_count];
		consult_give_up(&judgement->program);
		judgement_free(judgement);
	}
	for (struct judgement *judgement; (judgement = take_first(judgements));)
		judgement_free(judgement);
	policy_unload(&runtime->policy);
}
