/* Archives: what is written is read, and nothing else is. Each kind of damage is refused with a sentence of its own, and no
 * changed byte of a header or of the padding goes unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/pack/archive.h"

enum { BLOCK = 512, SIZE_AT = 124, CHECKSUM_AT = 148, TYPE_AT = 156, MAGIC_AT = 257 };

static struct arena arena;
static struct error error;

static const struct archive_file FILES[] = {
	{TEXT("pack.flow"), TEXT("pack small \"1.0.0\" { title \"Klein\" }\n")},
	{TEXT("zoo.flow"), TEXT("")},
	{TEXT("crm/pick.lua"), TEXT("return function() return 1 end\n")},
	{TEXT("crm/tests/a.flow"), TEXT("# nothing\n")},
};
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct text written(const struct archive_file *files, uint32_t count)
{
	struct text bytes = {0};

	assert_int_equal(archive_write(&arena, files, count, &bytes, &error), OK);
	return bytes;
}

static char *copy_of(struct text bytes)
{
	return arena_copy(&arena, bytes.bytes, bytes.length);
}

static void assert_refused(struct text bytes, enum status status, const char *part)
{
	struct archive archive;

	assert_int_equal(archive_open(&arena, bytes, &archive, &error), status);
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

static void assert_name_refused(const char *path, const char *part)
{
	struct archive_file file = {text_from(path), TEXT("")};
	struct text bytes;

	if (archive_write(&arena, &file, 1, &bytes, &error) != INVALID)
		fail_msg("`%s` was taken", path);
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

/* As somebody with ill intent would: the checksum fits again. */
static void checksum_mend(char *header)
{
	unsigned sum = 0;

	memset(header + CHECKSUM_AT, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + CHECKSUM_AT, 7, "%06o", sum);
}

static void what_is_written_is_read(void **state)
{
	struct text bytes = written(FILES, FILE_COUNT), again;
	struct archive archive;

	(void)state;
	assert_true(archive_is(bytes));
	assert_int_equal(archive_open(&arena, bytes, &archive, &error), OK);
	assert_int_equal(archive.file_count, FILE_COUNT);
	for (uint32_t i = 0; i < FILE_COUNT; i++) {
		assert_true(text_equal(archive.files[i].path, FILES[i].path));
		assert_true(text_equal(archive.files[i].bytes, FILES[i].bytes));
	}
	again = written(archive.files, archive.file_count);
	assert_true(text_equal(bytes, again));
}

static void long_paths_are_cut_in_two(void **state)
{
	char path[320];
	struct archive archive;

	(void)state;
	/* folders of 49 letters: a slash stands at 49, 99, 149 */
	for (int folders = 1; folders <= 4; folders++) {
		int at = 0;
		for (int i = 0; i < folders; i++)
			at += snprintf(path + at, sizeof path - (size_t)at, "%049d/", 0);
		snprintf(path + at, sizeof path - (size_t)at, "%045d.flow", 0);
		struct archive_file file = {text_from(path), TEXT("x")};
		struct text bytes = written(&file, 1);
		assert_int_equal(archive_open(&arena, bytes, &archive, &error), OK);
		assert_true(text_is(archive.files[0].path, path));
	}
	snprintf(path, sizeof path, "%0100d.flow", 0);
	assert_name_refused(path, "too long");
}

static void names_stay_within_the_pack(void **state)
{
	static const char *const OUTSIDE[] = {"../a.flow", "a/../b.flow", "/a.flow", "a//b.flow", "./a.flow", "a/./b.flow"};
	static const char *const ODD[] = {"a\nb.flow", "a\\b.flow", "\x1b[2J.flow", "a\x7f.flow", "\xff.flow", "\xc3.flow"};

	(void)state;
	for (size_t i = 0; i < sizeof OUTSIDE / sizeof *OUTSIDE; i++)
		assert_name_refused(OUTSIDE[i], "does not stay within the pack");
	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++)
		assert_name_refused(ODD[i], "characters");
	assert_name_refused(".flow", "hidden");
	assert_name_refused("a/.b.flow", "hidden");
	assert_name_refused("", "neither");
	assert_name_refused("key", "neither");
	assert_name_refused("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q.flow", "deep");
}

static void the_order_is_that_of_folders(void **state)
{
	static const char *const ORDER[] = {"a.flow", "z.flow", "b/a.flow", "b/z.lua", "b/a/a.flow", "b-c/a.flow", "c/a.flow"};

	(void)state;
	for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++)
		for (size_t k = 0; k < sizeof ORDER / sizeof *ORDER; k++) {
			int order = archive_order(text_from(ORDER[i]), text_from(ORDER[k]));
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	struct archive_file swapped[] = {FILES[1], FILES[0]}, twice[] = {FILES[0], FILES[0]};
	struct text bytes;
	assert_int_equal(archive_write(&arena, swapped, 2, &bytes, &error), INVALID);
	assert_int_equal(archive_write(&arena, twice, 2, &bytes, &error), INVALID);
	assert_int_equal(archive_write(&arena, twice, 0, &bytes, &error), INVALID);
}

static void a_wrong_order_is_refused(void **state)
{
	struct text one = written(&FILES[0], 1), other = written(&FILES[1], 1);
	struct text_builder twice = {.arena = &arena}, swapped = {.arena = &arena};

	(void)state;
	builder_add(&twice, text_slice(one, 0, 2 * BLOCK));
	builder_add(&twice, one);
	assert_refused(builder_text(&twice), INVALID, "twice");
	builder_add(&swapped, text_slice(other, 0, BLOCK));
	builder_add(&swapped, one);
	assert_refused(builder_text(&swapped), INVALID, "entry 2");
}

static void every_cut_is_seen(void **state)
{
	struct text bytes = written(FILES, FILE_COUNT);
	struct archive archive;

	(void)state;
	for (uint32_t length = 0; length < bytes.length; length++) {
		/* of its own size, so that the sanitizer sees a read behind it */
		struct arena own;
		arena_init(&own, "cut", 0);
		struct text cut = {arena_copy(&own, bytes.bytes, length ? length : 1), length};
		error.sentence[0] = 0;
		assert_int_equal(archive_open(&own, cut, &archive, &error), INVALID);
		assert_true(error.sentence[0]);
		arena_release(&own);
	}
	assert_refused(text_slice(bytes, 0, BLOCK + 10), INVALID, "cut off");
	assert_refused(text_slice(bytes, 0, bytes.length - 1), INVALID, "cut off");
	struct text_builder longer = {.arena = &arena};
	builder_add(&longer, bytes);
	builder_add_char(&longer, 0);
	assert_refused(builder_text(&longer), INVALID, "behind the end");
}

/* Each single bit, but for those of the contents: these are the signature's to see. */
static void every_changed_bit_is_seen(void **state)
{
	struct text bytes = written(FILES, FILE_COUNT);
	char *changed = copy_of(bytes);
	struct archive archive;
	uint32_t content = 0;

	(void)state;
	for (uint32_t i = 0; i < bytes.length; i++)
		for (int bit = 0; bit < 8; bit++) {
			bool in_file = false;
			assert_int_equal(archive_open(&arena, bytes, &archive, &error), OK);
			for (uint32_t k = 0; k < archive.file_count; k++)
				in_file |= bytes.bytes + i >= archive.files[k].bytes.bytes &&
					   bytes.bytes + i < archive.files[k].bytes.bytes + archive.files[k].bytes.length;
			changed[i] ^= (char)(1 << bit);
			enum status status = archive_open(&arena, (struct text){changed, bytes.length}, &archive, &error);
			if ((status == OK) != in_file)
				fail_msg("bit %d of byte %u: %s", bit, i, status_name(status));
			content += in_file;
			changed[i] ^= (char)(1 << bit);
			if (bit == 7)
				arena_reset(&arena), bytes = written(FILES, FILE_COUNT), changed = copy_of(bytes);
		}
	assert_int_equal(content, 8 * (FILES[0].bytes.length + FILES[2].bytes.length + FILES[3].bytes.length));
}

static void what_fits_but_is_no_pack_is_refused(void **state)
{
	struct text bytes = written(FILES, 1);
	char *changed = copy_of(bytes);
	struct text text = {changed, bytes.length};

	(void)state;
	changed[TYPE_AT] = '2';
	checksum_mend(changed);
	assert_refused(text, INVALID, "it is a link");
	changed[TYPE_AT] = '0';
	memcpy(changed, "../x.flow", 9);
	checksum_mend(changed);
	assert_refused(text, INVALID, "does not stay within the pack");
	memcpy(changed, "pack.flow", 9);
	memcpy(changed + 100, "0004755", 7);
	checksum_mend(changed);
	assert_refused(text, INVALID, "not written as `stellwerk pack build` writes it");
	memcpy(changed + 100, "0000644", 7);
	memcpy(changed + SIZE_AT, "77777777777", 11);
	checksum_mend(changed);
	assert_refused(text, LIMIT, "larger than");
	memcpy(changed + SIZE_AT, "00077777777", 11);
	checksum_mend(changed);
	assert_refused(text, INVALID, "cut off");
	memcpy(changed + MAGIC_AT, "ustar  ", 7); /* GNU's own */
	assert_refused(text, INVALID, "no archive of a pack");
	assert_refused(TEXT("pack small \"1.0.0\" {}"), INVALID, "no archive of a pack");
}

static void too_large_is_refused(void **state)
{
	static char large[ARCHIVE_FILE_MOST + 1];
	struct archive_file file = {TEXT("a.flow"), {large, sizeof large}};
	struct text bytes;

	(void)state;
	assert_int_equal(archive_write(&arena, &file, 1, &bytes, &error), LIMIT);
	struct archive_file five[5] = {{TEXT("a.flow"), {large, ARCHIVE_FILE_MOST}},
				       {TEXT("b.flow"), {large, ARCHIVE_FILE_MOST}},
				       {TEXT("c.flow"), {large, ARCHIVE_FILE_MOST}},
				       {TEXT("d.flow"), {large, ARCHIVE_FILE_MOST}},
				       {TEXT("e.flow"), {large, ARCHIVE_FILE_MOST}}};
	assert_int_equal(archive_write(&arena, five, 5, &bytes, &error), LIMIT);
	assert_refused((struct text){large, ARCHIVE_BYTES_MOST + 1u}, LIMIT, "64 MB"); /* its length is looked at first */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_paths_are_cut_in_two, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_stay_within_the_pack, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_order_is_that_of_folders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_order_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_cut_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_changed_bit_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fits_but_is_no_pack_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_large_is_refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
