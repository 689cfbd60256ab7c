/* treeexec.h: finds the programs that a tree file names, and says what is wrong with them before anything is started. */
#ifndef TRACTOR_SUPERVISOR_TREEFILE_TREEEXEC_H
#define TRACTOR_SUPERVISOR_TREEFILE_TREEEXEC_H

#include "treevalue.h"

/*
 * The absolute path of the program `exec`, which the caller frees: below `directory` (absolute) if it has a slash and does not
 * begin with one, by PATH if it has none. Of PATH, only absolute entries count, so that the current directory never does.
 * TRACTOR_EINVAL: there is no such program, or it can't be executed, its interpreter (#!) included; `fault` says which and what to do.
 * TRACTOR_ENOMEM.
 */
tractor_err treeexec_find(
	const char *exec, const char *directory, char **ret_path, struct treevalue_fault *fault);

/*
 * Whether `path` may be loaded into the supervisor: absolute, a regular file and no symbolic link, owned by root or by the
 * user, not writable by group or others. TRACTOR_EINVAL: it may not, `fault` says why. The loader must check again what it opens.
 */
tractor_err treeexec_check_plugin(const char *path, struct treevalue_fault *fault);

#endif
