/* The parser's door: what it refuses, what it takes as blanks, places, roles, comments, depth, and that nothing makes it slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "dsl/compiler/nearest.h"
#include "dsl/compiler/parse.h"

static struct arena arena;

static struct parse_tree parse(const char *bytes, size_t length)
{
	struct parse_tree tree;
	parse_source(&arena, (struct text){bytes, (uint32_t)length}, &tree);
	return tree;
}

static struct parse_tree parse_string(const char *string)
{
	return parse(string, strlen(string));
}

static struct text source_of(const struct parse_tree *tree, const struct syntax *node)
{
	return text_slice(tree->source, node->start, node->end);
}

static void assert_source(const struct parse_tree *tree, const struct syntax *node, const char *wanted)
{
	assert_non_null(node);
	struct text source = source_of(tree, node);
	if (!text_is(source, wanted))
		fail_msg("`%.*s` instead of `%s`", TEXT_ARGS(source), wanted);
}

static void assert_error(const struct parse_tree *tree, uint32_t index, enum parse_problem problem, uint32_t line,
			 uint32_t column, const char *sentence)
{
	assert_true(index < tree->errors.count);
	const struct parse_error *error = &tree->errors.items[index];
	if (!text_is(error->sentence, sentence))
		fail_msg("`%.*s` instead of `%s`", TEXT_ARGS(error->sentence), sentence);
	assert_int_equal(error->problem, problem);
	assert_int_equal(error->line, line);
	assert_int_equal(error->column, column);
}

static void empty_sources(void **state)
{
	(void)state;
	static const char *const SOURCES[] = {"", "\n", "  \t", "# only a comment", "\n\n# a\n\n# b\n", "\xef\xbb\xbf"};
	for (size_t i = 0; i < sizeof(SOURCES) / sizeof(*SOURCES); i++) {
		struct parse_tree tree = parse_string(SOURCES[i]);
		assert_int_equal(tree.errors.count, 0);
		assert_int_equal(tree.declarations.count, 0);
	}
	assert_int_equal(parse(NULL, 0).errors.count, 0);
}

static void places_and_sizes(void **state)
{
	(void)state;
	struct parse_tree tree = parse_string("# Größe\ndefine größe_x = 1\ndefine y = \"ä\" + zz\n");
	assert_int_equal(tree.declarations.count, 1); /* `größe` is no name */
	assert_error(&tree, 0, PROBLEM_SYNTAX, 2, 10, "expected `(`, `=` or `->`, found `ö`");
	const struct syntax *define = tree.declarations.items[0];
	assert_int_equal(define->kind, SYNTAX_define);
	assert_int_equal(define->line, 3);
	assert_int_equal(define->column, 1);
	const struct syntax *value = syntax_with_role(define, ROLE_value);
	assert_source(&tree, value, "\"ä\" + zz");
	const struct syntax *last = define + define->size - 1;
	assert_source(&tree, last, "zz");
	assert_int_equal(last->column, 18);
	assert_int_equal(last->size, 1);
	uint32_t inner = 1;
	for (each_child (child, define))
		inner += child->size;
	assert_int_equal(inner, define->size);
}

static void roles(void **state)
{
	(void)state;
	struct parse_tree tree = parse_string("rule r \"L\" {\n on a.b as c; when c.x; then create t as u { f = 1 }\n}\n");
	assert_int_equal(tree.errors.count, 0);
	const struct syntax *rule = tree.declarations.items[0];
	assert_source(&tree, syntax_with_role(rule, ROLE_name), "r");
	assert_source(&tree, syntax_with_role(rule, ROLE_label), "\"L\"");
	const struct syntax *body = syntax_with_role(rule, ROLE_body);
	assert_int_equal(body->kind, SYNTAX_rule_body);
	const struct syntax *on = syntax_child(body, SYNTAX_on);
	assert_source(&tree, syntax_with_role(on, ROLE_event), "a.b");
	assert_source(&tree, syntax_with_role(on, ROLE_name), "c");
	const struct syntax *create = syntax_child(syntax_child(body, SYNTAX_then), SYNTAX_create);
	const struct syntax *assignment = syntax_child(syntax_child(create, SYNTAX_record), SYNTAX_assignment);
	assert_source(&tree, syntax_with_role(assignment, ROLE_value), "1");
	assert_null(syntax_child(body, SYNTAX_dedupe));
}

/* Keywords and operators stand in the tree as words, without the line end that they may begin with; punctuation does not. */
static void tokens(void **state)
{
	(void)state;
	struct parse_tree tree = parse_string("define x = f(a, b)\n  # why\n  and c\n  or # nothing\n");
	assert_int_equal(tree.errors.count, 0);
	const struct syntax * or = syntax_with_role(tree.declarations.items[0], ROLE_value);
	const struct syntax *and = or +1;
	assert_int_equal(or->kind, SYNTAX_binary);
	const struct syntax *missing = and+and->size;
	assert_int_equal(missing->kind, SYNTAX_missing);
	assert_source(&tree, missing, "or");
	assert_int_equal(missing->line, 4);
	assert_int_equal(missing->column, 3);
	const struct syntax *call = and+1, *word = call + call->size;
	assert_int_equal(word->kind, SYNTAX_token);
	assert_source(&tree, word, "and");
	assert_int_equal(word->line, 3);
	uint32_t children = 0;
	for (each_child (child, call))
		children++;
	assert_int_equal(children, 3);
}

static void comments_stand_apart(void **state)
{
	(void)state;
	struct parse_tree tree =
		parse_string("# one\ndefine x = [ # two\n  1, # three\n  2]\n  # four\n  # five\n  and y # six");
	assert_int_equal(tree.errors.count, 0);
	assert_int_equal(tree.comments.count, 6);
	static const char *const WANTED[] = {"# one", "# two", "# three", "# four", "# five", "# six"};
	for (uint32_t i = 0; i < 6; i++)
		assert_source(&tree, &tree.comments.items[i], WANTED[i]);
	assert_int_equal(tree.comments.items[4].line, 6);
	assert_int_equal(tree.comments.items[4].column, 3);
	const struct syntax *define = tree.declarations.items[0];
	for (const struct syntax *node = define; node < define + define->size; node++)
		assert_int_not_equal(node->kind, SYNTAX_comment);
}

static void line_ends_and_marks(void **state)
{
	(void)state;
	struct parse_tree tree =
		parse_string("\xef\xbb\xbfrule r {\r\n\ton a.b\r\n\twhen x\r\n\t\tand y\r\n\tthen stop\r\n}\r\n");
	assert_int_equal(tree.errors.count, 0);
	assert_int_equal(tree.declarations.count, 1);
	const struct syntax *rule = tree.declarations.items[0];
	assert_int_equal(rule->start, 3);
	assert_int_equal(rule->column, 1);
	const struct syntax *when = syntax_child(syntax_with_role(rule, ROLE_body), SYNTAX_when);
	assert_int_equal(when->line, 3);
	assert_int_equal(when->column, 2);
	tree = parse_string("\xef\xbb\xbf}\n");
	assert_error(&tree, 0, PROBLEM_SYNTAX, 1, 1, "this `}` closes nothing");
}

static void missing_and_unterminated(void **state)
{
	(void)state;
	struct parse_tree tree = parse_string("rule r {\n  on a.b\n  when x >\n  then log \"abc\n}\ndefine good = 1\n");
	assert_int_equal(tree.errors.count, 0);
	assert_int_equal(tree.declarations.count, 2);
	uint32_t missing = 0, unterminated = 0;
	const struct syntax *rule = tree.declarations.items[0];
	for (const struct syntax *node = rule; node < rule + rule->size; node++) {
		missing += node->kind == SYNTAX_missing && node->line == 3;
		unterminated += node->kind == SYNTAX_unterminated && node->line == 4;
	}
	assert_int_equal(missing, 1);
	assert_int_equal(unterminated, 1);
}

static void what_is_no_source(void **state)
{
	(void)state;
	struct parse_tree tree = parse("define x = 1\ndefine \0y = 2", 26);
	assert_error(&tree, 0, PROBLEM_FILE, 2, 8, "a NUL byte stands here; the file was not read");
	assert_int_equal(tree.declarations.count, 0);
	tree = parse_string("define x = 1\n# ä \xc3( ü\n");
	assert_error(&tree, 0, PROBLEM_FILE, 2, 5, "the byte 0xc3 here is not UTF-8; the file was not read");
	tree = parse_string("define x = \"\xe2\x82");
	assert_error(&tree, 0, PROBLEM_FILE, 1, 13, "the byte 0xe2 here is not UTF-8; the file was not read");
	tree = parse_string("\xff\xfe"
			    "d");
	assert_error(&tree, 0, PROBLEM_FILE, 1, 1, "the byte 0xff here is not UTF-8; the file was not read");
	char *large = malloc(PARSE_MAX_BYTES + 1);
	memset(large, '#', PARSE_MAX_BYTES + 1);
	tree = parse(large, PARSE_MAX_BYTES + 1);
	assert_error(&tree, 0, PROBLEM_FILE, 1, 1, "the file has more than 16 MiB and was not read");
	assert_int_equal(parse(large, PARSE_MAX_BYTES).errors.count, 0);
	free(large);
}

static struct text repeated(const char *before, const char *middle, uint32_t times, const char *after)
{
	struct text_builder builder = {.arena = &arena};
	builder_add_string(&builder, before);
	for (uint32_t i = 0; i < times; i++)
		builder_add_string(&builder, middle);
	builder_add_string(&builder, after);
	return builder_text(&builder);
}

static uint32_t deepest(const struct syntax *node)
{
	const struct syntax *ends[PARSE_MAX_DEPTH + 1];
	uint32_t depth = 0, most = 0;
	for (const struct syntax *at = node; at < node + node->size; at++) {
		while (depth && ends[depth - 1] == at)
			depth--;
		assert_true(depth < PARSE_MAX_DEPTH);
		ends[depth++] = at + at->size;
		most = depth > most ? depth : most;
	}
	return most;
}

static void depth_is_bounded(void **state)
{
	(void)state;
	static const struct {
		const char *before, *middle, *after;
	} CASES[] = {
		{"define x = ", "(", "\ndefine y = 1\n"},
		{"define x = ", "[", "\ndefine y = 1\n"},
		{"define x = ", "f(", "\ndefine y = 1\n"},
		{"define x = ", "-", "1\ndefine y = 1\n"},
		{"define x = ", "not ", "a\ndefine y = 1\n"},
		{"define x = ", "a + ", "a\ndefine y = 1\n"},
		{"define x = a", ".b", "\ndefine y = 1\n"},
		{"define x = ", "if a then b else ", "c\ndefine y = 1\n"},
		{"define x = \"", "{\"", "\ndefine y = 1\n"},
		{"define x = ", "{ a = ", "\ndefine y = 1\n"},
		{"setting s ", "list of ", "int\ndefine y = 1\n"},
		{"rule r { on a.b; then ", "if a { ", "\ndefine y = 1\n"},
		{"rule r { on a.b; then ", "if a { } else ", "{ } }\ndefine y = 1\n"},
		{"report r() { ", "section \"x\" { ", "\ndefine y = 1\n"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct text source = repeated(CASES[i].before, CASES[i].middle, 20000, CASES[i].after);
		struct parse_tree tree = parse(source.bytes, source.length);
		assert_int_equal(tree.errors.count, 1);
		assert_error(&tree, 0, PROBLEM_DEPTH, 1, tree.errors.items[0].column, "this is nested more than 200 deep");
		assert_int_equal(tree.declarations.count, 1);
		arena_reset(&arena);
	}
	struct text source = repeated("define x = ", "(", 190, "1");
	source = repeated((const char *)arena_string(&arena, source.bytes, source.length), ")", 190, "\n");
	struct parse_tree tree = parse(source.bytes, source.length);
	assert_int_equal(tree.errors.count, 0);
	assert_true(deepest(tree.declarations.items[0]) > 190);
}

static double seconds_since(struct timespec start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
}

/* Whatever is thrown at it ends soon. The bound is for a loaded machine with sanitizers, not a measurement. */
static void hostile_sources_end(void **state)
{
	(void)state;
	static const struct {
		const char *before, *middle, *after;
		uint32_t times, errors;
	} CASES[] = {
		{"define x = ", "(", "\n", 100000, 1},
		{"define x = [", "a, ", "1)\ndefine y = 1\n", 50000, 1},
		{"", "a", "\ndefine y = 1\n", 300000, 1},
		{"", "a\n", "", 20000, 501},
		{"define x = \"\"\"", "\nab \"c\" {d}", "\n", 10000, 1},
		{"", "rule r { on a.b\n", "", 3000, 501},
		{"", "}", "", 20000, 1},
		{"", "\"", "", 20001, 1},
		{"", "rule r {}\n)", "", 3000, 501},
		{"define x = a", "\n\n# c\n", "and y\n", 20000, 0},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct timespec start;
		clock_gettime(CLOCK_MONOTONIC, &start);
		struct text source = repeated(CASES[i].before, CASES[i].middle, CASES[i].times, CASES[i].after);
		struct parse_tree tree = parse(source.bytes, source.length);
		if (tree.errors.count != CASES[i].errors)
			fail_msg("case %zu gives %u messages", i, tree.errors.count);
		for (uint32_t e = 0; e < tree.errors.count; e++)
			assert_true(tree.errors.items[e].sentence.length < 400);
		assert_true(seconds_since(start) < 20);
		arena_reset(&arena);
	}
}

static void nearest_names(void **state)
{
	(void)state;
	static const struct text NAMES[] = {{"priority", 8}, {"status", 6}, {"when", 4}, {"x", 1}, {"Ticket", 6}};
	assert_int_equal(nearest_name(TEXT("prioirty"), NAMES, 5), 0);
	assert_int_equal(nearest_name(TEXT("stauts"), NAMES, 5), 1);
	assert_int_equal(nearest_name(TEXT("wehn"), NAMES, 5), 2);
	assert_int_equal(nearest_name(TEXT("ticket"), NAMES, 5), 4);
	assert_int_equal(nearest_name(TEXT("prio"), NAMES, 5), 0);
	assert_int_equal(nearest_name(TEXT("pr"), NAMES, 5), -1);
	assert_int_equal(nearest_name(TEXT("customer"), NAMES, 5), -1);
	assert_int_equal(nearest_name(TEXT("y"), NAMES, 5), -1);
	assert_int_equal(nearest_name(TEXT(""), NAMES, 5), -1);
	assert_int_equal(name_distance(TEXT("abc"), TEXT("acb"), 9), 1);
	assert_int_equal(name_distance(TEXT("kitten"), TEXT("sitting"), 9), 3);
	assert_int_equal(name_distance(TEXT("same"), TEXT("same"), 9), 0);
	assert_int_equal(name_distance(TEXT("short"), TEXT("much longer name"), 4), 4);
}

static int arena_empty(void **state)
{
	(void)state;
	arena_reset(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(empty_sources, arena_empty),
		cmocka_unit_test_teardown(places_and_sizes, arena_empty),
		cmocka_unit_test_teardown(roles, arena_empty),
		cmocka_unit_test_teardown(tokens, arena_empty),
		cmocka_unit_test_teardown(comments_stand_apart, arena_empty),
		cmocka_unit_test_teardown(line_ends_and_marks, arena_empty),
		cmocka_unit_test_teardown(missing_and_unterminated, arena_empty),
		cmocka_unit_test_teardown(what_is_no_source, arena_empty),
		cmocka_unit_test_teardown(depth_is_bounded, arena_empty),
		cmocka_unit_test_teardown(hostile_sources_end, arena_empty),
		cmocka_unit_test_teardown(nearest_names, arena_empty),
	};
	arena_init(&arena, "test", 0);
	int failed = cmocka_run_group_tests_name("compiler.parse", tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
