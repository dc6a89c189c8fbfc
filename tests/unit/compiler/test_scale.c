/* Packs that are large, or that go round in circles: bounded time, one message, no crash. Times are not measured here but in
 * bench/; a quadratic loop shows as a test that does not end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dsl/compiler/compiler.h"

static struct program *compiled(struct arena *arena, struct text_builder *source, struct diagnostics *diagnostics)
{
	struct source_input *input = arena_new(arena, struct source_input);
	*input = (struct source_input){.path = TEXT("big.flow"), .module = TEXT("m"), .text = builder_text(source)};
	*diagnostics = (struct diagnostics){.arena = arena};
	return compile(arena, input, 1, diagnostics);
}

static void each_rule_is_found_by_its_value(void **state)
{
	(void)state;
	struct arena arena;
	struct diagnostics diagnostics;
	arena_init(&arena, "test", 0);
	struct text_builder source = {.arena = &arena};
	builder_add_string(&source, "event alarm \"Alarm\" { check text required; kind enum(a, b) required; n int }\n");
	for (int i = 0; i < 2000; i++)
		builder_format(&source,
			       "rule r%d { on alarm as x; when x.kind == a and x.check == \"c%d\" and x.n > 3; then stop }\n",
			       i, i);
	builder_add_string(&source, "rule two { on alarm as x; when x.check in [\"c1\", \"c2\"]; then stop }\n"
				    "rule every { on alarm as x; when x.n > 3; then stop }\n");
	struct program *program = compiled(&arena, &source, &diagnostics);
	assert_int_equal(diagnostics.errors, 0);
	const struct event_kind *event = schema_event(&program->schema, TEXT("alarm"));
	const struct rule_index *index = &program->index[event->index];
	assert_int_equal(index->always_count, 1);
	assert_int_equal(index->field_count, 1);
	assert_int_equal(index->fields[0].field, 0);
	uint32_t rules = 0, longest = 0;
	for (uint32_t i = 0; i < index->fields[0].capacity; i++) {
		rules += index->fields[0].buckets[i].count;
		if (index->fields[0].buckets[i].count > longest)
			longest = index->fields[0].buckets[i].count;
	}
	assert_int_equal(rules, 2002);
	assert_int_equal(longest, 2);
	arena_release(&arena);
}

static void a_table_may_be_long(void **state)
{
	(void)state;
	struct arena arena;
	struct diagnostics diagnostics;
	arena_init(&arena, "test", 0);
	struct text_builder source = {.arena = &arena};
	builder_add_string(&source, "table t(s text, n int) -> x int {\n  | s | n || x: |\n");
	for (int i = 0; i < 5000; i++)
		builder_format(&source, "  | \"c%d\", \"d%d\" | > 3 || 7 |\n", i, i);
	builder_add_string(&source, "}\n");
	struct program *program = compiled(&arena, &source, &diagnostics);
	assert_int_equal(diagnostics.errors, 0);
	assert_int_equal(program->tables[0].row_count, 5000);
	const struct table_row *rows = program->tables[0].rows;
	assert_int_equal(rows[4999].cells[0].kind, CELL_ONE_OF);
	assert_ptr_equal(rows[0].cells[1].code, rows[4999].cells[1].code);
	assert_ptr_equal(rows[0].outputs[0], rows[4999].outputs[0]);
	arena_release(&arena);
}

static void a_chain_of_calls_has_an_end(void **state)
{
	(void)state;
	struct arena arena;
	struct diagnostics diagnostics;
	arena_init(&arena, "test", 0);
	struct text_builder source = {.arena = &arena};
	for (int i = 0; i < 5000; i++)
		builder_format(&source, "define f%d(n int) -> int = f%d(n) + 1\n", i, i + 1);
	builder_add_string(&source, "define f5000(n int) -> int = n\n");
	compiled(&arena, &source, &diagnostics);
	assert_true(diagnostics.errors > 0);
	assert_int_equal(diagnostics.items.items[0].code, DIAGNOSTIC_DEPTH);
	arena_release(&arena);
}

static void too_much_is_said(void **state)
{
	(void)state;
	struct arena arena;
	struct diagnostics diagnostics;
	arena_init(&arena, "test", 0);
	struct text_builder source = {.arena = &arena};
	builder_add_string(&source, "entity wide {\n");
	for (int i = 0; i < 2000; i++)
		builder_format(&source, "  f%d int\n", i);
	builder_add_string(&source, "}\nrule r { on wide.created as w; then set w { f1495 = 1 } }\n");
	compiled(&arena, &source, &diagnostics);
	assert_int_equal(diagnostics.errors, 1);
	assert_int_equal(diagnostics.items.items[0].code, DIAGNOSTIC_TOO_MANY);
	assert_int_equal(diagnostics.items.items[0].span.line, 1498);

	source = (struct text_builder){.arena = &arena};
	for (int i = 0; i < 65000; i++)
		builder_format(&source, "entity e%d { n int }\n", i);
	compiled(&arena, &source, &diagnostics);
	assert_true(diagnostics.errors > 0);
	for (uint32_t i = 0; i < diagnostics.items.count; i++)
		assert_int_equal(diagnostics.items.items[i].code, DIAGNOSTIC_TOO_MANY);
	arena_release(&arena);
}

static void circles_are_said_once(void **state)
{
	(void)state;
	struct arena arena;
	struct diagnostics diagnostics;
	arena_init(&arena, "test", 0);
	struct text_builder source = {.arena = &arena};
	builder_add_string(&source, "define a(n int) -> int = b(n)\ndefine b(n int) -> int = t(n) default 0\n"
				    "table t(n int) -> x int {\n  | n || x:   |\n  | * || a(n) |\n}\n");
	compiled(&arena, &source, &diagnostics);
	assert_int_equal(diagnostics.errors, 1);
	assert_int_equal(diagnostics.items.items[0].code, DIAGNOSTIC_CYCLE);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_found_by_its_value), cmocka_unit_test(a_table_may_be_long),
		cmocka_unit_test(a_chain_of_calls_has_an_end),     cmocka_unit_test(too_much_is_said),
		cmocka_unit_test(circles_are_said_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
