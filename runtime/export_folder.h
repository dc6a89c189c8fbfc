/* Files of an export in a folder: none of them is there by its name before all of them are complete. */
#ifndef RUNTIME_EXPORT_FOLDER_H
#define RUNTIME_EXPORT_FOLDER_H

#include "engine/base/list.h"
#include "runtime/export.h"

struct folder_file {
	struct text name;
	uint64_t rows, bytes;
};

struct export_folder {
	struct arena *arena;
	const char *path;
	LIST(struct folder_file) files;
	int current; /* descriptor; -1: none */
};

void folder_begin(struct export_folder *folder, struct arena *arena, const char *path);
/* As those of struct export_sink; `host` is the folder. */
enum status folder_open(void *host, struct text name, struct error *error) MUST_CHECK;
enum status folder_write(void *host, struct text bytes, struct error *error) MUST_CHECK;
enum status folder_close(void *host, uint64_t rows, struct error *error) MUST_CHECK;
/* Gives them their names; files that had these are replaced. */
enum status folder_keep(struct export_folder *folder, struct error *error) MUST_CHECK;
/* Takes away what was written since folder_begin, or does nothing after folder_keep. */
void folder_forget(struct export_folder *folder);

#endif
