/*
 * shell.h: the map of the shell: what each file offers to the others, under the file's name. What a runtime owns is in runtime.h, an actor's place in it in slot.h. The shell does what the core decides: it starts
 * and reaps processes, carries frames, writes reports. It decides nothing that could be argued about. One thread, in which nothing blocks but spawn, until its child has executed; the
 * log files have another one (logwriter.c), which sees nothing of all this.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_SHELL_H
#define TRACTOR_SUPERVISOR_SHELL_SHELL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <tractor/crash.h>
#include <tractor/runtime.h>

#include "controlsocket.h"
#include "death.h"
#include "frame.h"
#include "logsplit.h"
#include "loop.h"
#include "mappings.h"
#include "payload.h"
#include "router.h"
#include "tree.h"

#define LINES_KEPT 50	  /* an actor's last lines, for its crash report */
#define MESSAGES_MAX 1024 /* that an actor may say it serves */
#define JOURNAL_KEPT 1024 /* the last events, for `tractor events` */
#define EXIT_HOPELESS 125 /* the exit code that says: don't try again */

struct tractor_runtime;
struct slot;
struct remains;

/* --- rundir.c: the run directory: who runs under this name, and where things lie --- */

#define RUNDIR_LOCK "lock" /* held while the tree runs, and then removed */

#define MARK_BYTES 48

struct rundir {
	char *path;
	int lock; /* fd of the lock file, held as long as the tree runs; -1: none */
	char mark
		[MARK_BYTES]; /* by which what we start is known to be ours; no other supervisor ever has it */
	char former[MARK_BYTES]; /* that of the supervisor that was killed here; "": none was */
};

/* Makes and locks the directory of tree `name`. What a killed supervisor left there is as it was. EEXIST: it is running. ESYSTEM, ENOMEM. */
tractor_err rundir_open(struct rundir *rundir, const char *name);
/* Cleans what that one left; from now on the directory is ours, and says so. ESYSTEM, ENOMEM. */
tractor_err rundir_take_over(struct rundir *rundir);
/* Removes everything but crash reports and logs; and the directory, if there are none. */
void rundir_close(struct rundir *rundir);
/* "<directory>/<file>", to be freed; NULL: no memory. */
char *rundir_file(const struct rundir *rundir, const char *file);

/* --- journal.c: what happened, for whoever listens --- */

struct entry {
	int64_t time_ms;
	char name[24];
	char *path; /* "" for the whole tree */
	uint32_t incarnation;
	char *text;
};

struct journal {
	struct entry kept[JOURNAL_KEPT]; /* a ring */
	uint64_t count;
	struct follower *followers;
};

/* Keeps an event, and tells the program and the followers. `format`: a sentence, or "". */
void events_note(struct tractor_runtime *runtime, const char *name, const char *path, uint32_t incarnation,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Whether anything is kept of what is at or below `path`. */
bool journal_knows(const struct journal *journal, const char *path);
/*
 * Answers the request with what is kept, of all or (path not NULL) of what is at and below `path`; and if `and_follow` with what comes, until the client hangs up.
 */
void journal_serve(
	struct journal *journal, struct control_request *request, const char *path, bool and_follow);
/* Ends the followers' requests and frees what is kept. */
void journal_close(struct journal *journal);
int64_t wall_clock_ms(void);

/* --- actorlog.c: what actors print --- */

struct actorlog {
	struct slot *slot;
	struct watch watch;
	enum logline_stream stream;
	bool paused; /* for a moment nothing is read */
	struct logsplit split;
};

/* Reads from `fd`, which it closes at the end. ESYSTEM. */
tractor_err actorlog_open(struct actorlog *log, struct slot *slot, int fd, enum logline_stream stream);
/* The process is gone: takes what is there still of both streams, and closes them. Right for those that were never opened, too. */
void actorlog_end(struct slot *slot);
/* A pause is over, or a flood. */
void actorlog_due(void *slot);

/* --- loglines.c: what becomes of a line: an actor's last ones, its file, and who listens --- */

/* One of the last that an actor has printed. */
struct line {
	int64_t time_ms;
	enum logline_stream stream;
	uint32_t incarnation;
	uint64_t number; /* 0: it was suppressed */
	size_t length;
	char *text; /* not ended by NUL */
};

struct loglines {
	struct logwriter *writer; /* NULL: there are no files */
	struct watch watch;	  /* of its fd */
	bool failing;		  /* that it can't write has been told, and not yet that it can */
	unsigned failures;	  /* that have been told */
	uint64_t lost;		  /* lines, that have been told */
	struct listener *listeners;
};

/* ESYSTEM, ENOMEM: the files can't be had. */
tractor_err loglines_open(struct tractor_runtime *runtime);
/* The line as the last of its actor's. NULL: no memory. */
struct line *loglines_keep(struct slot *slot, const struct logline *line);
/* Into the actor's file, and to who listens. */
void loglines_pass(struct slot *slot, const struct logline *line);
/*
 * Answers the request with what is known of the actors at and below `path` (NULL: all) that may not be in their files; then once the files have all that was printed
 * until now, or can't have it in time, says so: by its end, or if it is to follow in so many words, and goes on with what comes.
 */
void loglines_serve(
	struct tractor_runtime *runtime, struct control_request *request, const char *path, bool and_follow);
/* Writes what is left, as far as the disk takes it, and ends the requests. */
void loglines_close(struct tractor_runtime *runtime);
/* The last lines of an actor that goes away. */
void loglines_free(struct slot *slot);

/* --- procfile.c: what the kernel tells in /proc --- */

/* Up to size - 1 bytes from the file's beginning, ended by NUL; how many there are, or -1. */
ssize_t procfile_read(const char *path, char *ret_text, size_t size);
/* Calls `each` for every number in the file, which are separated by spaces, until it says no. False: it can't be read. */
bool procfile_numbers(const char *path, bool (*each)(long number, void *arg), void *arg);
/* Whether the file, a list of texts each with its NUL, has this one. False: it hasn't, or can't be read. */
bool procfile_lists(const char *path, const char *text);

/* --- oom.c: whether it was the kernel's out-of-memory killer --- */

#define OOM_GROUP_BYTES 1024

struct oom_count {
	long seen;	   /* as many had been killed when we last looked; -1: nobody tells */
	int64_t struck_ns; /* when we last saw that it had gone up; 0: never */
};

struct oom {
	char name[OOM_GROUP_BYTES]; /* of our control group; "": none that counts */
	struct oom_count group, machine;
};

/* What the kernel has killed until now was nobody of ours. */
void oom_prepare(struct oom *oom);
/* Of a process that has died of SIGKILL and is not reaped yet: why it is taken for the kernel's, in words, static; NULL: it isn't. */
const char *oom_struck(struct oom *oom, pid_t pid, int64_t now_ns);

/* --- box.c: the memory of a black box --- */

/* A new one for that incarnation, mapped; *ret_fd is its CLOEXEC memfd. TRACTOR_ESYSTEM: no memory, no fd. */
tractor_err box_make(uint32_t incarnation, uint64_t done, struct tri_blackbox **ret_box, int *ret_fd);

/* --- environment.c: what a process that we start has in its environment --- */

/* In the runtime's arena, until that is reset; ended by NULL. `spec` and `url` are an actor's; NULL: it is another program's. NULL: no memory. */
char **environment_make(struct tractor_runtime *runtime, const struct spec *spec, const char *url);

/* --- launch.c: a process with its channels, whoever's it is; see launch.h --- */

/* --- bypasses.c, bypassleft.c, bypasswaits.c: lanes between two actors, past us; see bypasses.h --- */

/* --- parcels.c: large payloads, in memfds that go from hand to hand; see parcels.h --- */

/* --- handover.c: the fds that processes hand over, and the one in reserve for them; see handover.h --- */

/* --- slot.c: an actor's place in the tree, and starting and stopping its process; see slot.h --- */

/* --- spares.c, naming.c: processes that wait to become somebody; see spares.h, and spares_private.h for what they share with spare.c --- */

/* --- origin.c: where a process comes from; see origin.h --- */

/* --- hearing.c: what a process says over its link --- */

/* The wire has news; `owner` is the slot. */
void hearing_ready(void *owner);
/* What its process had said before it was the slot's. */
void hearing_hello(struct slot *slot, const struct tri_frame *hello, const uint8_t *payload);
/* A frame that a dead process had said and that did not come over its link; nobody is left who could be killed for what it says. */
void hearing_salvaged(struct slot *slot, const void *bytes, size_t size_bytes);
/* As slot_rehearse(), for what the handshake takes. */
tractor_err hearing_rehearse(struct slot *slot);
/* The process broke the rules: it is killed, and its death will say so. */
void hearing_violated(struct slot *slot, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a process is told of its predecessor's panic, if there was one to tell. Points into that. */
struct tri_died hearing_died(const struct panic *before, bool panicked);
/* The schema of a message that the actor serves; NULL: it doesn't. */
const struct payload_schema *hearing_schema(const struct slot *slot, uint64_t message);

/* --- deadline.c: handlers that take too long; see deadline.h --- */

/* --- death.c: from the pidfd to the core; see death.h --- */

/* --- remains.c: what is left of a process that has panicked, until its report is written; see remains.h --- */

/* --- recorder.c: what a crash can be played again from; see recorder.h --- */

/* --- report.c: a panic in words and in JSON --- */

/* How much of the message in hand a report shows. */
extern const struct payload_limits report_message_limits;

/* The whole of what is known. Owned by the caller. NULL: no memory. */
json_t *report_make(struct remains *remains);
/* The last lines that its actor has printed. NULL: no memory. */
json_t *report_log(const struct slot *slot);
/* Adds what was decided, writes it and has it made readable. A disk that is full costs the file, and is said. */
void report_write(struct remains *remains);
/* Says so. */
void report_lost(struct slot *slot, uint32_t incarnation, const char *why);
/* "SIGSEGV"; static. */
const char *report_signal_name(int signal);

/* --- reportfault.c: a captured fault in JSON --- */

/* "SEGV_MAPERR"; static; NULL: none is known. */
const char *reportfault_code_name(int signal, int code);
/* Its maps, which are cut up. */
void reportfault_mappings(struct tri_fault *fault, struct mappings *ret_mappings);
/* Adds what it says; in_full: the registers, the code and the memory map, too. */
void reportfault_add(
	json_t *report, const struct tri_fault *fault, const struct mappings *mappings, bool in_full);
bool reportfault_is_overflow(const struct tri_fault *fault, const struct mappings *mappings);
/* The hash goes on with where it was and how it came there, wherever the files were mapped. */
uint64_t reportfault_hash(uint64_t hash, const struct tri_fault *fault, const struct mappings *mappings);

/* --- inventory.c: reports on disk; see inventory.h --- */

/* --- unwinder.c: the program that makes a crash readable --- */

/* Its path, to be freed; NULL: there is none, or somebody else could have put it there. */
char *unwinder_find(void);

/* --- unwinding.c: having crashes made readable --- */

/* What a report's "symbols" says; anything else is why its backtrace has no names. */
#define UNWINDING_PENDING "pending"
#define UNWINDING_DONE "done"
#define UNWINDING_ELSEWHERE "see the one that is like it"

struct unwinding {
	char *program;		    /* NULL: there is none */
	struct unwinding_job *jobs; /* those that run or wait, the oldest first */
	unsigned count, running;
	struct alarm begin;
};

/* TRACTOR_ENOMEM. That there is no such program is no error. */
tractor_err unwinding_open(struct tractor_runtime *runtime);
/* Whether unwinding_add() is of use for this death: UNWINDING_PENDING, or why not. */
const char *unwinding_prospect(const struct remains *remains);
/* Has the captured stack read, a moment from now, and the report written anew. */
void unwinding_add(const struct remains *remains);
/* Whether that process is one of ours, which is then waited for here. */
bool unwinding_runs(const struct tractor_runtime *runtime, pid_t pid);
/* Waits for those that are not done yet, but not for long. */
void unwinding_finish(struct tractor_runtime *runtime);
void unwinding_close(struct tractor_runtime *runtime);

/* --- policy.c: the CrashPolicy --- */

struct policy {
	enum spec_policy kind;
	const struct tractor_crash_policy *call; /* NULL: the default */
	void *plugin;
	char **argv; /* of a program; NULL: it is none */
};

#define POLICY_PROGRAMS_MAX 16 /* at a time: what they do is work for a CPU */

/* What a policy's programs are to judge. */
struct judgements {
	struct judgement *thinking[POLICY_PROGRAMS_MAX];
	unsigned thinking_count;
	struct judgement *first, *last; /* that wait in line for one of these places */
};

/* TRACTOR_EINVAL: the plugin can't be loaded; tractor_why(). */
tractor_err policy_open(
	struct tractor_runtime *runtime, const struct spec *root, const struct tractor_crash_policy *call);
/*
 * The policy of a new version of the root's spec, which has to outlive it, as policy_open() has it; for policy_replace(), after which the
 * old version is not looked at any more, or policy_unload().
 */
tractor_err policy_load(
	const struct spec *root, const struct tractor_crash_policy *call, struct policy *ret_policy);
void policy_replace(struct tractor_runtime *runtime, const struct policy *policy);
void policy_unload(struct policy *policy);
/* Asks it; death_judged() is called, now, or when a program has answered, or had its time. The remains belong to it from now on; NULL: there was no memory for them. */
void policy_ask(struct slot *slot, struct remains *remains, const char *planned);
/* The crashes of those in line are put down as they are now: specs will change. */
void policy_remember(struct tractor_runtime *runtime);
/* So long we were away: nobody has waited then. */
void policy_shift(struct tractor_runtime *runtime, int64_t lost_ns);
/* Whether that process is a policy's program, which is then waited for here. */
bool policy_runs(const struct tractor_runtime *runtime, pid_t pid);
/* The slot is going away: its judgement is not wanted any more. */
void policy_forget(struct slot *slot);
void policy_close(struct tractor_runtime *runtime);

/* --- registry.c: what actors and ports ask the supervisor --- */

/* An ask to address 0. */
void registry_ask(struct tractor_runtime *runtime, const struct router_send *ask);
/* Its answers: done; or not, with a sentence. */
void registry_acknowledge(struct tractor_runtime *runtime, const struct router_send *ask);
void registry_refuse(
	struct tractor_runtime *runtime, const struct router_send *ask, tractor_err err, const char *text);
/* The actor of that id; else NULL and why not. */
struct slot *registry_find(struct tractor_runtime *runtime, uint64_t actor, tractor_err *ret_err);
/* Whether the actor serves what `texts` say, as far as both know of it. EPROTOCOL with both sides named. */
tractor_err registry_compare(
	const struct slot *slot, const char *protocol, const char *const *texts, size_t count);

/* Whether the actor serves anything of the protocol whose name is the first `length` bytes. */
bool registry_serves(const struct slot *slot, const char *protocol, size_t length);
/* The same for a protocol of this program's own. */
tractor_err registry_compare_protocol(const struct slot *slot, const struct tractor_protocol *protocol);

/* --- monitors.c: who wants to hear of an actor's ends --- */

/* The registry's question: the asker wants to hear of it. `msg` is a struct tri_supervisor_monitor. */
void monitors_ask(struct tractor_runtime *runtime, const struct router_send *ask, const void *msg);
/* An incarnation has ended: its monitors hear of it. `final`: no successor will come. */
void monitors_tell(struct slot *slot, bool final);
/* The watcher's incarnation has ended, and its monitors with it. */
void monitors_forget_watcher(struct slot *watcher);
/* The watched slot is going away. */
void monitors_free(struct slot *slot);

/* --- waiter.c: who waits for a node to come up or to go down --- */

enum waiter_for { WAIT_UP, WAIT_DOWN };
typedef void waiter_done(void *arg, struct node *node, tractor_err err, const char *text);

/* Whether there is nothing to wait for: it is up, or down, as things are. */
bool waiter_is_over(struct node *node, enum waiter_for what);
/* Calls `done` once, when the node's state changes to it; not for what it is already. ENOMEM: it won't be. */
tractor_err waiter_add(struct tractor_runtime *runtime, struct node *node, enum waiter_for what,
	waiter_done *done, void *arg);
/* Those of `arg` are not called any more. */
void waiter_forget(struct tractor_runtime *runtime, const void *arg);
/* The node's state changed. */
void waiter_changed(struct tractor_runtime *runtime, struct node *node);
void waiter_close(struct tractor_runtime *runtime);

/* --- requests.c: what the command asks; how it is answered is in request*.c, whose map is requests.h --- */

tractor_err requests_open(struct tractor_runtime *runtime);
void requests_close(struct tractor_runtime *runtime);

/* --- talk.c: tells and asks in JSON, for who has not seen the actor's header --- */

struct talk;
/* It is over, and gone: accepted, or answered with `reply`, which is now whose this is; or an error and a sentence about it, valid during the call. */
typedef void talk_over(void *arg, tractor_err err, const char *text, json_t *reply);

/* The message of that name. EINVAL: the actor has none; ESTOPPED: it has never said what it has. tractor_why(). */
tractor_err talk_find(const struct slot *slot, const char *name, const struct payload_schema **ret_schema);
/* Tells or asks, which is up to the message; `limit_ms` 0: TRACTOR_ASK_DEFAULT_MS. `over` is called once, perhaps before this returns; unless this fails: ENOACTOR, EINVAL; ENOMEM; tractor_why(). */
tractor_err talk_begin(struct slot *slot, const struct payload_schema *schema, const json_t *fields,
	int64_t limit_ms, talk_over *over, void *arg, struct talk **ret_talk);
/* The same with a payload that is made already; what concerns the sender and the target is filled in. ENOMEM. */
tractor_err talk_send(struct slot *slot, const struct router_send *words, talk_over *over, void *arg,
	struct talk **ret_talk);
/* Before it is over: nobody wants to know any more. */
void talk_drop(struct talk *talk);
/* A frame for the port of a talk; one for none is dropped. */
void talk_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes);

/* --- port.c: the program's own context --- */

tractor_err port_open(struct tractor_runtime *runtime);
void port_close(struct tractor_runtime *runtime);
/* Whose port that context is. */
struct tractor_runtime *port_runtime(tractor_ctx *ctx);
/* A frame for the port of that id; false: it is another's. */
bool port_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes);

/* --- reloading.c: a new version of the tree's file --- */

/* How one child came out that a reload starts. */
struct reloading_start {
	struct tractor_runtime *runtime;
	bool waits;	    /* it isn't known yet */
	char failure[1024]; /* why it didn't start; "" */
};

/* A call of the program's that waits for the end of one. */
struct reloading_call {
	void (*on_change)(void *arg, const struct tractor_change *change);
	void *arg;
	bool over;
	char failure[SPEC_PATH_MAX + 1024 + 32]; /* the first; "" */
};

struct reloading {
	char *file;			/* that the tree was opened from; absolute. NULL: none */
	struct tree_plan plan;		/* of the one that goes on, or was only planned */
	struct reloading_start *starts; /* one for each change of the plan; NULL: it was only planned */
	bool going_on;
	void (*done)(struct tractor_runtime *runtime); /* whom to tell when it is over; NULL: nobody */
	void *arg;				       /* for done's use */
};

/* The file that is meant by reload from now on, wherever the working directory will be. ESYSTEM, ENOMEM. */
tractor_err reloading_remember(struct tractor_runtime *runtime, const char *path);
/*
 * Takes the spec of a new version of a file and begins to make the tree what it says; dry: only says what that would be. runtime->reloading.plan has it from now on, until
 * reloading_tick() ends it, or after a dry run reloading_end(). On an error nothing has been changed, and tractor_why() says why: ECLOSED it is not running, EEXIST another goes on, EINVAL, ENOMEM.
 */
tractor_err reloading_begin(struct tractor_runtime *runtime, struct spec *spec, bool dry_run);
void reloading_end(struct tractor_runtime *runtime);
/* Why the child of that change did not start; "": it did, or needed not. For `done`. */
const char *reloading_failure(const struct tractor_runtime *runtime, size_t change);
/* The core has done all it can at present: perhaps the one that goes on is over. */
void reloading_tick(struct tractor_runtime *runtime);

/* --- orphans.c: what actors leave behind --- */

struct orphans {
	struct watch watch; /* a signalfd of SIGCHLD */
	struct alarm look;
};

/* From now on orphans below this process are its children, and reaped. ESYSTEM. */
tractor_err orphans_open(struct tractor_runtime *runtime);
/* Kills and reaps those that are left. Call when no actor runs. */
void orphans_close(struct tractor_runtime *runtime);
/* Kills what a supervisor that was killed in this run directory has left, and waits for its end: not long, should the kernel hold it. */
void orphans_end_left(struct tractor_runtime *runtime);

/* --- signals.c: SIGINT and its like, for programs that leave them to the runtime --- */

struct signals {
	struct watch watch; /* of a signalfd; fd -1: they are the program's own business */
	int count;
	int last;
	int64_t last_ns;
	sigset_t blocked; /* by us */
};

tractor_err signals_open(struct tractor_runtime *runtime);
void signals_close(struct tractor_runtime *runtime);
/* The last of closing: another one may end the program here. */
void signals_release(struct tractor_runtime *runtime);

/* --- build.c: nodes from files and from the program's calls --- */

/* What the program describes. EINVAL: what is wrong with it; ESTART: there is no such program; ENOMEM. */
tractor_err build_child(const struct tractor_child *child, struct spec **ret_spec);
tractor_err build_supervisor(const struct tractor_supervisor *supervisor, struct spec **ret_spec);
tractor_err build_pool(const struct tractor_pool *pool, struct spec **ret_spec);
/* One more member of the pool; without a name it is called by `number`. */
tractor_err build_member(
	const struct spec *pool, const struct tractor_child *child, uint32_t number, struct spec **ret_spec);
/* A root for a program's own tree. */
tractor_err build_root(const struct tractor_options *options, struct spec **ret_spec);
/* A tree file. EINVAL: tractor_why() has all its errors. */
tractor_err build_file(const char *path, struct spec **ret_spec);

/* --- admin.c: administration of children, in OTP's terms; what can't be is said --- */

/* The node at `path`, NULL: the root; and one that can have children. The core does first what it has to do. ENOACTOR, ECLOSED; EINVAL: an actor. */
typedef tractor_err admin_look(struct tractor_runtime *runtime, const char *path, struct node **ret_node);
admin_look admin_find, admin_find_parent;
/* Takes the (checked) spec over in any case. Whoever waits for the node must do so before the core goes on. EEXIST, EPRESENT, EFULL, EINVAL, ECLOSED, ENOMEM. */
tractor_err admin_add(
	struct tractor_runtime *runtime, struct node *parent, struct spec *spec, struct node **ret_node);
/* EINVAL: the root. */
tractor_err admin_terminate(struct tractor_runtime *runtime, struct node *node);
/* Of a stopped one. ERUNNING, ERESTARTING, ECLOSED. */
tractor_err admin_restart(struct tractor_runtime *runtime, struct node *node);
/* The same; EINVAL: the root. */
tractor_err admin_delete(struct tractor_runtime *runtime, struct node *node);

/* --- children.c: what the program wants done to the children of its tree --- */

/* Takes in what has happened until now, and then looks. Errors are those of `look`; ESYSTEM. */
tractor_err children_find(
	struct tractor_runtime *runtime, const char *path, admin_look *look, struct node **ret_node);

/* --- childinfo.c: what the program may know of them --- */

/* How its last incarnation ended, in a word; "": it has not. */
const char *childinfo_last_exit(const struct node *node);
/* A pool's is its members', it itself is permanent. */
enum spec_restart childinfo_restart(const struct node *node);

/* --- inject.c: faults on purpose --- */

/* EINVAL: what is wrong with it; ESTOPPED: it does not run; ENOMEM. */
tractor_err inject_fault(struct slot *slot, const struct spec_fault *fault);
/* The same for a process that is not ready yet, but has said hello; or is to be started, if that is where the fault is to be. With an id it can be taken back. */
tractor_err inject_early(struct slot *slot, const struct spec_fault *fault, uint64_t id);
/* If it has not happened yet, it won't. */
void inject_take_back(struct slot *slot, uint64_t id);

/* --- faults.c: those that the tree's file asks for --- */

/* The process is about to be started: the one at its beginning. */
void faults_begin(struct slot *slot);
/* It is about to be ready, and has no message yet; or has a new spec: all others that have not been armed. */
void faults_arm(struct slot *slot);
/* Those that the spec, which may be another from now on, does not have any more. */
void faults_take_back(struct slot *slot);
/* Says that the tree has some, before it is started. */
void faults_announce(struct tractor_runtime *runtime);

/* --- coreops.c: the ops by which the shell serves the core and the router --- */

extern const struct tree_ops coreops_tree;
extern const struct router_ops coreops_router;

/* The answer to an ask, wherever the asker is. */
void coreops_answer(void *runtime, uint64_t asker, uint32_t incarnation, uint64_t correlation,
	tractor_err err, const uint8_t *payload, size_t payload_bytes);
/* Once the core has nothing more to do: who of those that came to rest stays there. Until then their mail waits. */
void coreops_decide(struct tractor_runtime *runtime);
/* The slot is going away. */
void coreops_forget(struct slot *slot);
/* Whether an actor that is being stopped, or was, may be started again with a supervisor above it. */
bool coreops_may_return(const struct node *node);
/* What senders to an actor that is stopped for good are told. */
tractor_err coreops_stopped_error(const struct tractor_runtime *runtime);

/* --- runtime.c: a runtime from opening to closing; see runtime.h --- */

/* --- turn.c: one turn of a runtime --- */

/* What time it is, for a call of the program's; what it was away from us for is given back to every deadline. */
void turn_refresh(struct tractor_runtime *runtime);
/* The same, to a tick of the clock, for a fraction of the time. */
void turn_refresh_about(struct tractor_runtime *runtime);
/* The same in the midst of a turn: what is heard now may have been said long after its beginning, and limits count from then. Not where somebody would be judged by it who may have said something meanwhile. */
void turn_refresh_unjudged(struct tractor_runtime *runtime);
/* Until nothing is left to do now. */
void turn_settle(struct tractor_runtime *runtime);
/* Lets things happen: until something did, or `until_ns`. ECLOSED: the tree has ended and nothing is left to happen. ESYSTEM. */
tractor_err turn_wait(struct tractor_runtime *runtime, int64_t until_ns);
/* After what may have made something due earlier outside of turn_wait(): so that a foreign loop hears of it. */
void turn_set_clock(struct tractor_runtime *runtime);

#endif
