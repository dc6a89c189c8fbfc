/* Writes files beside their place, as `NAME.part`, and moves them there when all is well. */
#include "runtime/export_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *part_path(const struct export_folder *folder, struct text name)
{
	return text_format(folder->arena, "%s/%.*s.part", folder->path, TEXT_ARGS(name)).bytes;
}

static enum status failed(const struct export_folder *folder, const char *what, struct text name, struct error *error)
{
	return error_set(error, INVALID, "%s/%.*s can not be %s: %s", folder->path, TEXT_ARGS(name), what, strerror(errno));
}

void folder_begin(struct export_folder *folder, struct arena *arena, const char *path)
{
	*folder = (struct export_folder){.arena = arena, .path = path, .current = -1};
}

enum status folder_open(void *host, struct text name, struct error *error)
{
	struct export_folder *folder = host;
	struct text own = text_copy(folder->arena, name);

	/* one of that name is from an export that was killed */
	folder->current = open(part_path(folder, own), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (folder->current < 0)
		return failed(folder, "made", own, error);
	*list_add(folder->arena, &folder->files) = (struct folder_file){.name = own};
	return OK;
}

enum status folder_write(void *host, struct text bytes, struct error *error)
{
	struct export_folder *folder = host;
	struct folder_file *file = list_last(&folder->files);

	while (bytes.length) {
		ssize_t written = write(folder->current, bytes.bytes, bytes.length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return failed(folder, "written", file->name, error);
		file->bytes += (uint64_t)written;
		bytes = text_slice(bytes, (uint32_t)written, bytes.length);
	}
	return OK;
}

enum status folder_close(void *host, uint64_t rows, struct error *error)
{
	struct export_folder *folder = host;
	struct folder_file *file = list_last(&folder->files);
	int descriptor = folder->current;

	file->rows = rows;
	folder->current = -1;
	bool fine = fsync(descriptor) == 0;
	return close(descriptor) == 0 && fine ? OK : failed(folder, "written", file->name, error);
}

enum status folder_keep(struct export_folder *folder, struct error *error)
{
	for (uint32_t i = 0; i < folder->files.count; i++) {
		struct text name = folder->files.items[i].name;
		const char *path = text_format(folder->arena, "%s/%.*s", folder->path, TEXT_ARGS(name)).bytes;
		if (rename(part_path(folder, name), path) != 0)
			return failed(folder, "made", name, error);
	}
	folder->files.count = 0;
	return OK;
}

void folder_forget(struct export_folder *folder)
{
	if (folder->current >= 0)
		close(folder->current);
	for (uint32_t i = 0; i < folder->files.count; i++)
		unlink(part_path(folder, folder->files.items[i].name));
	folder->files.count = 0;
	folder->current = -1;
}
