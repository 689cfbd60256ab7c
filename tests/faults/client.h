/* client.h: a command of the control socket's, from within the process that serves it. */
#ifndef TRACTOR_TESTS_FAULTS_CLIENT_H
#define TRACTOR_TESTS_FAULTS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

struct tractor_runtime;

/* Sends one line and turns the runtime until the connection is closed. True: the answer's last line has code 0. False: any other answer, none, or none within `limit_ms`, which is a failure to be told apart by *ret_late. */
bool client_request(struct tractor_runtime *runtime, const char *line, int64_t limit_ms, bool *ret_late);

#endif
