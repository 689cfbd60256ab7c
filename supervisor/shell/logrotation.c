/* logrotation.c: the rules by which the files of a log follow each other. It touches no file. */
#include "logrotation.h"

#include <stdio.h>

bool
logrotation_name(const char *base, unsigned number, char *ret_name, size_t size)
{
	int length = number == 0 ? snprintf(ret_name, size, "%s", base)
				 : snprintf(ret_name, size, "%s.%u", base, number);

	return length >= 0 && (size_t)length < size;
}

bool
logrotation_is_due(int64_t size, size_t more, unsigned max_size)
{
	return size > 0 && (uint64_t)size + more > max_size;
}

bool
logrotation_step(unsigned files, unsigned step, struct logrotation_step *ret_step)
{
	if (step >= files)
		return false;
	*ret_step =
		(struct logrotation_step){ .from = files - 1 - step, .to = files - step, .goes = step == 0 };
	return true;
}
