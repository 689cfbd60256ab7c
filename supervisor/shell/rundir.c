/*
 * rundir.c: the run directory, one for each running tree. The lock in it is the truth about whether a tree of that name runs: a supervisor that was killed leaves files, but no
 * lock; and in the lock's file its mark, by which orphans.c finds the processes that it left. What such a one left is removed; crash reports and logs stay. Errors are returned with the path in them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "logrotation.h"
#include "shell.h"
#include "sys.h"
#include "why.h"

/* What a socket's address has room for, less the longest name that we put behind the directory ("/link/" and two numbers). */
#define PATH_MAX_BYTES (107 - 38)

static tractor_err
make_private_directory(const char *path)
{
	struct stat about;

	if (sys.mkdir(path, 0700) < 0 && errno != EEXIST)
		return tri_why(TRACTOR_ESYSTEM, "cannot make the directory %s: %s", path, strerror(errno));
	if (sys.lstat(path, &about) < 0)
		return tri_why(TRACTOR_ESYSTEM, "cannot look at %s: %s", path, strerror(errno));
	if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & 077) != 0)
		return tri_why(TRACTOR_ESYSTEM,
			"%s must be a directory of yours that nobody else can enter (mode 0700)", path);
	return TRACTOR_OK;
}

/* NULL: it is not set, or empty. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The directory in which run directories are, to be freed. Who didn't choose it is told what did, and how another is chosen. */
static tractor_err
parent_directory(char **ret_path)
{
	const char *own = variable("TRACTOR_RUN_DIR"), *runtime = variable("XDG_RUNTIME_DIR"),
		   *temporary = variable("TMPDIR");
	char *path = NULL;
	int made;

	if (own)
		made = asprintf(&path, "%s", own);
	else if (runtime)
		made = asprintf(&path, "%s/tractor", runtime);
	else
		made = asprintf(&path, "%s/tractor-%u", temporary ? temporary : "/tmp", geteuid());
	if (made < 0)
		return TRACTOR_ENOMEM;
	tractor_err err = make_private_directory(path);
	if (err != TRACTOR_OK && !own)
		tri_why(err, "%s (%s); set TRACTOR_RUN_DIR to another", tractor_why(),
			runtime	    ? "it is in XDG_RUNTIME_DIR"
			: temporary ? "it is in TMPDIR"
				    : "neither XDG_RUNTIME_DIR nor TMPDIR is set");
	if (err == TRACTOR_OK)
		*ret_path = path;
	else
		free(path);
	return err;
}

char *
rundir_file(const struct rundir *rundir, const char *file)
{
	char *path;

	return asprintf(&path, "%s/%s", rundir->path, file) < 0 ? NULL : path;
}

/* Removes what is in the directory `name` below `at`, but for directories; then it. */
static void
remove_folder(int at, const char *name, bool with_files)
{
	int fd = sys.openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : sys.fdopendir(fd);

	if (!directory && fd >= 0)
		sys.close(fd);
	if (!directory)
		return;
	for (struct dirent *entry; with_files && (entry = sys.readdir(directory));)
		if (entry->d_type != DT_DIR)
			sys.unlinkat(fd, entry->d_name, 0);
	sys.closedir(directory);
	sys.unlinkat(at, name, AT_REMOVEDIR);
}

/* Everything but crash reports and logs. The lock file stays: it is what the next one locks. */
static void
clean(const char *path)
{
	int at = sys.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (at < 0)
		return;
	remove_folder(at, "link", true);
	remove_folder(at, "crashes", false);
	remove_folder(at, LOGROTATION_FOLDER, false);
	sys.unlinkat(at, CONTROL_FILE, 0);
	sys.close(at);
}

/* Whether the locked file is still the one of that name: one that another supervisor removed as it ended locks nothing. *ret_error, if not 0: why that can't be known. */
static bool
is_current(int fd, const char *file, int *ret_error)
{
	struct stat locked, named;
	bool known = sys.fstat(fd, &locked) == 0 && sys.stat(file, &named) == 0;

	*ret_error = known || errno == ENOENT ? 0 : errno;
	return known && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

/* *ret_again: the file was removed meanwhile. */
static tractor_err
try_lock(struct rundir *rundir, const char *name, const char *file, bool *ret_again)
{
	*ret_again = false;
	int fd = sys.open(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return tri_why(
			TRACTOR_ESYSTEM, "cannot make a lock in %s: %s", rundir->path, strerror(errno));
	bool locked = sys.flock(fd, LOCK_EX | LOCK_NB) == 0;
	int error = locked ? 0 : errno;
	if (locked && is_current(fd, file, &error)) {
		rundir->lock = fd;
		return TRACTOR_OK;
	}
	sys.close(fd);
	*ret_again = error == 0;
	if (*ret_again)
		return tri_why(TRACTOR_ESYSTEM, "the lock in %s is removed again and again", rundir->path);
	if (error == EWOULDBLOCK)
		return tri_why(TRACTOR_EEXIST, "a tree \"%s\" is running already; see: tractor -t %s status",
			name, name);
	return tri_why(TRACTOR_ESYSTEM, "cannot lock %s: %s", rundir->path, strerror(error));
}

static tractor_err
take_lock(struct rundir *rundir, const char *name)
{
	char *file = rundir_file(rundir, RUNDIR_LOCK);
	tractor_err err = TRACTOR_ENOMEM;
	bool again = file != NULL;

	for (int tries = 0; again && tries < 10; tries++)
		err = try_lock(rundir, name, file, &again);
	free(file);
	return err;
}

static tractor_err
make_folders(struct rundir *rundir)
{
	static const char *const folders[] = { "link", "crashes" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *path = rundir_file(rundir, folders[i]);
		if (!path)
			return TRACTOR_ENOMEM;
		tractor_err err = make_private_directory(path);
		free(path);
		if (err != TRACTOR_OK)
			return err;
	}
	return TRACTOR_OK;
}

/* What the lock file has still of a supervisor that came to no end in order. */
static void
read_former(struct rundir *rundir)
{
	char *file = rundir_file(rundir, RUNDIR_LOCK);

	if (!file || procfile_read(file, rundir->former, sizeof(rundir->former)) < 0)
		rundir->former[0] = '\0';
	rundir->former[strspn(rundir->former, "0123456789-")] = '\0';
	free(file);
}

/*
 * Our process and when it began here, which never was and never will be another one's. Where it can't be written the lock still holds; but if we are killed, nobody will find what we leave.
 */
static void
write_mark(struct rundir *rundir)
{
	char line[MARK_BYTES + 1];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(rundir->mark, sizeof(rundir->mark), "%d-%lld%09ld", getpid(), (long long)now.tv_sec,
		now.tv_nsec);
	int length = snprintf(line, sizeof(line), "%s\n", rundir->mark);
	if (sys.ftruncate(rundir->lock, 0) == 0)
		(void)!sys.write(rundir->lock, line, (size_t)length);
}

tractor_err
rundir_open(struct rundir *rundir, const char *name)
{
	char *parent;
	tractor_err err = parent_directory(&parent);

	*rundir = (struct rundir){ .lock = -1 };
	if (err != TRACTOR_OK)
		return err;
	if (asprintf(&rundir->path, "%s/%s", parent, name) < 0)
		rundir->path = NULL;
	free(parent);
	if (!rundir->path)
		return TRACTOR_ENOMEM;
	if (strlen(rundir->path) > PATH_MAX_BYTES)
		err = tri_why(TRACTOR_ESYSTEM,
			"the run directory %s is %zu characters long, too long for sockets in it (at most %d): set "
			"TRACTOR_RUN_DIR to a shorter one, or give the tree a shorter name",
			rundir->path, strlen(rundir->path), PATH_MAX_BYTES);
	else
		err = make_private_directory(rundir->path);
	if (err == TRACTOR_OK)
		err = take_lock(rundir, name);
	if (err == TRACTOR_OK)
		read_former(rundir);
	else
		rundir_close(rundir);
	return err;
}

tractor_err
rundir_take_over(struct rundir *rundir)
{
	clean(rundir->path);
	tractor_err err = make_folders(rundir);
	if (err == TRACTOR_OK)
		write_mark(rundir);
	else
		rundir_close(rundir);
	return err;
}

void
rundir_close(struct rundir *rundir)
{
	if (rundir->lock >= 0) {
		clean(rundir->path);
		/* The lock goes last, while it is held; with crash reports or logs there the directory stays, and the lock file with it is of no use. */
		char *file = rundir_file(rundir, RUNDIR_LOCK);
		if (file)
			sys.unlink(file);
		free(file);
		sys.rmdir(rundir->path);
		sys.close(rundir->lock);
	}
	free(rundir->path);
	*rundir = (struct rundir){ .lock = -1 };
}
