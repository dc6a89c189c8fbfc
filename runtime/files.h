/* Packs from folders and archives. A pack is a folder with a .flow file that declares `pack`; a folder below it is a module. An
 * archive (runtime/pack/archive.h) is a folder in one file, and is read as the folder would be. */
#ifndef RUNTIME_FILES_H
#define RUNTIME_FILES_H

#include "dsl/compiler/compiler.h"
#include "runtime/pack/archive.h"

enum {
	FILE_BYTES_MOST = ARCHIVE_FILE_MOST, /* one source file */
	PACK_BYTES_MOST = 256 << 20,         /* all together */
	PACK_FILES_MOST = ARCHIVE_FILES_MOST,
	FOLDER_DEPTH_MOST = ARCHIVE_DEPTH_MOST,
};

typedef LIST(struct source_input) source_list;

/* A layer of a stack, or what joins the one before it. */
struct pack_source {
	const char *path;  /* a folder, a .flow file or an archive; with `bytes` only what messages call it */
	struct text bytes; /* an archive that is in memory already; empty: the path is read */
};

/* Reads what the paths name, in a fixed order, as layers of one stack. Without `tests`, folders of that name below them are
 * passed over; with it, what stands in them is marked. NOT_FOUND, DENIED, INVALID or LIMIT with a sentence that names the path.
 * Links that lead in circles are followed once. */
enum status files_read(struct arena *arena, const char *const *paths, uint32_t path_count, bool tests, source_list *sources_out,
		       struct error *error) MUST_CHECK;
/* The same of sources. Nothing of their bytes is kept. */
enum status sources_read(struct arena *arena, const struct pack_source *sources, uint32_t source_count, bool tests,
			 source_list *sources_out, struct error *error) MUST_CHECK;
/* A file that is no .flow file: whether it is an archive is seen when it is read. */
bool path_is_archive(const char *path);
/* All that files_read finds in one folder, as the bytes of an archive; and whether it is a pack, or only joins one. */
enum status folder_archive(struct arena *arena, const char *path, struct text *bytes_out, bool *is_pack_out,
			   struct error *error) MUST_CHECK;

/* One file of at most `most` bytes, NUL behind it. "-" is the standard input. */
enum status file_read(struct arena *arena, const char *path, size_t most, struct text *text_out,
		      struct error *error) MUST_CHECK;

/* Writes a file, in the place of what was there: whole and on the disk, or not at all. */
enum status file_replace(struct arena *arena, const char *path, struct text content, struct error *error) MUST_CHECK;

#endif
