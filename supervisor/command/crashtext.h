/* crashtext.h: crash reports in words. */
#ifndef TRACTOR_SUPERVISOR_COMMAND_CRASHTEXT_H
#define TRACTOR_SUPERVISOR_COMMAND_CRASHTEXT_H

#include <jansson.h>

/* All of a report for a person, on standard output; `full` is the one that has it in full. A field that is not known is shown, too. */
void crashtext_print(const char *id, const json_t *report, const json_t *full);

/* "counter.increment": of the message in hand; "-": there was none. To be freed. */
char *crashtext_message(const json_t *report);
/* Where it was, as "counter_on_get at counter.c:17"; "-": it is not known. To be freed. */
char *crashtext_top(const json_t *report);
/* A string as it is, a moment for people, nothing as "-", anything else as JSON. To be freed. */
char *crashtext_value(const json_t *value);
char *crashtext_time(const json_t *value);

#endif
