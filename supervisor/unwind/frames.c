/*
 * frames.c: what the symbols and the debug information of a file, if it has any, say about an address. Names are the file's, bounded and made UTF-8. What isn't known is null, and so is what
 * there is no memory for.
 */
#include "frames.h"

#include <dwarf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define NAME_MAX_BYTES 256  /* of a function */
#define PATH_MAX_BYTES 1024 /* of a source file or a module */

/* An address in a file. */
struct place {
	Dwfl_Module *module;
	Dwarf_Addr address; /* within the instruction that is meant */
	Dwarf_Die *unit;    /* of the debug information; NULL: there is none for it */
	Dwarf_Addr bias;    /* of the debug information's addresses */
};

static json_t *
text_json(const char *text, size_t max)
{
	return text ? utf8_json(text, utf8_fit(text, strlen(text), max)) : json_null();
}

static json_t *
hex_json(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

/* --- the frame and its module --- */

static json_t *
build_id_json(const struct tri_module *module)
{
	char text[2 * TRI_BUILD_ID_BYTES + 1] = "";

	if (!module)
		return json_null();
	for (uint32_t i = 0; i < module->build_id_bytes; i++)
		snprintf(text + (size_t)2 * i, 3, "%02x", module->build_id[i]);
	return json_string(text);
}

static json_t *
new_frame(const struct image *image, uint64_t address)
{
	const struct mapping *mapping = mappings_find(&image->mappings, address);
	json_t *frame = json_pack("{s:o, s:n, s:n, s:n, s:n, s:b}", "address", hex_json(address), "function",
		"offset", "file", "line", "inlined", 0);

	if (!mapping || !*mapping->name)
		return frame;
	json_object_set_new(frame, "module", text_json(mapping->name, PATH_MAX_BYTES));
	json_object_set_new(frame, "module_offset", hex_json(address - mapping->start + mapping->offset));
	json_object_set_new(frame, "build_id", build_id_json(image_build_id(image, mapping)));
	return frame;
}

static void
set_line(json_t *frame, const char *file, int line)
{
	if (!file)
		return;
	json_object_set_new(frame, "file", text_json(file, PATH_MAX_BYTES));
	json_object_set_new(frame, "line", line > 0 ? json_integer(line) : json_null());
}

/* --- debug information --- */

/*
 * Some compilers write no index of the units (.debug_aranges): then each is asked. And libdw takes what is between two units (what the compiler brings along, such as _start) for the first one's: that has no line.
 */
static void
find_unit(struct place *place)
{
	Dwarf_Die *unit = dwfl_module_addrdie(place->module, place->address, &place->bias);

	if (unit && dwarf_haspc(unit, place->address - place->bias) == 0)
		return;
	while (!unit && (unit = dwfl_module_nextcu(place->module, place->unit, &place->bias))) {
		place->unit = unit;
		if (dwarf_haspc(unit, place->address - place->bias) <= 0)
			unit = NULL;
		else
			break;
	}
	place->unit = unit;
}

static bool
is_function(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
}

/* The functions around the address, the innermost first, all but the last of them inlined; how many. */
static size_t
find_functions(struct place *place, Dwarf_Die *functions, size_t max)
{
	Dwarf_Die *scopes = NULL, *around = NULL, innermost;
	size_t count = 0;
	int scope_count =
		    place->unit ? dwarf_getscopes(place->unit, place->address - place->bias, &scopes) : 0,
	    i = 0;

	while (i < scope_count && !is_function(&scopes[i]))
		i++;
	if (i < scope_count) {
		/* The scopes of the source are not those of the machine's code: where it was inlined is asked of the function itself. */
		innermost = scopes[i];
		int around_count = dwarf_getscopes_die(&innermost, &around);
		for (int j = 0; j < around_count && count < max; j++)
			if (is_function(&around[j]))
				functions[count++] = around[j];
	}
	free(scopes);
	free(around);
	return count;
}

/* Where an inlined function was called: in the one around it. */
static void
set_call_line(json_t *frame, const struct place *place, Dwarf_Die *inlined)
{
	Dwarf_Files *files;
	Dwarf_Attribute attribute;
	Dwarf_Word file, line = 0;
	size_t count;

	if (dwarf_getsrcfiles(place->unit, &files, &count) != 0 ||
		dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
		file >= count)
		return;
	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line);
	set_line(frame, dwarf_filesrc(files, file, NULL, NULL), line <= INT32_MAX ? (int)line : 0);
}

static void
set_own_line(json_t *frame, const struct place *place)
{
	Dwarf_Line *line = place->unit ? dwarf_getsrc_die(place->unit, place->address - place->bias) : NULL;
	int number = 0;

	if (!line)
		return;
	dwarf_lineno(line, &number);
	set_line(frame, dwarf_linesrc(line, NULL, NULL), number);
}

/* --- symbols --- */

/* The function that the address is in, and how far. The symbol table has those names that no debug information has. */
static void
set_function(json_t *frame, const struct place *place, const char *name, uint64_t address)
{
	GElf_Off offset;
	GElf_Sym symbol;
	const char *found =
		dwfl_module_addrinfo(place->module, place->address, &offset, &symbol, NULL, NULL, NULL);
	bool is_in = found && offset < symbol.st_size; /* what has no size may be anywhere behind its name */

	if (!name && is_in)
		name = found;
	json_object_set_new(frame, "function", text_json(name, NAME_MAX_BYTES));
	if (is_in) /* that of a return address is behind the call */
		json_object_set_new(frame, "offset", hex_json(offset + (address - place->address)));
}

/* --- the whole --- */

void
frames_add(const struct image *image, uint64_t address, bool is_return, json_t *frames)
{
	struct place place = { .address = address - (is_return ? 1 : 0) };
	Dwarf_Die functions[FRAMES_PER_ADDRESS_MAX];
	json_t *frame = new_frame(image, address);
	size_t count = 0;

	place.module = image->dwfl ? dwfl_addrmodule(image->dwfl, place.address) : NULL;
	if (place.module) {
		find_unit(&place);
		count = find_functions(&place, functions, FRAMES_PER_ADDRESS_MAX);
		set_own_line(frame, &place);
	}
	for (size_t i = 0; i + 1 < count; i++) {
		json_object_set_new(
			frame, "function", text_json(dwarf_diename(&functions[i]), NAME_MAX_BYTES));
		json_object_set_new(frame, "inlined", json_true());
		json_array_append_new(frames, frame);
		frame = new_frame(image, address);
		set_call_line(frame, &place, &functions[i]);
	}
	if (place.module)
		set_function(frame, &place, count > 0 ? dwarf_diename(&functions[count - 1]) : NULL, address);
	json_array_append_new(frames, frame);
}
