/*
 * main.c: tractor-unwind, the program that a supervisor starts to have a crash made readable. Standard input is a file with what the dead process had captured (struct tri_fault); standard output
 * gets one JSON object (see unwind.h). Nothing that it is given can be trusted, so before it looks at anything it gives up all that it doesn't need; the supervisor in turn checks what it
 * says. Exit: 0 done; 1 it could not even begin.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "unwind.h"

static bool
read_fault(struct tri_fault *ret_fault)
{
	char *to = (char *)ret_fault;
	size_t got = 0;

	while (got < sizeof(*ret_fault)) {
		ssize_t some = pread(STDIN_FILENO, to + got, sizeof(*ret_fault) - got, (off_t)got);
		if (some <= 0)
			return false;
		got += (size_t)some;
	}
	return true;
}

static bool
print(const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t put = write(STDOUT_FILENO, text, length);
		if (put < 0)
			return false;
		text += put;
		length -= (size_t)put;
	}
	return true;
}

int
main(void)
{
	static struct tri_fault fault; /* large */

	/* Else it reads /dev/urandom, so that nobody can make its tables slow; here nobody could but for himself. */
	json_object_seed(1);
	if (!confine() || !read_fault(&fault))
		return EXIT_FAILURE;
	json_t *told = unwind(&fault);
	char *text = json_dumps(told, JSON_COMPACT);
	bool good = text && print(text);
	free(text);
	json_decref(told);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
