/*
 * logwriter.c: the thread that writes log files. Two halves of a buffer: one is filled while the other is written. A file is opened for what there is to write and closed again: so
 * none costs an fd, and whoever moves or removes one does no harm.
 *
 * A line is written whole or not at all. What fails costs the lines that it was about; the next are tried anew, so it goes on by itself when there is room again.
 */
#include "logwriter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "blackbox.h"
#include "logrotation.h"
#include "logsweep.h"
#include "sys.h"
#include "why.h"

#define HALF_BYTES (4u << 20) /* what may wait for a disk */
#define SHARE_BYTES   \
	(HALF_BYTES / \
		4) /* of that for one actor: more than it may print at once, and no other's lines are lost for its flood */
#define CHUNK_BYTES (64u << 10) /* written at once */
#define NAMES_KEPT \
	1000 /* logs: of more names those that were written last are kept; twice as many as there are actors at least */
#define CLOSE_MS 2000 /* a disk that takes what is left does so in some ms */
#define CALM_NS        \
	(INT64_C(10) * \
		1000000000) /* without a failure it is over, though whoever's file failed prints no more */

/* Before each line in the buffer, and behind it the path and then the record. */
struct entry {
	size_t path_size, record_size; /* the path's with its NUL */
	struct spec_log log;
	unsigned actors;
};

struct half {
	char bytes[HALF_BYTES];
	size_t used;
	uint64_t lines;
};

/* Lines of one actor that are written at once. */
struct chunk {
	char path[SPEC_PATH_MAX];
	struct spec_log log;
	unsigned actors;
	char bytes[CHUNK_BYTES];
	size_t size;
	uint64_t lines;
};

struct logwriter {
	pthread_t thread;
	pthread_mutex_t mutex; /* of what follows, up to the thread's own */
	pthread_cond_t work, ended;
	int bell;	    /* an eventfd */
	struct half *front; /* that is filled */
	uint64_t turn;	    /* how often they were exchanged */
	uint64_t put, written;
	bool awaited, closing, has_ended, left_alone;
	struct logwriter_state state;
	int64_t failed_ns; /* last */

	/* the thread's own */
	char *folder;
	struct half halves[2];
	struct chunk chunk;
	bool counted; /* the names in the folder */
	unsigned names;
	char file[LOGSWEEP_PATH_BYTES], aside[LOGSWEEP_PATH_BYTES];
};

static void
ring(const struct logwriter *writer)
{
	const uint64_t one = 1;

	while (sys.write(writer->bell, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* --- files --- */

/* The folders that the file is in, as far as they are missing. */
static void
make_folders(char *file)
{
	for (char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		sys.mkdir(file, 0700);
		*slash = '/';
	}
}

/* An open file and its size; else errno. A pipe that somebody put there is not waited for. */
static int
open_file(const char *file, int flags, int64_t *ret_size)
{
	struct stat about;
	int fd = sys.open(file, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | flags, 0600);

	if (fd < 0)
		return -1;
	int error = sys.fstat(fd, &about) < 0 ? errno : S_ISREG(about.st_mode) ? 0 : EINVAL;
	if (error == 0) {
		*ret_size = about.st_size;
		return fd;
	}
	sys.close(fd);
	errno = error;
	return -1;
}

/* The next file is about to be begun. 0, or an errno. */
static int
rotate(struct logwriter *writer, unsigned files)
{
	struct logrotation_step step;

	for (unsigned i = 0; logrotation_step(files, i, &step); i++) {
		logrotation_name(writer->file, step.from, writer->aside, sizeof(writer->aside));
		char to[LOGSWEEP_PATH_BYTES];
		logrotation_name(writer->file, step.to, to, sizeof(to));
		int failed = step.goes ? sys.unlink(writer->aside) : sys.rename(writer->aside, to);
		if (failed && errno != ENOENT)
			return errno;
	}
	/* There may have been more of them once. */
	for (unsigned i = files; logrotation_name(writer->file, i, writer->aside, sizeof(writer->aside)) &&
				 sys.unlink(writer->aside) == 0;
		i++)
		;
	return 0;
}

/* Too many names are too many files, as each has its own. */
static void
count_name(struct logwriter *writer, unsigned actors)
{
	unsigned most = 2 * actors > NAMES_KEPT ? 2 * actors : NAMES_KEPT;

	if (!writer->counted)
		writer->names = logsweep(writer->folder, UINT_MAX);
	else
		writer->names++;
	writer->counted = true;
	if (writer->names > most)
		writer->names = logsweep(writer->folder, most - most / 8);
}

static int
open_or_begin(struct logwriter *writer, const struct chunk *chunk, int64_t *ret_size)
{
	int fd = open_file(writer->file, 0, ret_size);

	if (fd >= 0 && logrotation_is_due(*ret_size, chunk->size, chunk->log.max_size)) {
		sys.close(fd);
		int error = rotate(writer, chunk->log.files);
		errno = error;
		return error ? -1 : open_file(writer->file, O_CREAT, ret_size);
	}
	if (fd >= 0 || errno != ENOENT)
		return fd;
	make_folders(writer->file);
	fd = open_file(writer->file, O_CREAT, ret_size);
	if (fd >= 0)
		count_name(writer, chunk->actors);
	return fd;
}

/* 0, or the errno that ended it: then nothing of it is there. */
static int
write_whole(int fd, const char *bytes, size_t size, int64_t before)
{
	int error = 0;

	while (size > 0 && error == 0) {
		ssize_t put = sys.write(fd, bytes, size);
		if (put < 0 && errno != EINTR)
			error = errno;
		else if (put == 0)
			error = ENOSPC;
		bytes += put > 0 ? put : 0;
		size -= put > 0 ? (size_t)put : 0;
	}
	if (error)
		(void)!sys.ftruncate(fd, before);
	return error;
}

static int
write_chunk(struct logwriter *writer, const struct chunk *chunk)
{
	int64_t size = 0;
	/* Without the tree's own name, which is that of the run directory. */
	const char *below = strchr(chunk->path + 1, '/');

	if (snprintf(writer->file, sizeof(writer->file), "%s%s%s", writer->folder,
		    below ? below : chunk->path, LOGROTATION_SUFFIX) >= (int)sizeof(writer->file))
		return ENAMETOOLONG;
	int fd = open_or_begin(writer, chunk, &size);
	if (fd < 0)
		return errno;
	int error = write_whole(fd, chunk->bytes, chunk->size, size);
	if (sys.close(fd) < 0 && error == 0 && errno != EINTR)
		error = errno; /* where the disk is somebody else's it may say so only now */
	return error;
}

/* --- what came of it --- */

/* With the mutex held. */
static void
lose(struct logwriter *writer, const char *path, int error, uint64_t lines)
{
	struct logwriter_state *state = &writer->state;

	state->lost += lines;
	writer->failed_ns = (int64_t)tri_now_ns();
	if (state->failing)
		return;
	state->failing = true;
	state->failures++;
	state->error = error;
	snprintf(state->path, sizeof(state->path), "%s", path);
	ring(writer);
}

/* It is over when the one that failed works again; a single bad file beside good ones is no news each time. */
static void
keep_account(struct logwriter *writer, const struct chunk *chunk, int error)
{
	struct logwriter_state *state = &writer->state;

	pthread_mutex_lock(&writer->mutex);
	if (error) {
		lose(writer, chunk->path, error, chunk->lines);
	} else if (state->failing && (strcmp(state->path, chunk->path) == 0 ||
					     (int64_t)tri_now_ns() - writer->failed_ns > CALM_NS)) {
		state->failing = false;
		ring(writer);
	}
	pthread_mutex_unlock(&writer->mutex);
}

/* --- the thread --- */

static size_t
entry_at(const char *bytes, struct entry *ret_entry, const char **ret_path, const char **ret_record)
{
	memcpy(ret_entry, bytes, sizeof(*ret_entry));
	*ret_path = bytes + sizeof(*ret_entry);
	*ret_record = *ret_path + ret_entry->path_size;
	return sizeof(*ret_entry) + ret_entry->path_size + ret_entry->record_size;
}

/* Whether the line goes into the chunk that was begun: the same file's, and no more than that may grow by. */
static bool
belongs(const struct chunk *chunk, const struct entry *entry, const char *path)
{
	size_t most = chunk->log.max_size < CHUNK_BYTES ? chunk->log.max_size : CHUNK_BYTES;

	return strcmp(chunk->path, path) == 0 && chunk->size + entry->record_size <= most;
}

static void
begin_chunk(struct chunk *chunk, const struct entry *entry, const char *path)
{
	memcpy(chunk->path, path, entry->path_size);
	chunk->log = entry->log;
	chunk->actors = entry->actors;
	chunk->size = 0;
	chunk->lines = 0;
}

/* Writes lines of the first one's actor from there on. Returns how many bytes that were. */
static size_t
write_some(struct logwriter *writer, const char *bytes, size_t size)
{
	struct chunk *chunk = &writer->chunk;
	struct entry entry;
	const char *path, *record;
	size_t done = 0;

	while (done < size) {
		size_t its_size = entry_at(bytes + done, &entry, &path, &record);
		if (done == 0)
			begin_chunk(chunk, &entry, path);
		else if (!belongs(chunk, &entry, path))
			break;
		memcpy(chunk->bytes + chunk->size, record, entry.record_size);
		chunk->size += entry.record_size;
		chunk->lines++;
		done += its_size;
	}
	keep_account(writer, chunk, write_chunk(writer, chunk));
	return done;
}

/* With the mutex held, but for the writing itself. */
static void
write_half(struct logwriter *writer)
{
	struct half *half = writer->front;

	writer->front = half == &writer->halves[0] ? &writer->halves[1] : &writer->halves[0];
	writer->turn++;
	pthread_mutex_unlock(&writer->mutex);
	for (size_t done = 0; done < half->used;)
		done += write_some(writer, half->bytes + done, half->used - done);
	pthread_mutex_lock(&writer->mutex);
	writer->written += half->lines;
	half->used = 0;
	half->lines = 0;
	if (writer->awaited)
		ring(writer);
	writer->awaited = false;
}

static void
free_writer(struct logwriter *writer)
{
	if (writer->bell >= 0)
		sys.close(writer->bell);
	pthread_mutex_destroy(&writer->mutex);
	pthread_cond_destroy(&writer->work);
	pthread_cond_destroy(&writer->ended);
	free(writer->folder);
	free(writer);
}

static void *
run(void *arg)
{
	struct logwriter *writer = arg;

	pthread_mutex_lock(&writer->mutex);
	while (!writer->closing || writer->front->used > 0) {
		if (writer->front->used > 0)
			write_half(writer);
		else
			pthread_cond_wait(&writer->work, &writer->mutex);
	}
	writer->has_ended = true;
	bool left_alone = writer->left_alone;
	pthread_cond_signal(&writer->ended);
	pthread_mutex_unlock(&writer->mutex);
	if (left_alone)
		free_writer(writer);
	return NULL;
}

/* --- what the supervisor calls --- */

tractor_err
logwriter_open(const char *folder, struct logwriter **ret_writer, int *ret_fd)
{
	struct logwriter *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t monotonic;

	if (!writer)
		return TRACTOR_ENOMEM;
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->work, &monotonic);
	pthread_cond_init(&writer->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	writer->front = &writer->halves[0];
	writer->bell = -1;
	tractor_err err = (writer->folder = strdup(folder)) ? TRACTOR_OK : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK && (writer->bell = sys.eventfd()) < 0)
		err = tri_why(TRACTOR_ESYSTEM, "no fd for the log files: %s", strerror(errno));
	if (err == TRACTOR_OK && sys.thread(&writer->thread, run, writer) < 0)
		err = tri_why(TRACTOR_ESYSTEM, "no thread for the log files: %s", strerror(errno));
	if (err != TRACTOR_OK) {
		free_writer(writer);
		return err;
	}
	*ret_writer = writer;
	*ret_fd = writer->bell;
	return TRACTOR_OK;
}

/* Room for `size` bytes in the half that is filled, within the actor's share; NULL: there is none. With the mutex held. */
static char *
reserve(struct logwriter *writer, size_t size, struct logwriter_share *share)
{
	struct half *half = writer->front;

	if (share->turn != writer->turn)
		*share = (struct logwriter_share){ .turn = writer->turn };
	if (size > HALF_BYTES - half->used || size > SHARE_BYTES - share->bytes)
		return NULL;
	char *room = half->bytes + half->used;
	share->bytes += size;
	half->used += size;
	half->lines++;
	return room;
}

void
logwriter_put(struct logwriter *writer, const struct logline *line, const struct spec_log *log,
	unsigned actors, struct logwriter_share *share)
{
	char record[LOGLINE_RECORD_BYTES];
	const struct entry entry = { .path_size = strlen(line->path) + 1,
		.record_size = logline_format(line, record),
		.log = *log,
		.actors = actors };

	pthread_mutex_lock(&writer->mutex);
	bool was_idle = writer->front->used == 0;
	char *room = reserve(writer, sizeof(entry) + entry.path_size + entry.record_size, share);
	if (room) {
		memcpy(room, &entry, sizeof(entry));
		memcpy(room + sizeof(entry), line->path, entry.path_size);
		memcpy(room + sizeof(entry) + entry.path_size, record, entry.record_size);
		writer->put++;
	} else {
		lose(writer, line->path, LOGWRITER_SLOW, 1);
	}
	if (was_idle)
		pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->mutex);
}

uint64_t
logwriter_mark(const struct logwriter *writer)
{
	return writer->put;
}

bool
logwriter_has_written(struct logwriter *writer, uint64_t mark)
{
	pthread_mutex_lock(&writer->mutex);
	bool has = writer->written >= mark;
	writer->awaited = writer->awaited || !has;
	pthread_mutex_unlock(&writer->mutex);
	return has;
}

void
logwriter_state(struct logwriter *writer, struct logwriter_state *ret_state)
{
	pthread_mutex_lock(&writer->mutex);
	*ret_state = writer->state;
	pthread_mutex_unlock(&writer->mutex);
}

void
logwriter_close(struct logwriter *writer, struct logwriter_state *ret_state)
{
	int64_t until_ns = (int64_t)tri_now_ns() + CLOSE_MS * INT64_C(1000000);
	const struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
	int late = 0;

	pthread_mutex_lock(&writer->mutex);
	writer->closing = true;
	pthread_cond_signal(&writer->work);
	while (!writer->has_ended && late == 0)
		late = pthread_cond_timedwait(&writer->ended, &writer->mutex, &until);
	bool has_ended = writer->has_ended;
	if (!has_ended) {
		lose(writer, "", LOGWRITER_SLOW, writer->put - writer->written);
		writer->left_alone = true; /* until the disk lets it go, or the program ends */
		pthread_detach(writer->thread);
	}
	*ret_state = writer->state;
	pthread_mutex_unlock(&writer->mutex);
	if (has_ended) {
		pthread_join(writer->thread, NULL);
		free_writer(writer);
	}
}
