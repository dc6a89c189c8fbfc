/* Packs from folders. A pack is a folder with a .flow file that declares `pack`; a folder below it is a module. */
#ifndef RUNTIME_FILES_H
#define RUNTIME_FILES_H

#include "dsl/compiler/compiler.h"

enum {
	FILE_BYTES_MOST = 16 << 20,  /* one source file */
	PACK_BYTES_MOST = 256 << 20, /* all together */
	PACK_FILES_MOST = 20000,
	FOLDER_DEPTH_MOST = 16,
};

typedef LIST(struct source_input) source_list;

/* Reads what the paths name, in a fixed order, as layers of one stack. Without `tests`, folders of that name below them are
 * passed over; with it, what stands in them is marked. NOT_FOUND, DENIED, INVALID or LIMIT with a sentence that names the path.
 * Links that lead in circles are followed once. */
enum status files_read(struct arena *arena, const char *const *paths, uint32_t path_count, bool tests, source_list *sources_out,
		       struct error *error) MUST_CHECK;

/* One file of at most `most` bytes, NUL behind it. "-" is the standard input. */
enum status file_read(struct arena *arena, const char *path, size_t most, struct text *text_out,
		      struct error *error) MUST_CHECK;

#endif
