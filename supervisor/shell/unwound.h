/* unwound.h: what tractor-unwind says, and what it makes of a report. */
#ifndef TRACTOR_SUPERVISOR_SHELL_UNWOUND_H
#define TRACTOR_SUPERVISOR_SHELL_UNWOUND_H

#include <stddef.h>

#include <jansson.h>
#include <tractor/error.h>

#define UNWOUND_MAX_BYTES (256u << 10) /* some times what it says of the deepest stack that it shows */
#define UNWOUND_FRAMES_MAX 256

/*
 * Takes the unwinder's answer over into the report: its backtrace, and where that stopped. The answer is checked: the unwinder had read what a process that was going wrong had left.
 * TRACTOR_EBADMSG: it is none, and the report is as it was; TRACTOR_ENOMEM.
 */
tractor_err unwound_take(json_t *report, const char *answer, size_t length);

/*
 * The first frame of a report that is the program's own, as "counter_on_get at counter.c:17", as much of it as is known: what leads from a call of abort() or exit() to the end is passed over. "": there is no
 * backtrace. Returns `text`.
 */
#define UNWOUND_TOP_BYTES 512
/* Which of its frames that is; 0 if none is the program's own. */
size_t unwound_top_index(const json_t *report);
const char *unwound_top(const json_t *report, char text[UNWOUND_TOP_BYTES]);

#endif
