/* Conditions as trees: marks, chains laid flat, values beside what they decided, nothing of a value that could command a
 * terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/explain.h"

/* a.size > 3 and (a.open or a.name == "x") and not a.done; nodes in post-order. */
enum { SIZE, THREE, GREATER, OPEN, NAME, X, EQUAL, OR, INNER, DONE, NOT, ROOT, NODES };

static struct type truth = {.kind = TYPE_BOOL}, number = {.kind = TYPE_INT}, words = {.kind = TYPE_TEXT};
static uint32_t children[] = {SIZE, THREE, NAME, X, OPEN, EQUAL, GREATER, OR, DONE, INNER, NOT};
static struct node nodes[NODES] = {
	[SIZE] = {.kind = NODE_PATH, .source = TEXT("a.size"), .type = &number, .slot = 1},
	[THREE] = {.kind = NODE_VALUE, .source = TEXT("3"), .type = &number, .slot = 2},
	[GREATER] = {.kind = NODE_COMPARISON,
		     .source = TEXT("a.size > 3"),
		     .type = &truth,
		     .slot = 3,
		     .first_child = 0,
		     .child_count = 2},
	[OPEN] = {.kind = NODE_PATH, .source = TEXT("a.open"), .type = &truth, .slot = 4},
	[NAME] = {.kind = NODE_PATH, .source = TEXT("a.name"), .type = &words, .slot = 5},
	[X] = {.kind = NODE_VALUE, .source = TEXT("\"x\""), .type = &words, .slot = 6},
	[EQUAL] = {.kind = NODE_COMPARISON,
		   .source = TEXT("a.name == \"x\""),
		   .type = &truth,
		   .slot = 7,
		   .first_child = 2,
		   .child_count = 2},
	[OR] = {.kind = NODE_OR,
		.source = TEXT("a.open or a.name == \"x\""),
		.type = &truth,
		.slot = 8,
		.first_child = 4,
		.child_count = 2},
	[INNER] = {.kind = NODE_AND, .source = TEXT("…"), .type = &truth, .slot = 9, .first_child = 6, .child_count = 2},
	[DONE] = {.kind = NODE_PATH, .source = TEXT("a.done"), .type = &truth, .slot = 10},
	[NOT] = {.kind = NODE_NOT,
		 .source = TEXT("not a.done"),
		 .type = &truth,
		 .slot = 11,
		 .first_child = 8,
		 .child_count = 1},
	[ROOT] = {.kind = NODE_AND, .source = TEXT("…"), .type = &truth, .slot = 12, .first_child = 9, .child_count = 2},
};
static const struct code code = {.slot_count = 13, .nodes = nodes, .node_count = NODES, .children = children, .root = ROOT};

struct desk {
	struct arena arena;
	struct program program;
	struct drawing drawing;
	char *text;
	size_t length;
};

static void desk_open(struct desk *desk)
{
	*desk = (struct desk){0};
	arena_init(&desk->arena, "test", 0);
	desk->drawing = (struct drawing){.arena = &desk->arena, .program = &desk->program};
	desk->drawing.stream = open_memstream(&desk->text, &desk->length);
}

static void desk_close(struct desk *desk)
{
	free(desk->text);
	arena_release(&desk->arena);
}

static void drawn(struct desk *desk, const struct value *frame, const char *wanted)
{
	condition_draw(&desk->drawing, &code, observed_from_frame(&desk->drawing, &code, frame), 2);
	fclose(desk->drawing.stream);
	assert_string_equal(desk->text, wanted);
}

static void test_a_chain_is_flat(void **state)
{
	struct desk desk;
	struct value frame[] = {
		{0},
		value_int(5),
		value_int(3),
		value_bool(true),
		value_bool(false),
		value_text(TEXT("y")),
		value_text(TEXT("x")),
		value_bool(false),
		value_bool(false),
		value_bool(false),
		not_reached(),
		not_reached(),
		value_bool(false),
	};

	(void)state;
	desk_open(&desk);
	drawn(&desk, frame,
	      "  ✗ all of\n"
	      "    ✓ a.size > 3   a.size = 5\n"
	      "    ✗ any of\n"
	      "      ✗ a.open\n"
	      "      ✗ a.name == \"x\"   a.name = \"y\"\n"
	      "    · not a.done\n");
	desk_close(&desk);
}

static void test_unknown_names_what_is_not_set(void **state)
{
	struct desk desk;
	struct value frame[] = {
		{0},
		value_missing(),
		value_int(3),
		value_missing(),
		value_bool(true),
		not_reached(),
		not_reached(),
		not_reached(),
		value_bool(true),
		value_missing(),
		value_bool(false),
		value_bool(true),
		value_missing(),
	};

	(void)state;
	desk_open(&desk);
	drawn(&desk, frame,
	      "  ? all of\n"
	      "    ? a.size > 3   a.size is not set\n"
	      "    ✓ any of\n"
	      "      ✓ a.open\n"
	      "      · a.name == \"x\"\n"
	      "    ✓ not a.done   a.done = false\n");
	desk_close(&desk);
}

static void test_values_can_not_command_the_terminal(void **state)
{
	struct desk desk;
	struct value frame[] = {
		{0},
		value_int(5),
		value_int(3),
		value_bool(true),
		value_bool(false),
		value_text(TEXT("\x1b[2J\a")),
		value_text(TEXT("x")),
		value_bool(false),
		value_bool(false),
		value_bool(false),
		not_reached(),
		not_reached(),
		value_bool(false),
	};

	(void)state;
	desk_open(&desk);
	condition_draw(&desk.drawing, &code, observed_from_frame(&desk.drawing, &code, frame), 0);
	fclose(desk.drawing.stream);
	assert_null(strchr(desk.text, '\x1b'));
	assert_null(strchr(desk.text, '\a'));
	desk_close(&desk);
}

/* A path that a fused step read itself has no slot of its own. */
static void test_fused(void **state)
{
	struct desk desk;
	static const struct step steps[] = {{.operation = STEP_FIELD_EQUAL_CONSTANT, .d = 1, .a = 0, .b = 1}};
	static uint32_t both[] = {0, 1};
	static const struct node few[] = {
		{.kind = NODE_PATH, .source = TEXT("e.kind"), .type = &words, .slot = SLOT_NONE, .fused_step = 0},
		{.kind = NODE_VALUE, .source = TEXT("\"a\""), .type = &words, .slot = SLOT_NONE, .fused_step = 0},
		{.kind = NODE_COMPARISON,
		 .source = TEXT("e.kind == \"a\""),
		 .type = &truth,
		 .slot = 1,
		 .first_child = 0,
		 .child_count = 2},
	};
	static const struct code fused = {
		.steps = steps, .step_count = 1, .slot_count = 2, .nodes = few, .node_count = 3, .children = both, .root = 2};
	struct value items[] = {value_int(1), value_text(TEXT("b"))};
	struct value frame[] = {{.kind = VALUE_RECORD, .count = 2, .items = items}, value_bool(false)};

	(void)state;
	desk_open(&desk);
	condition_draw(&desk.drawing, &fused, observed_from_frame(&desk.drawing, &fused, frame), 0);
	fclose(desk.drawing.stream);
	assert_string_equal(desk.text, "✗ e.kind == \"a\"   e.kind = \"b\"\n");
	desk_close(&desk);
}

static void test_json(void **state)
{
	struct desk desk;
	struct value frame[] = {
		{0},           value_int(2),  value_int(3),      value_bool(false), not_reached(),
		not_reached(), not_reached(), not_reached(),     not_reached(),     value_bool(false),
		not_reached(), not_reached(), value_bool(false),
	};
	struct text_builder text;
	const struct json *json, *child;
	struct error error;

	(void)state;
	desk_open(&desk);
	text = (struct text_builder){.arena = &desk.arena};
	struct json_writer writer = {.text = &text};
	condition_write(&desk.drawing, &writer, &code, observed_from_frame(&desk.drawing, &code, frame));
	assert_int_equal(json_parse(&desk.arena, builder_text(&text), &json, &error), OK);
	assert_true(text_is(json_text(json_member(json, TEXT("state"))), "false"));
	child = json_first(json_member(json_first(json_member(json, TEXT("children"))), TEXT("children")));
	assert_true(text_is(json_text(json_member(child, TEXT("source"))), "a.size > 3"));
	child = json_next(child);
	assert_true(text_is(json_text(json_member(child, TEXT("state"))), "not_reached"));
	fclose(desk.drawing.stream);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_chain_is_flat),
		cmocka_unit_test(test_unknown_names_what_is_not_set),
		cmocka_unit_test(test_values_can_not_command_the_terminal),
		cmocka_unit_test(test_fused),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
