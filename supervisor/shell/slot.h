/* slot.h: an actor's place in the tree, and starting and stopping its process. */
#ifndef TRACTOR_SUPERVISOR_SHELL_SLOT_H
#define TRACTOR_SUPERVISOR_SHELL_SLOT_H

#include "blackbox.h"
#include "bypasses.h"
#include "deadline.h"
#include "death.h"
#include "launch.h"
#include "loglimit.h"
#include "logwriter.h"
#include "loop.h"
#include "lost.h"
#include "payload.h"
#include "recorder.h"
#include "shell.h"
#include "table.h"
#include "tree.h"

struct slot {
	struct tractor_runtime *runtime;
	struct node *node;

	/* the present incarnation; pid 0: there is none */
	pid_t pid;
	uint32_t incarnation;
	struct watch process; /* its pidfd */
	struct table_entry by_pid;
	struct tri_blackbox *box;
	struct actorlog logs[2];
	bool greeted, ready, said_bye, finished, ignored, asked_to_stop, killed_by_us;
	bool knows_link_only; /* and not its black box: see frame.h */
	int64_t asked_ns;     /* when it was asked to stop */
	const char *trouble; /* what the host had refused its link when we killed it; static. NULL: nothing */
	char violation
		[TRI_TEXT_BYTES]; /* why it was killed for breaking the link's rules; "": it has broken none */
	char *refusal;		  /* why its on_start refused, or it could not be started at all */
	char *farewell_reason;	  /* of a {shutdown, reason} */
	bool dead;		  /* reaped; what it had sent is still being taken */
	bool judged;		  /* the policy has been asked, or needs not be */
	struct judgement *judgement; /* which is awaited; NULL: none is */
	struct death death;
	struct alarm drain, handler, cpu, flood;
	enum ladder ladder;
	char overrun[512]; /* which limit its handler overran, in words; "": none */
	bool overran_cpu;  /* that of CPU time */
	struct cpu_mark cpu_mark;
	struct recorder recorder;
	int socket; /* by which fds are handed to its process; -1: none */
	struct bypass *bypasses_out, *bypasses_in;
	struct bypass_tally tallies[BYPASS_TALLIES];
	uint64_t bypass_handled; /* messages that came by bypasses that are no more; the slot's */
	uint64_t bypass_walk;	 /* the last in which it was looked at */
	bool goes_roundabout;	 /* who would ask it past us does so by us, for it waits */
	bool refuses_bypass;	 /* its process has no use for one */
	unsigned owes_too_much;	 /* asks that came past us and it deferred when it had far too many */
	uint64_t seen_progress;	 /* of the black box, when the deadline was armed */
	int64_t ready_ns;
	bool undecided; /* it is at rest; whether for good is found when the core has done all it can */
	bool is_listed; /* coreops.c's, of those of whom that is to be found */
	struct slot *next_listed;

	/* the slot's own, across incarnations */
	struct wire *wire; /* closed, where there is none */
	int state_fd;
	struct tri_box_plan plan;	  /* a fault for the next process; its size 0: none */
	uint64_t plan_id;		  /* of that fault; 0: it is not the file's */
	uint64_t faults[SPEC_FAULTS_MAX]; /* those of the file that have been armed, by their ids */
	size_t fault_count;
	struct payload_schema **schemas; /* what it serves, by its last hello */
	size_t schema_count;
	uint64_t whole;	      /* the sequence up to which durable state counts */
	bool panicked_before; /* the incarnation before died of `before` */
	struct panic before;
	uint64_t stale_frames; /* said to be of an incarnation that its process is not */
	char hand_message
		[2 * PAYLOAD_NAME_MAX]; /* what the death that is being dealt with had in hand; "": nothing */
	uint64_t hand_digest;
	char report_id[LOST_ID_BYTES]; /* of that death; "": none was made */
	char last_exit[48];	       /* "": it has not ended yet */
	struct line *lines;	       /* a ring of LINES_KEPT */
	uint64_t line_count;
	int64_t born_ms;      /* since when there is this slot */
	uint64_t line_number; /* of the last line that was passed on */
	struct loglimit limit;
	struct logwriter_share share;
	struct monitor *monitors; /* who wants to hear of its ends */
	struct monitor *watches;  /* of whose ends it wants to hear */
};

/* With the memory that starting and restarting it takes. */
tractor_err slot_new(struct tractor_runtime *runtime, struct node *node);
void slot_free(struct slot *slot);
/* Its spec may be another from now on: what a start takes from the arena is taken once for nothing, so that it is there. TRACTOR_ENOMEM: then it is asked for at the start. */
tractor_err slot_rehearse(struct slot *slot);
/* A supervisor's node has none: NULL. */
struct slot *slot_of(const struct node *node);
struct slot *slot_by_id(struct tractor_runtime *runtime, uint64_t actor);

/*
 * The process is the slot's from now on, its wire apart, which it has already. What it has taken over it has taken out of *launched. TRACTOR_ESYSTEM: it can't be watched; then it may have taken a part, which
 * slot_clear() lets go of.
 */
tractor_err slot_adopt(struct slot *slot, struct launched *launched);
/* Up to which message the router has delivered. */
uint64_t slot_delivered(const struct slot *slot);

/* What the core asks for; see tree_ops. */
void slot_start(struct slot *slot);
void slot_stop(struct slot *slot);
void slot_kill(struct slot *slot);
/* The end of an incarnation has been dealt with: everything of the process is let go. */
void slot_clear(struct slot *slot);
void slot_signal(struct slot *slot, int signal);
/* One frame down, as wire_send(), for its present incarnation; a process that doesn't read its link is killed for it. */
void slot_send(struct slot *slot, struct tri_frame *frame, const uint8_t *payload, size_t payload_bytes);
/* The same with a struct of `record` as its payload. TRACTOR_ENOMEM: it was not sent. */
tractor_err slot_send_record(
	struct slot *slot, struct tri_frame *frame, const struct tractor_record *record, const void *value);

#endif
