/* confine.h: what a process that reads somebody's last words must not be able to do. */
#ifndef TRACTOR_SUPERVISOR_UNWIND_CONFINE_H
#define TRACTOR_SUPERVISOR_UNWIND_CONFINE_H

#include <stdbool.h>

#define CONFINE_SECONDS \
	2 /* of CPU, and on the wall: it needs a few hundredths; a large program's debug information, half a second */
#define CONFINE_MEMORY_BYTES (256u << 20)

/*
 * From now on this process can read files, and write to its standard output, and little else: no new file, no process, no socket, no signal to others, nothing executed; and it ends in
 * CONFINE_SECONDS at the latest. Whatever else it tries fails with EPERM. False: the kernel has no such filter, or it is forbidden here.
 */
bool confine(void);

#endif
