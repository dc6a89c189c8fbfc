/* What the compiler makes of small packs, line by line: each tests/golden/compiler/NAME.flow against NAME.txt beside it. The
 * first line may say what of the program is shown: `# dump: NAME, NAME` (everything without it, nothing for `# dump:`).
 * GOLDEN_WRITE=1 writes the texts anew; what changed is then read in the diff. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dsl/compiler/compiler.h"

static const char FOLDER[] = "tests/golden/compiler";

static struct text file_read(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return (struct text){0};
	struct text_builder builder = {.arena = arena};
	char buffer[4096];
	size_t got;
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		builder_add(&builder, (struct text){buffer, (uint32_t)got});
	fclose(file);
	return builder_text(&builder);
}

static void dump_names(struct text_builder *out, const struct program *program, struct text source)
{
	if (!text_starts(source, TEXT("# dump:"))) {
		program_dump(out, program, TEXT(""));
		return;
	}
	struct text line = text_slice(source, 7, (uint32_t)text_find(source, TEXT("\n")));
	while (line.length) {
		int64_t comma = text_find(line, TEXT(","));
		struct text name = text_trim(comma < 0 ? line : text_slice(line, 0, (uint32_t)comma));
		line = comma < 0 ? TEXT("") : text_slice(line, (uint32_t)comma + 1, line.length);
		if (name.length)
			program_dump(out, program, name);
	}
}

static struct text compiled(struct arena *arena, struct text source, const char *name)
{
	struct source_input inputs[2] = {
		{.path = text_from(name), .module = TEXT("m"), .text = source},
		{.path = TEXT("beside.lua"), .module = TEXT("m"), .text = TEXT("return 1"), .is_script = true},
	};
	struct diagnostics diagnostics = {.arena = arena};
	struct program *program = compile(arena, inputs, 2, &diagnostics);
	struct text_builder out = {.arena = arena};
	for (uint32_t i = 0; i < diagnostics.items.count; i++) {
		const struct diagnostic *it = &diagnostics.items.items[i];
		struct text place = text_slice(source, it->span.start, it->span.end);
		builder_format(&out, "%u:%u %s %.*s\n", it->span.line, it->span.column, diagnostic_info(it->code)->code,
			       TEXT_ARGS(it->sentence));
		builder_format(&out, "  at %.*s\n", TEXT_ARGS(place));
		if (it->hint.length)
			builder_format(&out, "  %.*s\n", TEXT_ARGS(it->hint));
	}
	if (!diagnostics.errors)
		dump_names(&out, program, source);
	return builder_text(&out);
}

static bool case_run(struct arena *arena, const char *name)
{
	char *flow = arena_format(arena, "%s/%s", FOLDER, name);
	char *text = arena_format(arena, "%s/%.*s.txt", FOLDER, (int)(strlen(name) - 5), name);
	struct text is = compiled(arena, file_read(arena, flow), name);
	if (getenv("GOLDEN_WRITE")) {
		FILE *file = fopen(text, "wb");
		assert_non_null(file);
		fwrite(is.bytes, 1, is.length, file);
		fclose(file);
		return true;
	}
	struct text should = file_read(arena, text);
	if (text_equal(is, should))
		return true;
	print_message("%s differs; it is now:\n%.*s", text, TEXT_ARGS(is));
	return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_flow(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && !strcmp(entry->d_name + length - 5, ".flow");
}

static void golden(void **state)
{
	(void)state;
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, is_flow, by_name), failed = 0;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		struct arena arena;
		arena_init(&arena, "test", 0);
		failed += !case_run(&arena, entries[i]->d_name);
		arena_release(&arena);
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
