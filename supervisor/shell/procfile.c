/*
 * procfile.c: reading files of /proc, which are made at the moment of reading and have no size. Without stdio, which allocates: what is read here is read when somebody has died.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shell.h"
#include "sys.h"

#define PIECE_BYTES 4096

ssize_t
procfile_read(const char *path, char *ret_text, size_t size)
{
	int fd = sys.open(path, O_RDONLY, 0);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while ((got = sys.read(fd, ret_text + length, size - 1 - length)) > 0 || (got < 0 && errno == EINTR))
		length += got > 0 ? (size_t)got : 0;
	sys.close(fd);
	ret_text[length] = '\0';
	return got < 0 ? -1 : (ssize_t)length;
}

bool
procfile_numbers(const char *path, bool (*each)(long number, void *arg), void *arg)
{
	char piece[PIECE_BYTES];
	bool goes_on = true, in_one = false;
	long number = 0;
	ssize_t got = 0;
	int fd = sys.open(path, O_RDONLY, 0);

	if (fd < 0)
		return false;
	while (goes_on && ((got = sys.read(fd, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR)))
		for (ssize_t i = 0; goes_on && i < got; i++) {
			bool digit = piece[i] >= '0' && piece[i] <= '9';
			if (digit)
				number = (in_one ? number * 10 : 0) + piece[i] - '0';
			else if (in_one)
				goes_on = each(number, arg);
			in_one = digit;
		}
	sys.close(fd);
	return !goes_on || got == 0;
}

bool
procfile_lists(const char *path, const char *text)
{
	size_t length = strlen(text),
	       matched = 0; /* bytes of the one that is being read; length + 1: it is another */
	char piece[PIECE_BYTES];
	bool found = false;
	ssize_t got;
	int fd = sys.open(path, O_RDONLY, 0);

	if (fd < 0)
		return false;
	while (!found && ((got = sys.read(fd, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR)))
		for (ssize_t i = 0; !found && i < got; i++) {
			found = piece[i] == '\0' && matched == length;
			if (piece[i] == '\0')
				matched = 0;
			else
				matched = matched < length && piece[i] == text[matched] ? matched + 1
											: length + 1;
		}
	sys.close(fd);
	return found;
}
