/*
 * treeexec.c: from the `exec` of a tree file to the absolute path of a program that can be executed.
 *
 * It looks at files (stat, access, the first line of a script) and at PATH, and changes nothing. It knows neither YAML nor specs. What
 * it says here is only said early: a program may vanish before it is started, and spawning reports that again.
 * Everything that goes wrong is returned.
 */
#include "treeexec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What execvp() uses where PATH is not set, without the current directory. */
#define PATH_DEFAULT "/bin:/usr/bin"

/* The kernel reads so much of a script's first line. */
#define INTERPRETER_LINE_BYTES 256

/* errno of what keeps `path` from being executed: 0, ENOENT, EISDIR, ENOEXEC (not a regular file), EACCES or stat's own. */
static int
why_not_executable(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return errno;
	if (S_ISDIR(info.st_mode))
		return EISDIR;
	if (!S_ISREG(info.st_mode))
		return ENOEXEC;
	return access(path, X_OK) == 0 ? 0 : errno;
}

/* Reads the beginning of `path` as a text into line[size]. False: it can't be read, which only matters to scripts. */
static bool
read_beginning(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, line, size - 1);
	close(fd);
	line[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* A script whose interpreter is missing fails with ENOENT as if it were missing itself: tell that apart. */
static tractor_err
check_interpreter(const char *path, struct treevalue_fault *fault)
{
	char line[INTERPRETER_LINE_BYTES];

	if (!read_beginning(path, line, sizeof(line)) || strncmp(line, "#!", 2) != 0)
		return TRACTOR_OK;
	char *interpreter = line + 2 + strspn(line + 2, " \t");
	interpreter[strcspn(interpreter, " \t\n")] = '\0';
	if (strchr(interpreter, '\r') != NULL)
		return treevalue_fault(fault,
			"the lines of %s end as on Windows (CR LF); convert it, with dos2unix for instance",
			path);
	int reason = interpreter[0] == '\0' ? ENOENT : why_not_executable(interpreter);
	if (reason == 0)
		return TRACTOR_OK;
	if (reason == ENOENT)
		return treevalue_fault(fault,
			"%s begins with #!%s, and there is no such file; install it or correct that line",
			path, interpreter);
	return treevalue_fault(fault, "%s begins with #!%s, which cannot be executed (%s); correct that line",
		path, interpreter, strerror(reason));
}

/* Either the file lacks its x, or a folder above it does. */
static tractor_err
not_for_you(const char *path, struct treevalue_fault *fault)
{
	if (access(path, F_OK) != 0)
		return treevalue_fault(fault,
			"%s is in a folder that you may not enter; chmod that one or those above it, or correct exec",
			path);
	return treevalue_fault(fault, "%s is not executable for you; chmod +x it, or correct exec", path);
}

static tractor_err
check_program(const char *path, struct treevalue_fault *fault)
{
	int reason = why_not_executable(path);

	switch (reason) {
	case 0: return check_interpreter(path, fault);
	case ENOENT: return treevalue_fault(fault, "no such file: %s; build it first or correct exec", path);
	case EISDIR: return treevalue_fault(fault, "%s is a directory; name the program in it", path);
	case ENOEXEC: return treevalue_fault(fault, "%s is not a regular file; name a program", path);
	case EACCES: return not_for_you(path, fault);
	default: return treevalue_fault(fault, "%s: %s; correct exec", path, strerror(reason));
	}
}

/* "./counter" below "/shop" is "/shop/counter": shorter in every message and log. NULL: out of memory. */
static char *
below_directory(const char *exec, const char *directory)
{
	char *path;

	while (strncmp(exec, "./", 2) == 0)
		exec += 2 + strspn(exec + 2, "/");
	const char *slash = directory[0] != '\0' && directory[strlen(directory) - 1] == '/' ? "" : "/";
	return asprintf(&path, "%s%s%s", directory, slash, exec) < 0 ? NULL : path;
}

/*
 * The first executable `exec` of PATH into *ret_path, which is untouched where there is none. In `ret_blocked` (PATH_MAX bytes) what would have
 * been the one if it were executable, or "".
 */
static tractor_err
search_path(const char *exec, char **ret_path, char *ret_blocked)
{
	const char *entry = getenv("PATH");
	char candidate[PATH_MAX];

	ret_blocked[0] = '\0';
	if (entry == NULL)
		entry = PATH_DEFAULT;
	for (;;) {
		int length = (int)strcspn(entry, ":");
		int written = snprintf(candidate, sizeof(candidate), "%.*s/%s", length, entry, exec);
		int reason = entry[0] == '/' && written < (int)sizeof(candidate)
				     ? why_not_executable(candidate)
				     : ENOENT;
		if (reason == 0) {
			*ret_path = strdup(candidate);
			return *ret_path == NULL ? TRACTOR_ENOMEM : TRACTOR_OK;
		}
		if (reason == EACCES && ret_blocked[0] == '\0')
			strcpy(ret_blocked, candidate);
		if (entry[length] == '\0')
			return TRACTOR_OK;
		entry += length + 1;
	}
}

/* `exec` has no slash and is not in PATH: perhaps it lies beside the file. */
static tractor_err
not_in_path(const char *exec, const char *directory, const char *blocked, struct treevalue_fault *fault)
{
	char *beside = below_directory(exec, directory);
	tractor_err err = TRACTOR_EINVAL;

	if (beside == NULL)
		err = TRACTOR_ENOMEM;
	else if (why_not_executable(beside) == 0)
		treevalue_fault(fault, "no %s in PATH; did you mean ./%s, the one beside this file?",
			treevalue_quote(exec).text, exec);
	else if (blocked[0] != '\0')
		treevalue_fault(fault, "%s is not executable for you; chmod +x it, or correct exec", blocked);
	else
		treevalue_fault(fault, "no %s in PATH; install it, or write ./%s for one beside this file",
			treevalue_quote(exec).text, exec);
	free(beside);
	return err;
}

tractor_err
treeexec_find(const char *exec, const char *directory, char **ret_path, struct treevalue_fault *fault)
{
	char *path = NULL, blocked[PATH_MAX];
	tractor_err err;

	if (exec[0] == '\0')
		return treevalue_fault(fault, "is empty; name a program, like ./db");
	if (strchr(exec, '/') != NULL) {
		path = exec[0] == '/' ? strdup(exec) : below_directory(exec, directory);
		if (path == NULL)
			return TRACTOR_ENOMEM;
	} else {
		err = search_path(exec, &path, blocked);
		if (err != TRACTOR_OK)
			return err;
		if (path == NULL)
			return not_in_path(exec, directory, blocked, fault);
	}
	err = check_program(path, fault);
	if (err == TRACTOR_OK)
		*ret_path = path;
	else
		free(path);
	return err;
}

tractor_err
treeexec_check_plugin(const char *path, struct treevalue_fault *fault)
{
	struct stat info;
	int reason = lstat(path, &info) == 0 ? 0 : errno;

	if (path[0] != '/')
		return treevalue_fault(fault,
			"%s is not absolute; write the plugin's whole path, like /usr/lib/policy.so",
			treevalue_quote(path).text);
	if (reason == ENOENT)
		return treevalue_fault(fault, "no such file: %s; build or install it first", path);
	if (reason != 0)
		return treevalue_fault(fault, "%s: %s; correct the path", path, strerror(reason));
	if (S_ISLNK(info.st_mode))
		return treevalue_fault(fault, "%s is a symbolic link; name the file itself", path);
	if (!S_ISREG(info.st_mode))
		return treevalue_fault(fault, "%s is not a regular file; name the plugin's .so", path);
	if (info.st_uid != 0 && info.st_uid != geteuid())
		return treevalue_fault(fault,
			"%s belongs to user %ld; it must belong to root or to you, as it runs inside the supervisor",
			path, (long)info.st_uid);
	if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return treevalue_fault(fault,
			"%s can be written by others; chmod go-w it, as it runs inside the supervisor", path);
	return TRACTOR_OK;
}
