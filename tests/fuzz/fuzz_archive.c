/* Any bytes as the archive of a pack; when the first is M, the checksums of the headers are mended before, so that what stands
 * behind them is reached. What must hold: a refusal is a sentence; what was read stays within its folder and within the bytes,
 * in order, and is written as exactly the bytes it was read from. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/pack/archive.h"

enum { MEMORY = 64 << 20, BLOCK = 512, SIZE_AT = 124, CHECKSUM_AT = 148 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void header_mend(char *header)
{
	unsigned sum = 0;

	memset(header + CHECKSUM_AT, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + CHECKSUM_AT, 7, "%06o", sum);
}

static void mend(char *bytes, size_t length)
{
	for (size_t at = 0; length - at >= BLOCK && bytes[at];) {
		char digits[12] = {0};
		memcpy(digits, bytes + at + SIZE_AT, 11);
		size_t size = strtoul(digits, NULL, 8);
		header_mend(bytes + at);
		if (size > length)
			return;
		size_t next = at + BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
		if (next > length)
			return;
		at = next;
	}
}

static void check_path(struct text path)
{
	CHECK(path.length && path.bytes[0] != '/' && path.bytes[0] != '.');
	CHECK(text_is_utf8(path) && !memchr(path.bytes, 0, path.length) && !memchr(path.bytes, '\\', path.length));
	CHECK(text_find(path, TEXT("/.")) < 0 && text_find(path, TEXT("//")) < 0);
	CHECK(text_ends(path, TEXT(".flow")) || text_ends(path, TEXT(".lua")));
}

static void check_archive(struct arena *arena, const struct archive *archive)
{
	struct error error;
	struct text again;

	for (uint32_t i = 0; i < archive->file_count; i++) {
		const struct archive_file *file = &archive->files[i];
		check_path(file->path);
		CHECK(!i || archive_order(file[-1].path, file->path) < 0);
		CHECK(file->bytes.bytes >= archive->bytes.bytes &&
		      file->bytes.bytes + file->bytes.length <= archive->bytes.bytes + archive->bytes.length);
	}
	CHECK(archive_write(arena, archive->files, archive->file_count, &again, &error) == OK);
	CHECK(text_equal(again, archive->bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct error error = {0};
	struct archive archive;
	struct arena arena;
	jmp_buf jump;

	if (!length)
		return 0;
	arena_init(&arena, "an archive", MEMORY);
	if (!arena_guard(&arena, jump)) {
		char *copy = arena_copy(&arena, bytes + 1, length - 1);
		if (bytes[0] == 'M' && length > 1)
			mend(copy, length - 1);
		enum status status = archive_open(&arena, (struct text){copy, (uint32_t)length - 1}, &archive, &error);
		CHECK(status == OK || error.sentence[0]);
		if (status == OK)
			check_archive(&arena, &archive);
	}
	arena_release(&arena);
	return 0;
}
