/*
 * modules.c: the build ids of what a process has mapped, read from its memory in a signal handler: a file may be replaced while a program runs, and then the wrong one would be
 * asked what was where. The program's own data is trusted no more than a file's: what makes no sense is left out. Async-signal-safe.
 */
#include "modules.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "peek.h"

#define SEGMENTS_MAX 24	     /* a program has a dozen */
#define NOTES_MAX_BYTES 1024 /* each some thirty */

/* Where to read in a line of /proc/self/maps. */
struct text {
	const char *at, *end;
};

static uint64_t
read_hex(struct text *text)
{
	uint64_t number = 0;

	for (; text->at < text->end; text->at++) {
		char c = *text->at;
		if (c >= '0' && c <= '9')
			number = number << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return number;
}

static void
skip_word(struct text *text)
{
	while (text->at < text->end && *text->at == ' ')
		text->at++;
	while (text->at < text->end && *text->at != ' ')
		text->at++;
}

/* "start-end perms offset device inode   name": of a file's beginning, or of the kernel's own library, its start; else 0. */
static uint64_t
module_start(struct text line)
{
	static const char vdso[] = "[vdso]";
	uint64_t start = read_hex(&line);

	skip_word(&line); /* "-end" */
	skip_word(&line);
	while (line.at < line.end && *line.at == ' ')
		line.at++;
	uint64_t offset = read_hex(&line);
	skip_word(&line);
	skip_word(&line);
	while (line.at < line.end && *line.at == ' ')
		line.at++;
	size_t length = (size_t)(line.end - line.at);
	bool is_file = length > 0 && *line.at == '/';
	bool is_vdso = length == sizeof(vdso) - 1 && memcmp(line.at, vdso, length) == 0;
	return offset == 0 && (is_file || is_vdso) ? start : 0;
}

bool
tri_find_build_id(const uint8_t *notes, size_t size, struct tri_module *module)
{
	Elf64_Nhdr note; /* the same in 32 bits */
	size_t at = 0;

	while (at + sizeof(note) <= size) {
		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		size_t name_bytes = ((size_t)note.n_namesz + 3) & ~(size_t)3,
		       id_bytes = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name_bytes > size - at || id_bytes > size - at - name_bytes)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
			memcmp(notes + at, "GNU", sizeof("GNU")) == 0 && note.n_descsz > 0 &&
			note.n_descsz <= TRI_BUILD_ID_BYTES) {
			memcpy(module->build_id, notes + at + name_bytes, note.n_descsz);
			module->build_id_bytes = note.n_descsz;
			return true;
		}
		at += name_bytes + id_bytes;
	}
	return false;
}

static void
read_segments(const Elf64_Phdr *segments, size_t count, struct tri_module *module)
{
	uint8_t notes[NOTES_MAX_BYTES];
	uint64_t bias = module->start;

	for (size_t i = 0; i < count; i++)
		if (segments[i].p_type == PT_LOAD) {
			bias = module->start - (segments[i].p_vaddr - segments[i].p_offset);
			break;
		}
	for (size_t i = 0; i < count && module->build_id_bytes == 0; i++) {
		size_t size = segments[i].p_memsz < sizeof(notes) ? segments[i].p_memsz : sizeof(notes);
		if (segments[i].p_type == PT_NOTE)
			tri_find_build_id(notes, tri_peek(bias + segments[i].p_vaddr, notes, size), module);
	}
}

/* False: it is no program and no library. */
static bool
read_module(struct tri_module *module)
{
	Elf64_Phdr segments[SEGMENTS_MAX];
	Elf64_Ehdr header;

	if (tri_peek(module->start, &header, sizeof(header)) != sizeof(header) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	size_t count = header.e_phnum < SEGMENTS_MAX ? header.e_phnum : SEGMENTS_MAX;
	if (header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_phentsize == sizeof(segments[0]))
		read_segments(segments,
			tri_peek(module->start + header.e_phoff, segments, count * sizeof(segments[0])) /
				sizeof(segments[0]),
			module);
	return true;
}

void
tri_note_modules(struct tri_fault *fault)
{
	struct text maps = { fault->maps, fault->maps + fault->maps_bytes };

	while (maps.at < maps.end && fault->module_count < TRI_MODULE_COUNT) {
		const char *newline = memchr(maps.at, '\n', (size_t)(maps.end - maps.at));
		const char *end = newline ? newline : maps.end;
		struct tri_module module = { .start = module_start((struct text){ maps.at, end }) };
		maps.at = newline ? newline + 1 : end;
		if (module.start != 0 && read_module(&module))
			fault->modules[fault->module_count++] = module;
	}
}

/* Its segments are told behind its header, wherever the kernel has put it. */
void
tri_note_program(struct tri_module *ret_program)
{
	struct tri_module program = { .start = getauxval(AT_PHDR) - sizeof(Elf64_Ehdr) };

	read_module(&program);
	*ret_program = program;
}
