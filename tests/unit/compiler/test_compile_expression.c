/* compile_expression: an expression against a program that is already there, as the prompt uses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dsl/compiler/compiler.h"

static const char PACK[] = "entity queue \"Queue\" { name text required }\n"
			   "record queue noc { name = \"NOC\" }\n"
			   "entity job \"Job\" { queue ref queue; weight decimal; state enum(new, done) default new }\n"
			   "setting limit int \"Limit\" default 5\n"
			   "define double(n int) -> int = n * 2\n"
			   "table rank(q ref queue) -> points int {\n"
			   "  | q   || points: |\n"
			   "  | noc || 3       |\n"
			   "  | *   || 1       |\n"
			   "}\n";

struct fixture {
	struct arena arena;
	struct program *program;
	struct diagnostics diagnostics;
};

static int setup(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){0};
	arena_init(&fixture.arena, "test", 0);
	struct source_input input = {.path = TEXT("pack.flow"), .module = TEXT("m"), .text = text_from(PACK)};
	fixture.diagnostics.arena = &fixture.arena;
	fixture.program = compile(&fixture.arena, &input, 1, &fixture.diagnostics);
	assert_int_equal(fixture.diagnostics.errors, 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	arena_release(&((struct fixture *)*state)->arena);
	return 0;
}

static const struct code *try(struct fixture *fixture, const char *source, enum type_kind kind)
{
	const struct type *type = NULL;
	const struct code *code =
		compile_expression(&fixture->arena, fixture->program, text_from(source), &type, &fixture->diagnostics);
	assert_non_null(code);
	assert_int_equal(type->kind, kind);
	assert_int_equal(code->parameter_count, 0);
	return code;
}

static void types_are_known(void **state)
{
	struct fixture *fixture = *state;
	try(fixture, "1 + 2", TYPE_INT);
	try(fixture, "double(setting.limit)", TYPE_INT);
	try(fixture, "m.double(3)\n  + 1", TYPE_INT);
	try(fixture, "last_month", TYPE_RECORD);
	try(fixture, "rank(lookup(queue where queue.name == \"NOC\")).points", TYPE_INT);
	try(fixture, "rank(noc).points + 0.5", TYPE_DECIMAL);
}

static void its_query_joins_the_program(void **state)
{
	struct fixture *fixture = *state;
	uint32_t before = fixture->program->query_count;
	const struct code *code = try(fixture, "count(job where job.queue == noc and job.state == done)", TYPE_INT);
	assert_int_equal(fixture->program->query_count, before + 1);
	const struct query *query = &fixture->program->queries[before];
	assert_int_equal(query->term_count, 2);
	assert_true(query->terms_are_all);
	bool found = false;
	for (uint32_t i = 0; i < code->step_count; i++)
		found = found || (code->steps[i].operation == STEP_QUERY && code->steps[i].a == before);
	assert_true(found);
}

static void mistakes_have_places_in_the_source(void **state)
{
	struct fixture *fixture = *state;
	const struct type *type;
	struct diagnostics found = {.arena = &fixture->arena};
	assert_null(compile_expression(&fixture->arena, fixture->program, TEXT("1 + dubble(2)"), &type, &found));
	assert_int_equal(found.errors, 1);
	assert_int_equal(found.items.items[0].code, DIAGNOSTIC_UNKNOWN_FUNCTION);
	assert_int_equal(found.items.items[0].span.start, 4);
	assert_int_equal(found.items.items[0].span.column, 5);
	assert_int_equal(found.items.items[0].span.file, fixture->program->file_count);
	assert_true(text_is(found.items.items[0].hint, "did you mean `double`?"));
}

static void no_expression_is_no_crash(void **state)
{
	struct fixture *fixture = *state;
	static const char *const SOURCES[] = {
		"", ")", "1 +", "1 }\nrule x { on a }", "\"open", "entity x {}", "1\ndefine y = 2"};
	const struct type *type;
	for (size_t i = 0; i < sizeof(SOURCES) / sizeof(*SOURCES); i++) {
		struct diagnostics found = {.arena = &fixture->arena};
		assert_null(compile_expression(&fixture->arena, fixture->program, text_from(SOURCES[i]), &type, &found));
		assert_true(found.errors > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(types_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(its_query_joins_the_program, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_have_places_in_the_source, setup, teardown),
		cmocka_unit_test_setup_teardown(no_expression_is_no_crash, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
