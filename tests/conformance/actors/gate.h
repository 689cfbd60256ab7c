/* gate.h: how a handler waits for a test, in a call of its own: it reads one byte from a FIFO that the test holds open. */
#ifndef TRACTOR_TESTS_GATE_H
#define TRACTOR_TESTS_GATE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Prints "blocked" and returns when the test has opened the gate once more: with the byte that it let through; 0: there is no such gate. */
static inline char
gate_pass(const char *gate)
{
	char byte = 0;
	int fd = open(gate, O_RDONLY | O_CLOEXEC);

	puts("blocked");
	if (fd < 0)
		return 0;
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	close(fd);
	return byte;
}

#endif
