/* captured.h: real crashes, for the unwinder: what a process that died had captured. */
#ifndef TRACTOR_TESTS_CAPTURED_H
#define TRACTOR_TESTS_CAPTURED_H

#include "blackbox.h"

/* Has a child run `crash`, which must kill it or exit(), and gives what it left. Ends the program if that was nothing. */
void captured(void (*crash)(void), struct tri_fault *ret_fault);

#endif
