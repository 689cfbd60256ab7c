/*
 * replayprogram.c: which program a replay runs, and how. A crash is one of that build of the program and of no other, so a file whose build id differs is refused; what stands at the recorded path may have
 * been built anew since. The file is read as if anybody had written it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules.h"
#include "output.h"
#include "replay.h"
#include "treeexec.h"
#include "why.h"

#define SEGMENTS_MAX 64
#define NOTES_MAX_BYTES 4096

/* --- which build it is --- */

static bool
read_at(int fd, void *to, size_t size, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

static void
look_for_build_id(int fd, const Elf64_Ehdr *header, struct tri_module *module)
{
	uint8_t notes[NOTES_MAX_BYTES];
	Elf64_Phdr segment;

	for (unsigned i = 0; i < header->e_phnum && i < SEGMENTS_MAX && module->build_id_bytes == 0; i++) {
		if (!read_at(fd, &segment, sizeof(segment), header->e_phoff + i * sizeof(segment)))
			return;
		if (segment.p_type == PT_NOTE && segment.p_filesz <= sizeof(notes) &&
			read_at(fd, notes, segment.p_filesz, segment.p_offset))
			tri_find_build_id(notes, segment.p_filesz, module);
	}
}

/* False: the file can't be read, errno says why. One that has no build id has 0 bytes of it; a script has none, and may start a program that has one. */
static bool
build_id_of(const char *path, struct tri_module *ret_module, bool *ret_is_script)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is not waited for */
	Elf64_Ehdr header = { .e_phnum = 0 };

	*ret_module = (struct tri_module){ .build_id_bytes = 0 };
	if (fd < 0)
		return false;
	bool whole = read_at(fd, &header, sizeof(header), 0);
	*ret_is_script = memcmp(header.e_ident, "#!", 2) == 0;
	if (whole && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
		header.e_phentsize == sizeof(Elf64_Phdr))
		look_for_build_id(fd, &header, ret_module);
	close(fd);
	return true;
}

const char *
replayprogram_build_id(const uint8_t *bytes, size_t size, char text[REPLAY_BUILD_ID_TEXT])
{
	*text = '\0';
	for (size_t i = 0; i < size && i < TRI_BUILD_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static bool
is_same_build(const struct recording_about *about, const char *path)
{
	char recorded[REPLAY_BUILD_ID_TEXT], found[REPLAY_BUILD_ID_TEXT];
	struct tri_module module;
	bool is_script;

	if (!build_id_of(path, &module, &is_script)) {
		output_error("%s: %s; name the program with --exec PATH", path, strerror(errno));
		return false;
	}
	replayprogram_build_id(about->build_id.data, about->build_id.size, recorded);
	replayprogram_build_id(module.build_id, module.build_id_bytes, found);
	if (*recorded == '\0') {
		output_error(
			"the program that crashed had no build id: whether %s is the same cannot be known",
			path);
		return true;
	}
	if (strcmp(recorded, found) == 0 || is_script) /* what that starts is looked at when it says hello */
		return true;
	output_error("%s is another build than the one that crashed: its build id is %s, that one's was %s; "
		     "name that build with --exec PATH",
		path, *found != '\0' ? found : "none", recorded);
	return false;
}

static bool
find_program(struct replay_program *program, const struct recording_about *about, const char *exec)
{
	char path[PATH_MAX];

	if (exec != NULL && realpath(exec, path) == NULL) {
		output_error("--exec %s: %s", exec, strerror(errno));
		return false;
	}
	program->path = output_need(strdup(exec != NULL ? path : about->program));
	return is_same_build(about, program->path);
}

/* --- below what --- */

enum tool { TOOL_NONE, TOOL_GDB, TOOL_VALGRIND };

static enum tool
tool_of(const struct command_line *line)
{
	return line->gdb ? TOOL_GDB : line->valgrind ? TOOL_VALGRIND : TOOL_NONE;
}

static bool
find_tool(struct replay_program *program, enum tool tool)
{
	static const char *const names[] = { [TOOL_GDB] = "gdb", [TOOL_VALGRIND] = "valgrind" };
	struct treevalue_fault fault;

	if (tool == TOOL_NONE)
		return true;
	if (treeexec_find(names[tool], "/", &program->tool, &fault) == TRACTOR_OK)
		return true;
	output_error("no %s in PATH that can be executed; install it, or replay without --%s", names[tool],
		names[tool]);
	return false;
}

/* What each is told in any case, before what the user has to say; ended by NULL. */
static const char *const words_for[][3] = {
	[TOOL_NONE] = { NULL },
	[TOOL_GDB] = { "-iex", "set startup-with-shell off" }, /* the program itself, in this environment */
	[TOOL_VALGRIND] = { "--vex-iropt-register-updates=allregs-at-mem-access" }, /* the instruction that faulted is run again after the capture, with the registers that it had */
};
#define WORDS_MAX 16 /* of all these, and the program's own */

static void
make_argv(
	struct replay_program *program, const struct recording_about *about, const struct command_line *line)
{
	const char **argv = output_need(calloc((size_t)line->word_count + WORDS_MAX, sizeof(*argv)));
	size_t count = 0;

	if (program->tool != NULL)
		argv[count++] = program->tool;
	for (const char *const *word = words_for[tool_of(line)]; *word != NULL; word++)
		argv[count++] = *word;
	for (int i = line->last ? 0 : 1; i < line->word_count; i++)
		argv[count++] = line->words[i];
	if (tool_of(line) == TOOL_GDB)
		argv[count++] = "--args";
	argv[count++] = program->tool != NULL || line->exec != NULL ? program->path : about->exec;
	argv[count] = about->path;
	program->argv = (char **)argv;
}

/* --- in what surroundings --- */

/* By these a stranger's recording would have the loader run what it likes; an actor of ours has no need of them. */
static bool
is_loaders(const char *entry)
{
	static const char *const names[] = { "LD_", "GLIBC_TUNABLES=", "GCONV_PATH=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static bool
is_named(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* A debugger shows itself on this terminal, not on the one that the tree had. */
static const char *const terminals[] = { "TERM", "DISPLAY", "HOME" };
#define TERMINALS (sizeof(terminals) / sizeof(terminals[0]))

static bool
is_terminals(const char *entry)
{
	for (size_t i = 0; i < TERMINALS; i++)
		if (is_named(entry, terminals[i]))
			return true;
	return false;
}

extern char **environ;

static void
make_environment(struct replay_program *program, const struct recording_about *about, bool is_strangers)
{
	const tractor_field_list_str *recorded = &about->environment;
	const char **entries =
		output_need(calloc(recorded->count + TERMINALS + 2, sizeof(*entries))); /* one for the link */
	size_t count = 0, left_out = 0;

	for (size_t i = 0; i < recorded->count; i++) {
		const char *entry = recorded->items[i];
		bool others = program->tool != NULL && is_terminals(entry);
		if (is_strangers && is_loaders(entry))
			left_out++;
		else if (!others)
			entries[count++] = entry;
	}
	for (char **entry = environ; program->tool != NULL && *entry != NULL; entry++)
		if (is_terminals(*entry) && count < recorded->count + TERMINALS)
			entries[count++] = *entry;
	if (left_out > 0)
		output_error("what the bundle says about the loader (LD_...) is left out");
	program->environment = (char **)entries;
}

static void
choose_directory(struct replay_program *program, const char *recorded)
{
	if (*recorded == '\0')
		return;
	if (access(recorded, X_OK) == 0)
		program->directory = recorded;
	else
		output_error("its working directory %s: %s; it runs here", recorded, strerror(errno));
}

bool
replayprogram_find(const struct recording *recording, bool is_strangers, const struct command_line *line,
	struct replay_program *ret_program)
{
	const struct recording_about *about = &recording->about;

	*ret_program = (struct replay_program){ .path = NULL };
	if (!find_program(ret_program, about, line->exec) || !find_tool(ret_program, tool_of(line)))
		return false;
	make_argv(ret_program, about, line);
	make_environment(ret_program, about, is_strangers);
	choose_directory(ret_program, about->directory);
	return true;
}

void
replayprogram_free(struct replay_program *program)
{
	free(program->path);
	free(program->tool);
	free(program->argv);
	free(program->environment);
}
