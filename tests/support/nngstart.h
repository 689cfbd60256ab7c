/* nngstart.h: starts nng in this process, for tests that count fds. */
#ifndef TRACTOR_TESTS_NNGSTART_H
#define TRACTOR_TESTS_NNGSTART_H

/*
 * Has nng make its threads and the two fds that it keeps for good. Only in a process that will not fork without
 * exec.
 */
void nngstart(void);

#endif
