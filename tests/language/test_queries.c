/* The queries that editors use: each must compile against the grammar, and highlighting a sample must give the committed
 * picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <tree_sitter/api.h>

#include "tests/language/support.h"

const TSLanguage *tree_sitter_flow(void);

static struct arena arena;

static TSQuery *query_open(const char *path)
{
	struct text source = file_read(&arena, path);
	uint32_t offset = 0;
	TSQueryError error = TSQueryErrorNone;
	TSQuery *query = ts_query_new(tree_sitter_flow(), source.bytes, source.length, &offset, &error);
	if (!query)
		fail_msg("%s does not compile at byte %u (error %d): %.40s", path, offset, (int)error, source.bytes + offset);
	return query;
}

static void queries_compile(void **state)
{
	(void)state;
	struct file_list files = files_find(&arena, "dsl/grammar/queries", ".scm");
	assert_true(files.count >= 3);
	for (uint32_t i = 0; i < files.count; i++)
		ts_query_delete(query_open(files.paths[i]));
}

/* For each byte the capture that wins: the innermost node's, of one node the last pattern's. */
static void paint(TSQuery *query, TSNode root, uint32_t *captures, uint32_t *sizes, uint32_t *patterns, uint32_t length)
{
	TSQueryCursor *cursor = ts_query_cursor_new();
	ts_query_cursor_exec(cursor, query, root);
	TSQueryMatch match;
	for (uint32_t index; ts_query_cursor_next_capture(cursor, &match, &index);) {
		TSNode node = match.captures[index].node;
		uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
		for (uint32_t i = start; i < end && i < length; i++) {
			if (sizes[i] &&
			    (sizes[i] < end - start || (sizes[i] == end - start && patterns[i] > match.pattern_index)))
				continue;
			sizes[i] = end - start;
			patterns[i] = match.pattern_index;
			captures[i] = match.captures[index].index + 1;
		}
	}
	ts_query_cursor_delete(cursor);
}

static void picture_print(struct text_builder *builder, TSQuery *query, struct text source, const uint32_t *captures)
{
	for (uint32_t i = 0; i < source.length;) {
		uint32_t end = i + 1;
		while (end < source.length && captures[end] == captures[i])
			end++;
		struct text piece = text_trim(text_slice(source, i, end));
		uint32_t length = 0;
		const char *name = captures[i] ? ts_query_capture_name_for_id(query, captures[i] - 1, &length) : "-";
		if (piece.length)
			builder_format(builder, "%-22.*s %.*s\n", captures[i] ? (int)length : 1, name, TEXT_ARGS(piece));
		i = end;
	}
}

static void sample_is_highlighted(void **state)
{
	(void)state;
	struct text source = file_read(&arena, "tests/language/highlight/sample.flow");
	TSQuery *query = query_open("dsl/grammar/queries/highlights.scm");
	TSParser *parser = ts_parser_new();
	assert_true(ts_parser_set_language(parser, tree_sitter_flow()));
	TSTree *tree = ts_parser_parse_string(parser, NULL, source.bytes, source.length);
	uint32_t *captures = arena_array(&arena, uint32_t, source.length),
		 *sizes = arena_array(&arena, uint32_t, source.length);
	uint32_t *patterns = arena_array(&arena, uint32_t, source.length);
	paint(query, ts_tree_root_node(tree), captures, sizes, patterns, source.length);
	struct text_builder builder = {.arena = &arena};
	picture_print(&builder, query, source, captures);
	assert_true(golden_matches(&arena, "tests/language/highlight/sample.expected", builder_text(&builder)));
	ts_tree_delete(tree);
	ts_parser_delete(parser);
	ts_query_delete(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_compile),
		cmocka_unit_test(sample_is_highlighted),
	};
	arena_init(&arena, "test", 0);
	int failed = cmocka_run_group_tests_name("language.queries", tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
