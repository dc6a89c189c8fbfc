/* The grammar's corpus, read as the tree-sitter CLI reads it, through libtree-sitter: no fresh machine has the CLI. Beside it
 * the parser must give the same nodes as tree-sitter's runtime wherever that one finds no mistake: it is the other
 * implementation of the same tables. */
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
static bool seen[SYNTAX_COUNT];

struct corpus_case {
	struct text title, source, wanted;
};

typedef LIST(struct corpus_case) case_list;

static struct text line_at(struct text text, uint32_t at)
{
	uint32_t end = at;
	while (end < text.length && text.bytes[end] != '\n')
		end++;
	return text_slice(text, at, end);
}

static bool is_ruler(struct text line, char of)
{
	if (line.length < 3)
		return false;
	for (uint32_t i = 0; i < line.length; i++)
		if (line.bytes[i] != of)
			return false;
	return true;
}

/* ===, title, ===, source, ---, tree; as many as the file has. */
static case_list cases_read(struct text file)
{
	case_list cases = {0};
	enum { BEFORE, TITLE, SOURCE, TREE } state = BEFORE;
	uint32_t start = 0;
	for (uint32_t at = 0; at <= file.length;) {
		struct text line = line_at(file, at);
		uint32_t next = at + line.length + 1;
		struct corpus_case *last = cases.count ? list_last(&cases) : NULL;
		if (is_ruler(line, '=') && state != TITLE) {
			if (state == TREE)
				last->wanted = text_slice(file, start, at);
			list_add(&arena, &cases);
			state = TITLE;
			start = next;
		} else if (is_ruler(line, '=')) {
			last->title = text_trim(text_slice(file, start, at));
			state = SOURCE;
			start = next;
		} else if (is_ruler(line, '-') && state == SOURCE) {
			last->source = text_slice(file, start, at);
			state = TREE;
			start = next;
		}
		at = next;
	}
	if (state == TREE)
		list_last(&cases)->wanted = text_slice(file, start, file.length);
	return cases;
}

/* Blanks and line ends folded to one blank. */
static struct text folded(struct text text)
{
	struct text_builder builder = {.arena = &arena};
	bool blank = false;
	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		if (byte == ' ' || byte == '\n') {
			blank = builder.length > 0;
			continue;
		}
		if (blank && byte != ')')
			builder_add_char(&builder, ' ');
		builder_add_char(&builder, byte);
		blank = false;
	}
	return builder_text(&builder);
}

/* Named nodes without fields. Comments stand in no tree of ours. */
static void tree_print(struct text_builder *builder, TSNode node, bool comments)
{
	bool named = ts_node_is_named(node) && (comments || strcmp(ts_node_type(node), "comment"));
	if (named)
		builder_format(builder, "%s(%s", builder->length ? " " : "", ts_node_type(node));
	for (uint32_t i = 0; i < ts_node_child_count(node); i++)
		tree_print(builder, ts_node_child(node, i), comments);
	if (named)
		builder_add_char(builder, ')');
}

static TSTree *tree_of(struct text source)
{
	TSParser *parser = ts_parser_new();
	assert_true(ts_parser_set_language(parser, tree_sitter_flow()));
	TSTree *tree = ts_parser_parse_string(parser, NULL, source.bytes, source.length);
	ts_parser_delete(parser);
	return tree;
}

static void assert_text(struct text title, struct text actual, struct text wanted)
{
	if (!text_equal(actual, wanted))
		fail_msg("%.*s\n  gives  %.*s\n  wanted %.*s", TEXT_ARGS(title), TEXT_ARGS(actual), TEXT_ARGS(wanted));
}

/* --- our nodes against tree-sitter's, with place and role */
static void ours_list(struct text_builder *builder, const struct syntax *node)
{
	for (const struct syntax *at = node; at < node + node->size; at++) {
		seen[at->kind] = true;
		if (at->kind)
			builder_format(builder, "%s %u-%u %u:%u\n", syntax_kind_name(at->kind), at->start, at->end, at->line,
				       at->column);
	}
}

static uint32_t characters_before(struct text source, uint32_t start, uint32_t bytes)
{
	return text_characters(text_slice(source, start - bytes, start));
}

/* A word that continues a line begins with the line end in tree-sitter; in our tree it is the word alone. */
static void theirs_place(struct text_builder *builder, struct text source, TSNode node)
{
	uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node), line = ts_node_start_point(node).row + 1;
	uint32_t column = characters_before(source, start, ts_node_start_point(node).column) + 1;
	if (!strcmp(ts_node_type(node), "missing") && source.bytes[start] == '\n') {
		end--;
		for (uint32_t i = start; i < end; i++)
			line += source.bytes[i] == '\n';
		for (start = end; source.bytes[start - 1] >= 'a'; start--)
			;
		column = 1;
		for (uint32_t i = start; source.bytes[i - 1] != '\n'; i--)
			column++;
	}
	builder_format(builder, "%s %u-%u %u:%u\n", ts_node_type(node), start, end, line, column);
}

static void theirs_list(struct text_builder *builder, struct text source, TSNode node)
{
	if (ts_node_is_named(node) && strcmp(ts_node_type(node), "comment") && strcmp(ts_node_type(node), "pack_source"))
		theirs_place(builder, source, node);
	for (uint32_t i = 0; i < ts_node_child_count(node); i++)
		theirs_list(builder, source, ts_node_child(node, i));
}

static void compare(struct text title, struct text source, TSNode root)
{
	struct parse_tree tree;
	parse_source(&arena, source, &tree);
	if (tree.errors.count)
		fail_msg("%.*s: %u: %.*s", TEXT_ARGS(title), tree.errors.items[0].line,
			 TEXT_ARGS(tree.errors.items[0].sentence));
	struct text_builder ours = {.arena = &arena}, theirs = {.arena = &arena};
	for (uint32_t i = 0; i < tree.declarations.count; i++)
		ours_list(&ours, tree.declarations.items[i]);
	theirs_list(&theirs, source, root);
	assert_text(title, builder_text(&ours), builder_text(&theirs));
	seen[SYNTAX_comment] |= tree.comments.count > 0;
}

static void corpus(void **state)
{
	(void)state;
	struct file_list files = files_find(&arena, "dsl/grammar/test/corpus", ".txt");
	uint32_t count = 0;
	for (uint32_t f = 0; f < files.count; f++) {
		case_list cases = cases_read(file_read(&arena, files.paths[f]));
		assert_true(cases.count > 0);
		for (uint32_t i = 0; i < cases.count; i++, count++) {
			struct corpus_case *one = &cases.items[i];
			TSTree *tree = tree_of(one->source);
			struct text_builder actual = {.arena = &arena};
			tree_print(&actual, ts_tree_root_node(tree), true);
			assert_text(one->title, folded(builder_text(&actual)), folded(one->wanted));
			assert_false(ts_node_has_error(ts_tree_root_node(tree)));
			compare(one->title, one->source, ts_tree_root_node(tree));
			ts_tree_delete(tree);
		}
	}
	assert_true(count >= 40);
}

/* Each named node of the grammar must stand somewhere in the corpus. */
static void corpus_is_complete(void **state)
{
	(void)state;
	for (uint32_t kind = 1; kind < SYNTAX_COUNT; kind++)
		if (!seen[kind] && kind != SYNTAX_pack_source)
			fail_msg("no case of the corpus has a `%s`", syntax_kind_name(kind));
}

static void samples(void **state)
{
	(void)state;
	struct file_list files = files_find(&arena, "tests/language/samples", ".flow");
	assert_true(files.count > 0);
	for (uint32_t f = 0; f < files.count; f++) {
		struct text source = file_read(&arena, files.paths[f]);
		TSTree *tree = tree_of(source);
		compare(text_from(files.paths[f]), source, ts_tree_root_node(tree));
		ts_tree_delete(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus),
		cmocka_unit_test(corpus_is_complete),
		cmocka_unit_test(samples),
	};
	arena_init(&arena, "test", 0);
	int failed = cmocka_run_group_tests_name("language.corpus", tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
