/* The tar of a pack, written and read. Must accept nothing it would not have written: a header is compared whole with the one
 * this file makes of its path and size. */
#include "runtime/pack/archive.h"

#include <stdio.h>

enum { BLOCK = 512, END_BLOCKS = 2, NAME_MOST = 100, PREFIX_MOST = 155 };

/* A header of ustar (POSIX.1-1988); numbers are octal digits. */
struct header {
	char name[NAME_MOST], mode[8], owner[8], group[8], size[12], time[12], checksum[8], type, link[NAME_MOST];
	char magic[6], version[2], owner_name[32], group_name[32], major[8], minor[8], prefix[PREFIX_MOST], padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static size_t padded(size_t size)
{
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* --- paths */
static struct text segment_take(struct text *rest)
{
	const char *slash = memchr(rest->bytes, '/', rest->length);
	uint32_t length = slash ? (uint32_t)(slash - rest->bytes) : rest->length;
	struct text segment = text_slice(*rest, 0, length);

	*rest = text_slice(*rest, slash ? length + 1 : length, rest->length);
	return segment;
}

int archive_order(struct text left, struct text right)
{
	while (left.length && right.length) {
		struct text one = segment_take(&left), other = segment_take(&right);
		bool file = !left.length, other_file = !right.length;
		int order = text_compare(one, other);
		if (file != other_file)
			return file ? -1 : 1;
		if (order)
			return order;
	}
	return (int)(left.length > 0) - (int)(right.length > 0);
}

static bool is_printable(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		if ((unsigned char)text.bytes[i] < ' ' || text.bytes[i] == 0x7f || text.bytes[i] == '\\')
			return false;
	return text_is_utf8(text);
}

/* NULL, or what is wrong with the path. */
static const char *path_problem(struct text path)
{
	uint32_t depth = 0;

	if (!is_printable(path))
		return "its name has characters that a pack's files must not have";
	if (!text_ends(path, TEXT(".flow")) && !text_ends(path, TEXT(".lua")))
		return "it is neither a .flow nor a .lua file";
	if (path.bytes[path.length - 1] == '/' || path.bytes[0] == '/')
		return "its path does not stay within the pack";
	for (struct text rest = path; rest.length; depth++) {
		struct text segment = segment_take(&rest);
		if (!segment.length || text_is(segment, "..") || text_is(segment, "."))
			return "its path does not stay within the pack";
		if (segment.bytes[0] == '.')
			return "it is hidden";
	}
	return depth > ARCHIVE_DEPTH_MOST ? "it is too many folders deep" : NULL;
}

/* Where the path is cut so that both parts have room: length of the prefix, 0 for none. False: nowhere. */
static bool path_cut(struct text path, uint32_t *prefix_out)
{
	*prefix_out = 0;
	if (path.length <= NAME_MOST)
		return true;
	for (uint32_t i = path.length - NAME_MOST - 1; i < path.length && i <= PREFIX_MOST; i++)
		if (path.bytes[i] == '/' && i) {
			*prefix_out = i;
			return true;
		}
	return false;
}

/* --- headers */
static unsigned header_sum(const struct header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		bool own = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type);
		sum += own ? ' ' : bytes[i];
	}
	return sum;
}

/* `path` was found to be one that has room. */
static void header_write(struct text path, uint32_t size, struct header *header_out)
{
	uint32_t prefix = 0;

	*header_out = (struct header){.mode = "0000644",
				      .owner = "0000000",
				      .group = "0000000",
				      .time = "00000000000",
				      .type = '0',
				      .magic = "ustar",
				      .version = {'0', '0'},
				      .major = "0000000",
				      .minor = "0000000"};
	if (path_cut(path, &prefix) && prefix)
		memcpy(header_out->prefix, path.bytes, prefix);
	if (prefix)
		path = text_slice(path, prefix + 1, path.length);
	memcpy(header_out->name, path.bytes, path.length);
	snprintf(header_out->size, sizeof header_out->size, "%011o", size);
	snprintf(header_out->checksum, sizeof header_out->checksum, "%06o", header_sum(header_out));
	header_out->checksum[7] = ' ';
}

static bool octal_read(const char *digits, uint32_t count, uint64_t *number_out)
{
	*number_out = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return false;
		*number_out = *number_out << 3 | (uint64_t)(digits[i] - '0');
	}
	return true;
}

static struct text field_text(const char *field, size_t most)
{
	return (struct text){field, (uint32_t)strnlen(field, most)};
}

static struct text header_path(struct arena *arena, const struct header *header)
{
	struct text prefix = field_text(header->prefix, PREFIX_MOST), name = field_text(header->name, NAME_MOST);

	return prefix.length ? text_format(arena, "%.*s/%.*s", TEXT_ARGS(prefix), TEXT_ARGS(name)) : text_copy(arena, name);
}

/* --- reading */
struct archive_reading {
	struct arena *arena;
	struct text bytes;
	uint32_t at;     /* the next block */
	uint32_t number; /* of the entry, from 1 */
	struct archive_file *files;
	struct error *error;
};

static enum status refuse(struct archive_reading *reading, enum status status, const char *why)
{
	return error_set(reading->error, status, "entry %u of the archive: %s", reading->number, why);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

bool archive_is(struct text bytes)
{
	return bytes.length >= BLOCK && !memcmp(((const struct header *)bytes.bytes)->magic,
						"ustar\0"
						"00",
						8);
}

static enum status header_read(struct archive_reading *reading, struct archive_file *file, struct error *error)
{
	const struct header *header = (const struct header *)(reading->bytes.bytes + reading->at);
	struct header should;
	uint64_t size = 0, sum = 0;

	if (!octal_read(header->checksum, 6, &sum) || sum != header_sum(header))
		return refuse(reading, INVALID, "its checksum does not fit: the archive was damaged or changed");
	if (header->type != '0')
		return refuse(reading, INVALID, "it is a link, a folder or a device; a pack's archive has only files");
	if (!octal_read(header->size, 11, &size) || size > ARCHIVE_FILE_MOST)
		return error_set(error, LIMIT, "entry %u of the archive: it is larger than %d MB", reading->number,
				 ARCHIVE_FILE_MOST >> 20);
	file->path = header_path(reading->arena, header);
	const char *problem = path_problem(file->path);
	if (problem)
		return refuse(reading, INVALID, problem);
	header_write(file->path, (uint32_t)size, &should);
	if (memcmp(header, &should, BLOCK))
		return refuse(reading, INVALID, "it is not written as `stellwerk pack build` writes it");
	file->bytes.length = (uint32_t)size;
	return OK;
}

static enum status content_read(struct archive_reading *reading, struct archive_file *file)
{
	size_t size = file->bytes.length, room = padded(size);

	reading->at += BLOCK;
	if (room > reading->bytes.length - reading->at)
		return refuse(reading, INVALID, "the archive ends within it: it was cut off");
	file->bytes.bytes = reading->bytes.bytes + reading->at;
	if (!is_zero(file->bytes.bytes + size, room - size))
		return refuse(reading, INVALID, "there is something behind its end: the archive was changed");
	reading->at += (uint32_t)room;
	return OK;
}

static enum status entry_read(struct archive_reading *reading)
{
	struct archive_file *file = &reading->files[reading->number - 1];
	enum status status = header_read(reading, file, reading->error);

	if (status != OK)
		return status;
	if (reading->number > 1 && archive_order(file[-1].path, file->path) >= 0)
		return refuse(reading, INVALID, "it stands twice or not in its order");
	return content_read(reading, file);
}

/* How many files there can be: one header each. */
static uint32_t entries_most(struct text bytes)
{
	uint32_t most = bytes.length / BLOCK;

	return most < ARCHIVE_FILES_MOST ? most : ARCHIVE_FILES_MOST;
}

static enum status end_read(struct archive_reading *reading)
{
	uint32_t left = reading->bytes.length - reading->at;

	if (left < END_BLOCKS * BLOCK)
		return error_set(reading->error, INVALID, "the archive was cut off behind entry %u", reading->number);
	if (left > END_BLOCKS * BLOCK || !is_zero(reading->bytes.bytes + reading->at, left))
		return error_set(reading->error, INVALID, "there is something behind the end of the archive");
	return OK;
}

enum status archive_open(struct arena *arena, struct text bytes, struct archive *archive_out, struct error *error)
{
	struct archive_reading reading = {.arena = arena, .bytes = bytes, .error = error};

	if (bytes.length > ARCHIVE_BYTES_MOST)
		return error_set(error, LIMIT, "an archive of a pack has %d MB at most", ARCHIVE_BYTES_MOST >> 20);
	if (!archive_is(bytes))
		return error_set(error, INVALID, "that is no archive of a pack; `stellwerk pack build` makes one");
	reading.files = arena_array(arena, struct archive_file, entries_most(bytes));
	while (bytes.length - reading.at >= BLOCK && !is_zero(bytes.bytes + reading.at, BLOCK)) {
		if (reading.number == ARCHIVE_FILES_MOST)
			return error_set(error, LIMIT, "the archive has more than %d files", ARCHIVE_FILES_MOST);
		reading.number++;
		enum status status = entry_read(&reading);
		if (status != OK)
			return status;
	}
	*archive_out = (struct archive){.bytes = bytes, .files = reading.files, .file_count = reading.number};
	digest_of(bytes, &archive_out->digest);
	return end_read(&reading);
}

/* --- writing */
static enum status file_check(const struct archive_file *file, struct error *error)
{
	uint32_t prefix;
	const char *problem = path_problem(file->path);

	if (problem)
		return error_set(error, INVALID, "`%.*s` can not stand in an archive: %s", TEXT_ARGS(file->path), problem);
	if (!path_cut(file->path, &prefix))
		return error_set(error, INVALID, "`%.*s` can not stand in an archive: its path is too long",
				 TEXT_ARGS(file->path));
	if (file->bytes.length > ARCHIVE_FILE_MOST)
		return error_set(error, LIMIT, "`%.*s` is larger than %d MB", TEXT_ARGS(file->path), ARCHIVE_FILE_MOST >> 20);
	return OK;
}

static enum status files_check(const struct archive_file *files, uint32_t count, size_t *size_out, struct error *error)
{
	size_t size = END_BLOCKS * BLOCK;

	if (!count || count > ARCHIVE_FILES_MOST)
		return error_set(error, count ? LIMIT : INVALID, "an archive has 1 to %d files; this would have %u",
				 ARCHIVE_FILES_MOST, count);
	for (uint32_t i = 0; i < count; i++) {
		enum status status = file_check(&files[i], error);
		if (status != OK)
			return status;
		if (i && archive_order(files[i - 1].path, files[i].path) >= 0)
			return error_set(error, INVALID, "`%.*s` stands twice or not in its order", TEXT_ARGS(files[i].path));
		size += BLOCK + padded(files[i].bytes.length);
	}
	*size_out = size;
	if (size > ARCHIVE_BYTES_MOST)
		return error_set(error, LIMIT, "an archive of a pack has %d MB at most; this would have %zu",
				 ARCHIVE_BYTES_MOST >> 20, (size >> 20) + 1);
	return OK;
}

enum status archive_write(struct arena *arena, const struct archive_file *files, uint32_t count, struct text *bytes_out,
			  struct error *error)
{
	size_t size = 0, at = 0;
	enum status status = files_check(files, count, &size, error);

	if (status != OK)
		return status;
	char *bytes = arena_alloc(arena, size);
	for (uint32_t i = 0; i < count; i++) {
		struct header header;
		header_write(files[i].path, files[i].bytes.length, &header);
		memcpy(bytes + at, &header, BLOCK);
		if (files[i].bytes.length)
			memcpy(bytes + at + BLOCK, files[i].bytes.bytes, files[i].bytes.length);
		at += BLOCK + padded(files[i].bytes.length);
	}
	*bytes_out = (struct text){bytes, (uint32_t)size};
	return OK;
}
