/* Reads packs from folders and archives: only regular .flow and .lua files, in the order of their names, bounded in size,
 * number and depth. Must hold no open file while the arena may unwind. */
#include "runtime/files.h"
#include "runtime/terminal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place { /* a folder that was read: the same one again is a circle, or was given twice */
	dev_t device;
	ino_t inode;
};

struct reading {
	struct arena *arena;
	source_list *sources;
	uint32_t layer;
	size_t bytes;
	LIST(struct place) seen;
	bool tests;    /* read the folders of that name as well */
	bool in_tests; /* below one of them now */
	struct error *error;
};

static enum status cannot(struct error *error, const char *path)
{
	enum status status = errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : DENIED;
	if (status == NOT_FOUND)
		return error_set(error, NOT_FOUND, "there is no file or folder `%s`", path);
	return error_set(error, DENIED, "`%s` cannot be read: %s", path, strerror(errno));
}

static enum status input_read(struct arena *arena, size_t most, struct text *text_out, struct error *error)
{
	struct text_builder builder = {.arena = arena};
	char buffer[65536];
	ssize_t count;
	while ((count = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
		builder_add(&builder, (struct text){buffer, (uint32_t)count});
		if (builder.length > most)
			return error_set(error, LIMIT, "the standard input has more than %zu MB", most >> 20);
	}
	*text_out = builder_text(&builder);
	return count < 0 ? cannot(error, "-") : OK;
}

static enum status bytes_read(const char *path, char *bytes, size_t size, size_t *length_out, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return cannot(error, path);
	size_t length = 0;
	ssize_t count = 0;
	while (length < size && (count = read(file, bytes + length, size - length)) > 0)
		length += (size_t)count;
	int problem = errno;
	close(file);
	errno = problem;
	*length_out = length;
	return count < 0 ? cannot(error, path) : OK;
}

enum status file_read(struct arena *arena, const char *path, size_t most, struct text *text_out, struct error *error)
{
	struct stat facts;
	if (!strcmp(path, "-"))
		return input_read(arena, most, text_out, error);
	if (stat(path, &facts))
		return cannot(error, path);
	if (S_ISDIR(facts.st_mode))
		return error_set(error, INVALID, "`%s` is a folder; a file is wanted here", path);
	if (!S_ISREG(facts.st_mode))
		return error_set(error, INVALID, "`%s` is no regular file; `-` reads the standard input", path);
	if ((size_t)facts.st_size > most)
		return error_set(error, LIMIT, "`%s` has %lld bytes; a file may have %zu", path, (long long)facts.st_size,
				 most);
	char *bytes = arena_alloc_raw(arena, (size_t)facts.st_size + 1, 1);
	size_t length = 0;
	enum status status = bytes_read(path, bytes, (size_t)facts.st_size, &length, error);
	bytes[status == OK ? length : 0] = 0;
	*text_out = (struct text){bytes, status == OK ? (uint32_t)length : 0};
	return status;
}

static bool all_written(int file, struct text content)
{
	uint32_t written = 0;
	ssize_t count = 0;
	while (written < content.length && (count = write(file, content.bytes + written, content.length - written)) > 0)
		written += (uint32_t)count;
	return written == content.length && !fsync(file);
}

enum status file_replace(struct arena *arena, const char *path, struct text content, struct error *error)
{
	char *beside = arena_format(arena, "%s.XXXXXX", path);
	struct stat facts;
	if (!stat(path, &facts) && !S_ISREG(facts.st_mode))
		return error_set(error, INVALID, "`%s` is no regular file, and is not replaced by one", path);
	mode_t mask = umask(0);
	umask(mask);
	int file = mkostemp(beside, O_CLOEXEC);
	if (file < 0)
		return error_set(error, DENIED, "`%s` cannot be written: %s", path, strerror(errno));
	bool done = !fchmod(file, 0666 & ~mask) && all_written(file, content);
	int problem = errno;
	close(file);
	if (done && !rename(beside, path))
		return OK;
	problem = done ? errno : problem;
	unlink(beside);
	return error_set(error, DENIED, "`%s` cannot be written: %s", path, strerror(problem));
}

/* --- folders */
static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* How many names the folder has and how many bytes they need; with `names` also copies them. */
static enum status names_walk(const char *path, char *bytes, size_t size, const char **names, size_t *count, size_t *bytes_out,
			      struct error *error)
{
	DIR *folder = opendir(path);
	if (!folder)
		return cannot(error, path);
	size_t found = 0, used = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		size_t length = strlen(entry->d_name) + 1;
		if (entry->d_name[0] == '.')
			continue;
		if (names && (found >= *count || used + length > size))
			break;
		if (names)
			names[found] = memcpy(bytes + used, entry->d_name, length);
		found++;
		used += length;
	}
	closedir(folder);
	*count = found;
	*bytes_out = used;
	return OK;
}

static enum status names_read(struct arena *arena, const char *path, const char ***names_out, size_t *count_out,
			      struct error *error)
{
	size_t count = 0, used = 0;
	enum status status = names_walk(path, NULL, 0, NULL, &count, &used, error);
	if (status != OK)
		return status;
	if (count > PACK_FILES_MOST)
		return error_set(error, LIMIT, "the folder `%s` has more than %d entries; is it the right one?", path,
				 PACK_FILES_MOST);
	const char **names = arena_array(arena, const char *, count + 1);
	char *bytes = arena_alloc_raw(arena, used + 1, 1);
	size_t size = used;
	status = names_walk(path, bytes, size, names, &count, &used, error);
	qsort(names, count, sizeof(*names), by_name);
	*names_out = names;
	*count_out = count;
	return status;
}

static bool has_ending(const char *name, const char *ending)
{
	return text_ends(text_from(name), text_from(ending)) && strlen(name) > strlen(ending);
}

static enum status source_keep(struct reading *reading, struct text path, struct text module, struct text text)
{
	reading->bytes += text.length;
	progress("reading files", reading->sources->count, 0);
	if (reading->bytes > PACK_BYTES_MOST || reading->sources->count >= PACK_FILES_MOST)
		return error_set(reading->error, LIMIT,
				 "the packs have more than %d files or %d MB; is `%.*s` the right folder?", PACK_FILES_MOST,
				 PACK_BYTES_MOST >> 20, TEXT_ARGS(path));
	*list_add(reading->arena, reading->sources) = (struct source_input){.path = path,
									    .module = module,
									    .text = text,
									    .layer = reading->layer,
									    .is_script = text_ends(path, TEXT(".lua")),
									    .is_test = reading->in_tests};
	return OK;
}

static enum status source_add(struct reading *reading, const char *path, struct text module)
{
	struct text text;
	enum status status = file_read(reading->arena, path, FILE_BYTES_MOST, &text, reading->error);
	if (status != OK)
		return status;
	return source_keep(reading, text_copy(reading->arena, text_from(path)), module, text);
}

static bool seen_before(struct reading *reading, const struct stat *facts)
{
	for (uint32_t i = 0; i < reading->seen.count; i++)
		if (reading->seen.items[i].device == facts->st_dev && reading->seen.items[i].inode == facts->st_ino)
			return true;
	*list_add(reading->arena, &reading->seen) = (struct place){facts->st_dev, facts->st_ino};
	return false;
}

static enum status folder_read(struct reading *reading, const char *path, struct text module, int depth);

/* Files first, then folders: what a pack says at its top comes before its modules. */
static enum status entry_read(struct reading *reading, const char *path, const char *name, struct text module, int depth,
			      bool folders)
{
	struct stat facts;
	const char *full = !strcmp(path, ".") ? name : arena_format(reading->arena, "%s/%s", path, name);
	bool source = has_ending(name, ".flow") || has_ending(name, ".lua");
	if (stat(full, &facts)) {
		if (source && !folders)
			return cannot(reading->error, full);
		return OK; /* a dangling link to something that is no source */
	}
	if (S_ISDIR(facts.st_mode) && folders) {
		bool above = reading->in_tests, tests = !strcmp(name, "tests");
		if (tests && !reading->tests)
			return OK;
		reading->in_tests = above || tests;
		enum status status = folder_read(reading, full, module.length ? module : text_from(name), depth + 1);
		reading->in_tests = above;
		return status;
	}
	if (S_ISREG(facts.st_mode) && source && !folders)
		return source_add(reading, full, module);
	return OK;
}

static enum status folder_read(struct reading *reading, const char *path, struct text module, int depth)
{
	struct stat facts;
	const char **names = NULL;
	size_t count = 0;
	if (depth > FOLDER_DEPTH_MOST)
		return error_set(reading->error, LIMIT, "`%s` is more than %d folders deep in its pack", path,
				 FOLDER_DEPTH_MOST);
	if (stat(path, &facts))
		return cannot(reading->error, path);
	if (seen_before(reading, &facts))
		return OK;
	enum status status = names_read(reading->arena, path, &names, &count, reading->error);
	for (int folders = 0; folders < 2; folders++)
		for (size_t i = 0; i < count && status == OK; i++)
			status = entry_read(reading, path, names[i], module, depth, folders);
	return status;
}

/* `pack NAME` at the begin of a line: column 0 belongs to declarations. */
static bool declares_pack(struct text text)
{
	static const char word[] = "pack ";
	for (const char *at = text.bytes, *end = text.bytes + text.length; at && at < end;) {
		if ((size_t)(end - at) >= sizeof(word) - 1 && !memcmp(at, word, sizeof(word) - 1))
			return true;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return false;
}

static bool is_pack(const source_list *sources, uint32_t from)
{
	for (uint32_t i = from; i < sources->count; i++)
		if (!sources->items[i].is_script && !sources->items[i].module.length && declares_pack(sources->items[i].text))
			return true;
	return false;
}

/* --- archives */
/* `name` as a folder somewhere in the path, which is the path of a file. */
static bool is_below(struct text path, const char *name)
{
	for (const char *slash; (slash = memchr(path.bytes, '/', path.length));) {
		uint32_t length = (uint32_t)(slash - path.bytes);
		if (text_is(text_slice(path, 0, length), name))
			return true;
		path = text_slice(path, length + 1, path.length);
	}
	return false;
}

/* A file of the archive as if the archive were the folder `path`. */
static enum status archived_add(struct reading *reading, const char *path, const struct archive_file *file)
{
	const char *slash = memchr(file->path.bytes, '/', file->path.length);
	struct text module = text_slice(file->path, 0, slash ? (uint32_t)(slash - file->path.bytes) : 0);
	bool tests = is_below(file->path, "tests");

	if (tests && !reading->tests)
		return OK;
	reading->in_tests = tests;
	enum status status = source_keep(reading, text_format(reading->arena, "%s/%.*s", path, TEXT_ARGS(file->path)),
					 text_copy(reading->arena, module), text_copy(reading->arena, file->bytes));
	reading->in_tests = false;
	return status;
}

static enum status archive_add(struct reading *reading, const char *path, struct text bytes)
{
	struct archive archive;
	enum status status = archive_open(reading->arena, bytes, &archive, reading->error);

	if (status != OK)
		return error_within(reading->error, "`%s`", path);
	for (uint32_t i = 0; i < archive.file_count && status == OK; i++)
		status = archived_add(reading, path, &archive.files[i]);
	return status;
}

static enum status archive_read(struct reading *reading, const char *path, const struct stat *facts)
{
	struct text bytes;
	enum status status = file_read(reading->arena, path, ARCHIVE_BYTES_MOST, &bytes, reading->error);

	if (status != OK)
		return status;
	if (!archive_is(bytes))
		return error_set(reading->error, INVALID, "`%s` is neither a folder nor a .flow file nor the archive of a pack",
				 path);
	return seen_before(reading, facts) ? OK : archive_add(reading, path, bytes);
}

/* --- the stack */
static enum status place_read(struct reading *reading, const char *path)
{
	struct stat facts;

	if (stat(path, &facts))
		return cannot(reading->error, path);
	if (S_ISDIR(facts.st_mode))
		return folder_read(reading, path, TEXT(""), 0);
	if (has_ending(path, ".flow"))
		return source_add(reading, path, TEXT(""));
	return archive_read(reading, path, &facts);
}

/* Without the slashes at its end. */
static const char *path_trim(struct arena *arena, const char *path)
{
	struct text trimmed = text_from(path);

	while (trimmed.length > 1 && trimmed.bytes[trimmed.length - 1] == '/')
		trimmed.length--;
	return arena_string(arena, trimmed.bytes, trimmed.length);
}

/* Whether it is a pack of its own, a layer above the ones before, is seen after reading. */
static enum status source_read(struct reading *reading, const struct pack_source *source, bool first)
{
	uint32_t before = reading->sources->count;
	const char *path = path_trim(reading->arena, source->path);
	enum status status = source->bytes.length ? archive_add(reading, path, source->bytes) : place_read(reading, path);

	if (status != OK)
		return status;
	bool pack = is_pack(reading->sources, before);
	if (first && !pack)
		return error_set(
			reading->error, INVALID,
			"`%s` is no pack: none of its own files declares `pack NAME \"1.0.0\" { … }`; a folder without it can "
			"only join the pack named before it",
			path);
	if (reading->sources->count == before)
		return error_set(reading->error, INVALID, "there is no .flow file in `%s`, or it was given twice", path);
	if (pack && !first)
		reading->layer++;
	for (uint32_t i = before; i < reading->sources->count; i++)
		reading->sources->items[i].layer = reading->layer;
	return OK;
}

enum status sources_read(struct arena *arena, const struct pack_source *sources, uint32_t source_count, bool tests,
			 source_list *sources_out, struct error *error)
{
	struct reading reading = {.arena = arena, .sources = sources_out, .tests = tests, .error = error};
	for (uint32_t i = 0; i < source_count; i++) {
		enum status status = source_read(&reading, &sources[i], i == 0);
		if (status != OK)
			return status;
	}
	return OK;
}

enum status files_read(struct arena *arena, const char *const *paths, uint32_t path_count, bool tests, source_list *sources_out,
		       struct error *error)
{
	struct pack_source *sources = arena_array(arena, struct pack_source, path_count + 1);
	for (uint32_t i = 0; i < path_count; i++)
		sources[i].path = paths[i];
	return sources_read(arena, sources, path_count, tests, sources_out, error);
}

bool path_is_archive(const char *path)
{
	struct stat facts;
	return !stat(path, &facts) && S_ISREG(facts.st_mode) && !has_ending(path, ".flow");
}

enum status folder_archive(struct arena *arena, const char *path, struct text *bytes_out, bool *is_pack_out,
			   struct error *error)
{
	source_list sources = {0};
	struct stat facts;
	struct reading reading = {.arena = arena, .sources = &sources, .tests = true, .error = error};

	path = path_trim(arena, path);
	if (stat(path, &facts))
		return cannot(error, path);
	if (!S_ISDIR(facts.st_mode))
		return error_set(error, INVALID, "`%s` is no folder; an archive is made of the folder of a pack", path);
	enum status status = folder_read(&reading, path, TEXT(""), 0);
	if (status != OK)
		return status;
	if (!sources.count)
		return error_set(error, INVALID, "there is no .flow file in `%s`", path);
	struct archive_file *files = arena_array(arena, struct archive_file, sources.count);
	uint32_t above = !strcmp(path, ".") ? 0 : (uint32_t)strlen(path) + 1;
	for (uint32_t i = 0; i < sources.count; i++)
		files[i] = (struct archive_file){text_slice(sources.items[i].path, above, sources.items[i].path.length),
						 sources.items[i].text};
	*is_pack_out = is_pack(&sources, 0);
	return archive_write(arena, files, sources.count, bytes_out, error);
}
