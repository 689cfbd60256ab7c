/*
 * otp_child.h: the child of OTP's cases, by its protocol and by its orders. Orders are for what no message can reach: how its start
 * and its stop go. They wait as bytes at the gates (FIFOs) gate.NAME.start and gate.NAME.stop in the folder that the variable below names;
 * where there is no gate, it comes up, and obeys.
 */
#ifndef TRACTOR_TESTS_OTP_CHILD_H
#define TRACTOR_TESTS_OTP_CHILD_H

#include <tractor/protocol.h>

#define OTP_GATES "OTP_GATES"

/* What it does at a gate, once it was given the byte; before, it hangs there. */
enum otp_order {
	OTP_GO = 'g',	    /* comes up; ends in order */
	OTP_REFUSE = 'r',   /* start: returns an error with a reason */
	OTP_IGNORE = 'i',   /* start: isn't needed */
	OTP_HOPELESS = 'h', /* exits with 125: no use in trying again */
	OTP_PANIC = 'p',
	OTP_EXIT = 'x', /* exits with 3 */
	OTP_KILL = 'k', /* as if somebody had killed it */
	OTP_DONE = 'd', /* stop: ends as {shutdown, enough} */
};

/* Ends: "normal", "done" ({shutdown, enough}), "unlink" (cuts its channel, and lives on), or one of the ways to die in death.h. */
#define CHILD_END(FIELD) FIELD(str, how)
#define CHILD_ARG(FIELD) FIELD(str, name)
#define CHILD_VALUE(FIELD) FIELD(str, text)
TRACTOR_RECORD(child_value, CHILD_VALUE);

#define CHILD_PROTOCOL(TELL, ASK)   \
	TELL(child, end, CHILD_END) \
	ASK(child, arg, CHILD_ARG, child_value)
TRACTOR_PROTOCOL(child, CHILD_PROTOCOL);

#endif
