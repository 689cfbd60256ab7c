/* payloadplace.h: where in a payload a conversion is, so that its complaints can name the field. For payload*.c only. */
#ifndef TRACTOR_SUPERVISOR_SHELL_PAYLOADPLACE_H
#define TRACTOR_SUPERVISOR_SHELL_PAYLOADPLACE_H

#include <stddef.h>
#include <stdint.h>

#include <tractor/error.h>

#define PAYLOADPLACE_NO_ITEM SIZE_MAX

/* One level; they live on the converting functions' stacks and point outwards. */
struct payloadplace {
	const struct payloadplace *outer; /* NULL: the record itself is a message's or a reply's */
	const char *field;
	size_t item; /* of a list; PAYLOADPLACE_NO_ITEM: the field as a whole */
};

/* Sets tractor_why() to "stats.members[3]: " and the formatted words; `place` NULL: the words alone. Returns `err`. */
tractor_err payloadplace_why(const struct payloadplace *place, tractor_err err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
