/* A stack from archives in memory is the stack from their folders; and what is wrong with an archive is said by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/files.h"
#include "runtime/pack.h"

static struct arena arena;
static struct error error;

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

/* In memory of its own, which is gone when it was loaded. */
static struct pack_source archived(const char *path, const char *name, bool is_pack)
{
	struct text bytes;
	bool pack;

	assert_int_equal(folder_archive(&arena, path, &bytes, &pack, &error), OK);
	assert_int_equal(pack, is_pack);
	char *copy = malloc(bytes.length);
	memcpy(copy, bytes.bytes, bytes.length);
	return (struct pack_source){name, {copy, bytes.length}};
}

static struct text dumped(const struct pack *pack)
{
	struct text_builder builder = {.arena = &arena};

	program_dump(&builder, pack->program, TEXT(""));
	return builder_text(&builder);
}

struct memory {
	const struct pack_source *sources;
	bool tests;
};

static enum status memory_read(void *context, struct arena *into, source_list *sources_out, struct error *problem)
{
	const struct memory *memory = context;

	return sources_read(into, memory->sources, 2, memory->tests, sources_out, problem);
}

static void an_archive_is_its_folder(void **state)
{
	static const char *const FOLDERS[] = {"rules/default", "connectors/rmm"};
	struct pack_source sources[] = {archived("rules/default/", "default.pack", true),
					archived("connectors/rmm", "rmm.pack", false)};

	(void)state;
	for (enum pack_use use = PACK_CHECK; use <= PACK_RUN; use++) {
		struct memory memory = {sources, use != PACK_RUN};
		struct pack folders, archives;
		assert_int_equal(pack_open(&folders, FOLDERS, 2, use), EXIT_FINE);
		assert_int_equal(pack_open_from(&archives, memory_read, &memory, use), EXIT_FINE);
		assert_int_equal(archives.input_count, folders.input_count);
		for (uint32_t i = 0; i < folders.input_count; i++) {
			const struct source_input *one = &archives.inputs[i], *other = &folders.inputs[i];
			assert_true(text_equal(one->text, other->text) && text_equal(one->module, other->module));
			assert_int_equal(one->layer, other->layer);
			assert_int_equal(one->is_script, other->is_script);
			assert_int_equal(one->is_test, other->is_test);
		}
		assert_int_equal(archives.program->hash, folders.program->hash);
		assert_true(text_equal(dumped(&archives), dumped(&folders)));
		pack_close(&folders);
		pack_close(&archives);
	}
	for (int i = 0; i < 2; i++)
		free((void *)sources[i].bytes.bytes);
}

static void assert_not_read(struct text bytes, const char *part)
{
	struct pack_source source = {"broken.pack", bytes};
	source_list sources = {0};

	assert_int_equal(sources_read(&arena, &source, 1, true, &sources, &error), INVALID);
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

static void what_is_wrong_is_said(void **state)
{
	struct archive_file file = {TEXT("boxes.flow"), TEXT("entity box { code text }\n")};
	struct text bytes;

	(void)state;
	assert_int_equal(archive_write(&arena, &file, 1, &bytes, &error), OK);
	assert_not_read(bytes, "`broken.pack` is no pack");
	assert_not_read(TEXT("no archive"), "`broken.pack`: that is no archive of a pack");
	assert_not_read(text_slice(bytes, 0, 600), "`broken.pack`: entry 1 of the archive: the archive ends within it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_archive_is_its_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_said, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
