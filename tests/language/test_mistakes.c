/* What an author reads about mistakes in the surface: each mistakes/NAME.flow against mistakes/NAME.expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/language/support.h"

static struct arena arena;

static void error_print(struct text_builder *builder, const struct parse_error *error)
{
	builder_format(builder, "%u:%u: %.*s\n", error->line, error->column, TEXT_ARGS(error->sentence));
	if (error->hint.length)
		builder_format(builder, "    %.*s\n", TEXT_ARGS(error->hint));
	if (error->other_line)
		builder_format(builder, "    opened at %u:%u\n", error->other_line, error->other_column);
}

static void print_tree(struct text_builder *builder, const struct parse_tree *tree)
{
	for (uint32_t i = 0; i < tree->errors.count; i++)
		error_print(builder, &tree->errors.items[i]);
	builder_add_string(builder, "whole:\n");
	for (uint32_t i = 0; i < tree->declarations.count; i++) {
		const struct syntax *declaration = tree->declarations.items[i];
		struct text line = text_slice(tree->source, declaration->start, declaration->end);
		int64_t end = text_find(line, TEXT("\n"));
		builder_format(builder, "%5u %.*s\n", declaration->line, end < 0 ? (int)line.length : (int)end, line.bytes);
	}
}

static void mistakes(void **state)
{
	(void)state;
	struct file_list files = files_find(&arena, "tests/language/mistakes", ".flow");
	uint32_t failed = 0;
	assert_true(files.count > 0);
	for (uint32_t f = 0; f < files.count; f++) {
		struct parse_tree tree;
		struct text source = file_read(&arena, files.paths[f]);
		parse_source(&arena, source, &tree);
		struct text_builder builder = {.arena = &arena};
		print_tree(&builder, &tree);
		const char *expected =
			arena_format(&arena, "%.*s.expected", (int)(strlen(files.paths[f]) - strlen(".flow")), files.paths[f]);
		failed += !golden_matches(&arena, expected, builder_text(&builder));
	}
	assert_int_equal(failed, 0);
}

/* ten.flow: ten mistakes, ten messages, each on the line whose comment says so. */
static void one_message_each(void **state)
{
	(void)state;
	struct parse_tree tree;
	struct text source = file_read(&arena, "tests/language/mistakes/ten.flow");
	parse_source(&arena, source, &tree);
	uint32_t line = 1, marked = 0;
	for (uint32_t at = 0; at < source.length; at++) {
		line += source.bytes[at] == '\n';
		if (!text_starts(text_slice(source, at, source.length), TEXT("# mistake")))
			continue;
		assert_true(marked < tree.errors.count);
		assert_int_equal(tree.errors.items[marked].line, line);
		marked++;
	}
	assert_int_equal(marked, 10);
	assert_int_equal(tree.errors.count, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(one_message_each),
	};
	arena_init(&arena, "test", 0);
	int failed = cmocka_run_group_tests_name("language.mistakes", tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
