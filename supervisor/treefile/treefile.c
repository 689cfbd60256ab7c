/*
 * treefile.c: from a path or a text to a checked spec: reads the file, has a YAML document made of it (treeyaml.c), has that walked
 * (treechild.c) and the spec checked (spec.c), and merges what each of these finds wrong into one report.
 *
 * It must not know any key of the tree file, nor libyaml's errors. Bad input of whatever kind ends in the report; nothing is
 * printed here.
 */
#include "treefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "treereport.h"
#include "treewalk.h"
#include "treeyaml.h"

static void
complain_of_spec(void *arg, const struct spec *where, const char *complaint)
{
	treereport_add(arg, where->line, where->column, "%s", complaint);
}

/* The spec of the text, unchecked. NULL: there is none in it, and the report says why. */
static struct spec *
read_spec(const char *text, size_t length, enum treefile_what what, const char *name, const char *directory,
	struct treefile_report *report)
{
	yaml_document_t document;

	if (length > TREEFILE_BYTES_MAX) {
		treereport_add(report, 0, 0, "is larger than %d MiB; is it the right file?",
			TREEFILE_BYTES_MAX / 1024 / 1024);
		return NULL;
	}
	if (treeyaml_load(text, length, report, &document) != TRACTOR_OK)
		return NULL;
	struct spec *root = treechild_root(&document, what, name, directory, report);
	yaml_document_delete(&document);
	return root;
}

tractor_err
treefile_parse(const char *text, size_t length, const char *name, const char *directory,
	struct treefile_report *report, struct spec **ret_root)
{
	return treefile_parse_part(text, length, TREEFILE_TREE, name, directory, report, ret_root);
}

tractor_err
treefile_parse_part(const char *text, size_t length, enum treefile_what what, const char *name,
	const char *directory, struct treefile_report *report, struct spec **ret_root)
{
	struct spec *root = NULL;
	tractor_err err = TRACTOR_OK;

	*report = (struct treefile_report){ 0 };
	char *absolute = realpath(directory != NULL ? directory : ".", NULL);
	if (absolute != NULL)
		root = read_spec(text, length, what, name, absolute, report);
	else if (errno == ENOMEM)
		report->out_of_memory = true;
	else
		treereport_add(report, 0, 0, "its directory %s: %s", directory != NULL ? directory : ".",
			strerror(errno));
	free(absolute);
	if (root != NULL && !report->out_of_memory)
		spec_check(root, complain_of_spec, report);

	if (report->out_of_memory)
		err = TRACTOR_ENOMEM;
	else if (report->count > 0)
		err = TRACTOR_EINVAL;
	if (err == TRACTOR_OK)
		*ret_root = root;
	else
		spec_free(root);
	return err;
}

/* The whole of `fd`, one byte more than is allowed at most. Returns 0 or errno. */
static int
read_all(int fd, char **ret_text, size_t *ret_length)
{
	size_t length = 0, size = 0;
	char *text = NULL;

	for (;;) {
		if (length == size) {
			size = size == 0 ? 4096 : size * 2;
			char *larger = realloc(text, size);
			if (larger == NULL) {
				free(text);
				return ENOMEM;
			}
			text = larger;
		}
		ssize_t got = read(fd, text + length, size - length);
		if (got < 0 && errno != EINTR) {
			int reason = errno;
			free(text);
			return reason;
		}
		length += got > 0 ? (size_t)got : 0;
		if (got == 0 || length > TREEFILE_BYTES_MAX)
			break;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

int
treefile_read(const char *path, char **ret_text, size_t *ret_length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	int reason = read_all(fd, ret_text, ret_length);
	close(fd);
	return reason;
}

char *
treefile_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

tractor_err
treefile_load(const char *path, struct treefile_report *report, struct spec **ret_root)
{
	char *text = NULL, *directory = NULL;
	tractor_err err = TRACTOR_ENOMEM;
	size_t length = 0;

	*report = (struct treefile_report){ 0 };
	int reason = treefile_read(path, &text, &length);
	if (reason == ENOMEM)
		goto out;
	if (reason != 0) {
		treereport_add(report, 0, 0, "can't be read: %s; name a file that can", strerror(reason));
		err = report->out_of_memory ? TRACTOR_ENOMEM : TRACTOR_ESYSTEM;
		goto out;
	}
	directory = treefile_directory(path);
	if (directory != NULL)
		err = treefile_parse(text, length, path, directory, report, ret_root);
out:
	free(directory);
	free(text);
	return err;
}
