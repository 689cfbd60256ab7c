/* captured.c: a child with a black box, which dies. What can't be set up for it ends the program. */
#include "captured.h"

#include <err.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"

static _Noreturn void
die(struct tri_blackbox *box, void (*crash)(void))
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	box->pid = getpid();
	atomic_store(&box->phase, TRI_PHASE_HANDLING);
	if (tri_capture_install(box) == TRACTOR_OK)
		crash();
	_exit(99);
}

void
captured(void (*crash)(void), struct tri_fault *ret_fault)
{
	struct tri_blackbox *box =
		mmap(NULL, sizeof(*box), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (box == MAP_FAILED)
		err(1, "mmap");
	pid_t pid = fork();
	if (pid == 0)
		die(box, crash);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || !box->fault.complete)
		errx(1, "nothing was captured");
	*ret_fault = box->fault;
	munmap(box, sizeof(*box));
}
