/* client.h: a command of the control socket's, from within the process that serves it. */
#ifndef TRACTOR_TESTS_FAULTS_CLIENT_H
#define TRACTOR_TESTS_FAULTS_CLIENT_H

#include <stdint.h>

struct tractor_runtime;

enum client_answer {
	CLIENT_DONE,	/* the last line has code 0 */
	CLIENT_REFUSED, /* it has another */
	CLIENT_NONE,	/* the connection was closed without one */
	CLIENT_LATE,	/* nor even that within the limit */
};

/* Sends one line and turns the runtime until the connection is closed. */
enum client_answer client_request(struct tractor_runtime *runtime, const char *line, int64_t limit_ms);

#endif
