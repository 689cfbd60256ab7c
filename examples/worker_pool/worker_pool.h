/*
 * worker_pool.h: the protocols of the pool. Each is what one side may say to another, and no more: a customer hands
 * out a receipt_ref, a worker is handed a result_ref, and neither could be used for anything else.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include <tractor/protocol.h>

/* A job: `number` is to be squared, which takes `effort_ms`. */
#define JOB(FIELD)           \
	FIELD(int64, number) \
	FIELD(uint32, effort_ms)
TRACTOR_RECORD(job, JOB);

/* receipt: what the customer hears when a job is done, or when its worker died of it. */
#define RECEIPT_DONE(FIELD)   \
	FIELD(uint64, ticket) \
	FIELD(bool, ok)       \
	FIELD(int64, result)  \
	FIELD(str, reason) /* of what went wrong */
#define RECEIPT_PROTOCOL(TELL, ASK) TELL(receipt, done, RECEIPT_DONE)
TRACTOR_PROTOCOL(receipt, RECEIPT_PROTOCOL);

/* foreman: who has the slots. Both give a ticket once the job has its slot and its worker. */
#define FOREMAN_SUBMIT(FIELD) \
	FIELD(job, job)       \
	FIELD(receipt_ref, receipt)
#define FOREMAN_TICKET(FIELD) FIELD(uint64, ticket)
TRACTOR_RECORD(foreman_ticket, FOREMAN_TICKET);

#define FOREMAN_PROTOCOL(TELL, ASK)                                                             \
	ASK(foreman, submit, FOREMAN_SUBMIT, foreman_ticket)	 /* waits in line for a slot */ \
	ASK(foreman, try_submit, FOREMAN_SUBMIT, foreman_ticket) /* TRACTOR_EFULL instead */
TRACTOR_PROTOCOL(foreman, FOREMAN_PROTOCOL);

/* result: what a worker has to say. */
#define RESULT_IS(FIELD)      \
	FIELD(uint64, ticket) \
	FIELD(int64, value)
#define RESULT_PROTOCOL(TELL, ASK) TELL(result, is, RESULT_IS)
TRACTOR_PROTOCOL(result, RESULT_PROTOCOL);

/* worker: does one job. */
#define WORKER_RUN(FIELD)     \
	FIELD(uint64, ticket) \
	FIELD(job, job)       \
	FIELD(result_ref, result)
#define WORKER_PROTOCOL(TELL, ASK) TELL(worker, run, WORKER_RUN)
TRACTOR_PROTOCOL(worker, WORKER_PROTOCOL);

#endif
