/*
 * image.c: opens the files that the dead process had mapped. The names are those that it left behind, so each may be anything: only regular files are opened, only to read, and only
 * what says of itself that it is the build that ran is used. The kernel's own library is in no file; ours is the same.
 */
#include "image.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define VDSO "[vdso]"
#define VDSO_MAX_BYTES (64u << 10) /* some times what it has */
#define MODULES_MAX 64		   /* files to be opened: more than an honest black box has build ids */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#endif

static const struct tri_module *
captured_module(const struct tri_fault *fault, uint64_t start)
{
	uint32_t count = fault->module_count < TRI_MODULE_COUNT ? fault->module_count : TRI_MODULE_COUNT;

	for (uint32_t i = 0; i < count; i++)
		if (fault->modules[i].start == start && fault->modules[i].build_id_bytes > 0 &&
			fault->modules[i].build_id_bytes <= TRI_BUILD_ID_BYTES)
			return &fault->modules[i];
	return NULL;
}

/* The first one of the same file: a file is mapped in pieces, one behind the other. */
static const struct mapping *
first_of(const struct image *image, const struct mapping *mapping)
{
	while (mapping > image->mappings.items && *mapping->name &&
		strcmp(mapping[-1].name, mapping->name) == 0 && mapping[-1].inode == mapping->inode)
		mapping--;
	return mapping;
}

const struct tri_module *
image_build_id(const struct image *image, const struct mapping *mapping)
{
	return captured_module(image->fault, first_of(image, mapping)->start);
}

static bool
is_build(Elf *elf, const struct tri_module *module)
{
	const void *id;
	ssize_t size = dwelf_elf_gnu_build_id(elf, &id);

	return size == (ssize_t)module->build_id_bytes && memcmp(id, module->build_id, (size_t)size) == 0;
}

/* A program or a library of this machine's. */
static bool
is_loadable(Elf *elf)
{
	GElf_Ehdr header;

	return elf && gelf_getehdr(elf, &header) && header.e_machine == OUR_MACHINE &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* Where nothing was captured of its build, the file must at least be the one that was mapped. */
static bool
is_what_ran(int fd, const struct stat *about, const struct tri_module *module, uint64_t inode)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool good = is_loadable(elf) && (module ? is_build(elf, module) : about->st_ino == inode);

	elf_end(elf);
	return good;
}

/* Looked at before it is opened: there are devices that act upon being opened. */
static int
open_file(const char *name, struct stat *ret_about)
{
	if (stat(name, ret_about) < 0 || !S_ISREG(ret_about->st_mode))
		return -1;
	return open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void
add_file(struct image *image, const struct mapping *first)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(first->name), tail = sizeof(deleted) - 1;
	struct stat about;
	char *name = strdup(first->name);

	/* Another file of that name may be the same build all the same. */
	if (name && length > tail && strcmp(name + length - tail, deleted) == 0)
		name[length - tail] = '\0';
	int fd = name ? open_file(name, &about) : -1;
	if (fd >= 0 && is_what_ran(fd, &about, captured_module(image->fault, first->start), first->inode) &&
		dwfl_report_elf(image->dwfl, name, name, fd, first->start, false))
		fd = -1; /* it is libdw's now */
	if (fd >= 0)
		close(fd);
	free(name);
}

static Elf *
our_vdso(void)
{
	const char *memory = (const char *)getauxval(AT_SYSINFO_EHDR); /* NOLINT(performance-no-int-to-ptr) */
	Elf64_Ehdr header;

	if (!memory)
		return NULL;
	memcpy(&header, memory, sizeof(header));
	size_t size = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	return size <= VDSO_MAX_BYTES ? elf_memory((char *)memory, size) : NULL;
}

static void
add_vdso(struct image *image, const struct mapping *mapping)
{
	const struct tri_module *module = captured_module(image->fault, mapping->start);
	Elf *ours = our_vdso();

	if (ours && module && is_build(ours, module))
		dwfl_report_module(image->dwfl, VDSO, mapping->start, mapping->end);
	elf_end(ours);
}

/* For what was reported without a file. */
static int
find_elf(Dwfl_Module *module, void **own, const char *name, Dwarf_Addr base, char **ret_file, Elf **ret_elf)
{
	(void)module;
	(void)own;
	(void)base;
	*ret_file = NULL;
	*ret_elf = strcmp(name, VDSO) == 0 ? our_vdso() : NULL;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* Whether any piece of the file that begins there can be executed: nobody's data is opened. */
static bool
has_code(const struct image *image, size_t first)
{
	const struct mapping *items = image->mappings.items;

	for (size_t i = first; i < image->mappings.count && strcmp(items[i].name, items[first].name) == 0;
		i++)
		if (items[i].permissions[2] == 'x')
			return true;
	return false;
}

void
image_open(struct tri_fault *fault, struct image *ret_image)
{
	uint32_t bytes = fault->maps_bytes < TRI_MAPS_BYTES ? fault->maps_bytes : TRI_MAPS_BYTES - 1;
	unsigned opened = 0;

	fault->maps[bytes] = '\0';
	ret_image->fault = fault;
	mappings_parse(fault->maps, &ret_image->mappings);
	ret_image->dwfl = dwfl_begin(&callbacks);
	if (!ret_image->dwfl)
		return;
	dwfl_report_begin(ret_image->dwfl);
	for (size_t i = 0; i < ret_image->mappings.count && opened < MODULES_MAX; i++) {
		const struct mapping *mapping = &ret_image->mappings.items[i];
		if (mapping->offset != 0 || !has_code(ret_image, i))
			continue;
		if (strcmp(mapping->name, VDSO) == 0)
			add_vdso(ret_image, mapping);
		else if (mapping->name[0] == '/')
			add_file(ret_image, mapping);
		else
			continue;
		opened++;
	}
	dwfl_report_end(ret_image->dwfl, NULL, NULL);
}

void
image_close(struct image *image)
{
	if (image->dwfl)
		dwfl_end(image->dwfl);
}
