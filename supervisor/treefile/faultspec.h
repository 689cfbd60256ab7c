/* faultspec.h: a fault to be injected, as people write it: what, and where. Pure. */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_FAULTSPEC_H
#define TRACTOR_SUPERVISOR_TREEFILE_FAULTSPEC_H

#include <stdbool.h>

#include "faultplan.h"

#define FAULTSPEC_NAME_MAX 128 /* of a message, or a failpoint */
#define FAULTSPEC_ANY "*"      /* in the place of a message's name: any of them */

struct faultspec {
	enum tri_fault_kind fault;
	int64_t number; /* of exit:N and its like; the signal */
	enum tri_fault_place place;
	char name[FAULTSPEC_NAME_MAX + 1]; /* the message's or the failpoint's; "": none */
	uint64_t count;
};

/*
 * `fault`: a word of TRI_FAULTS, or a signal's name; with a number where it has one: "exit:3". `at` (NULL: at once): "counter.increment", "after:counter.increment:3", "reply:counter.get", "*:3",
 * "start", "stop", "failpoint:NAME:2". TRACTOR_EINVAL: tractor_why() says what would be right.
 */
tractor_err faultspec_parse(const char *fault, const char *at, struct faultspec *ret_spec);

/* The two on their own, for who says of each what is wrong with it. They fill in what concerns them. */
tractor_err faultspec_parse_fault(const char *fault, struct faultspec *spec);
tractor_err faultspec_parse_place(const char *at, struct faultspec *spec);

/* True for what somebody else does to a process: it happens at no particular message. */
bool faultspec_is_outside(enum tri_fault_kind fault);

#endif
